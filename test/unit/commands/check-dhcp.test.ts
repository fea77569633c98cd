import { describe, expect, it } from 'vitest';
import { dhcpVerdicts } from '../../../appliance/commands/check-dhcp.ts';
import { formatDhcpNetwork } from '../../../appliance/commands/status-dhcp.ts';
import type { DhcpNetwork } from '../../../appliance/store/dhcp-network.ts';

const server = { address: '10.0.0.9', url: 'http://old-pbx/' };
const dhcp = (mode: 'server' | 'inform' | 'off', known: string[] = []) => ({
  card: 'eth0',
  mode,
  known,
});

describe('servers that answered', () => {
  it('our own answer is not another server', () => {
    expect(dhcpVerdicts(dhcp('server'), '10.0.0.9', [server])).toMatchObject([{ state: 'ok' }]);
  });
  it('another server beside ours is a problem, with where it sends phones', () => {
    expect(dhcpVerdicts(dhcp('server', ['10.0.0.9']), '10.0.0.1', [server])).toMatchObject([
      {
        state: 'problem',
        text: expect.stringMatching(/10\.0\.0\.9, answers on eth0, and sends phones to http:\/\/old-pbx\//),
      },
    ]);
  });
  it.each([
    ['a box that gives out no addresses needs one', dhcp('off'), 'ok'],
    ['beside one that the settings name all is well', dhcp('inform', ['10.0.0.9']), 'ok'],
    ['beside one that they do not name somebody should look', dhcp('inform'), 'warning'],
  ])('%s', (_title, settings, state) => {
    expect(dhcpVerdicts(settings, '10.0.0.1', [server])).toMatchObject([{ state }]);
  });
});

describe('status', () => {
  const at = Date.UTC(2026, 0, 15, 12);
  const seen: DhcpNetwork = {
    watches: [
      { card: 'eth0', isOn: true, probedAt: at - 180_000 },
      { card: 'eth1', isOn: false },
    ],
    servers: [
      { ...server, card: 'eth0', firstSeenAt: at, lastSeenAt: at, isPresent: true, isKnown: false },
      {
        card: 'eth0',
        address: '10.0.0.8',
        firstSeenAt: 0,
        lastSeenAt: at - 7_200_000,
        isPresent: false,
        isKnown: true,
      },
    ],
    informed: [{ vendor: 'poly', phones: 12, lastAt: at }],
  };

  it('tells who answers, who is gone, and whose phones ask for options alone', () => {
    const [servers, unwatched, informed] = formatDhcpNetwork(seen, 'inform', at);
    expect(servers).toBe(
      'Other DHCP servers on eth0: 10.0.0.9 (unknown, answers, sends phones to http://old-pbx/); 10.0.0.8 (known, gone, last seen 2 h ago) (last asked 3 min ago)',
    );
    expect(unwatched).toMatch(
      /^Other DHCP servers on eth1: not looked for: hand over "dhcp-client=eth1:udp:68" too/,
    );
    expect(informed).toMatch(/^Phones that asked for options alone: Poly yes, 12; Yealink never seen/);
  });

  it('says that nobody has looked yet', () => {
    const [line] = formatDhcpNetwork({ ...seen, watches: [] }, 'server', at);
    expect(line).toBe('Other DHCP servers: not looked for yet');
  });
});
