import { expect, onTestFinished, test } from 'vitest';
import { startInform } from '../../../appliance/dhcp/inform.ts';
import { startDhcpServer } from '../../../appliance/dhcp/server.ts';
import { isProbe } from '../../../appliance/protocol/dhcp-probe.ts';
import { encodeMessage } from '../../../appliance/protocol/dhcp.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { readCardWatches } from '../../../appliance/store/other-servers.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openBeside } from './dhcp-beside.ts';
import { box, clientBytes, turns, yealink } from './dhcp-site.ts';

const serverMode = `mode = "server"
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.109"]
conflict_check = false
`;

async function server(more: { dhcp?: string; directory?: string; hasClientSocket?: boolean } = {}) {
  const site = await openBeside(startDhcpServer, {
    directory: temporaryDirectory(),
    ...more,
    dhcp: serverMode + (more.dhcp ?? ''),
  });
  onTestFinished(() => site[Symbol.asyncDispose]());
  await turns();
  return site;
}

const discover = clientBytes({ type: 'discover', mac: yealink });

test('without another server, addresses are offered two seconds after the start', async () => {
  const site = await server();
  expect(await site.hear(discover)).toEqual([]);
  await site.clock.advance(2000);
  expect(await site.hear(discover)).toMatchObject([{ type: 'offer' }]);
  expect(site.part.health()).toEqual({ state: 'ok' });
});

test('while another server answers nobody is offered an address, until it is gone', async () => {
  const site = await server();
  await site.otherServerSays('10.66.0.9', { provisioningUrl: 'http://evil.example/' });
  await site.clock.advance(60_000);
  await site.otherServerSays('10.66.0.9');
  expect(await site.hear(discover)).toEqual([]);
  expect(site.part.health()).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('10.66.0.9'),
  });
  expect(site.otherServers()).toMatchObject([
    { address: '10.66.0.9', isPresent: true, url: 'http://evil.example/' },
  ]);
  expect(site.kinds()).toContain('rogue_server');

  await site.clock.advance(200_000);
  await turns();
  expect(site.otherServers()).toMatchObject([{ isPresent: false }]);
  expect(site.kinds()).toContain('server_gone');
  expect(await site.hear(discover)).toMatchObject([{ type: 'offer' }]);
});

const far = Date.UTC(2099, 0, 1);

test('another server that was heard while the clock stood in 2099 is gone once it is silent', async () => {
  const site = await server();
  const right = site.clock.now();
  site.clock.set(far);
  await site.otherServerSays('10.66.0.9');
  expect(site.otherServers()).toMatchObject([{ isPresent: true }]);
  site.clock.set(right);
  await site.clock.advance(200_000);
  await turns();
  expect(site.otherServers()).toMatchObject([{ isPresent: false }]);
  expect(await site.hear(discover)).toMatchObject([{ type: 'offer' }]);
});

test('nor does a server started then offer nothing until then', async () => {
  const directory = temporaryDirectory();
  const first = await server({ directory });
  first.clock.set(far);
  await first.otherServerSays('10.66.0.9');
  await first[Symbol.asyncDispose]();
  const second = await server({ directory });
  await second.clock.advance(200_000);
  await turns();
  expect(second.otherServers()).toMatchObject([{ isPresent: false }]);
  expect(await second.hear(discover)).toMatchObject([{ type: 'offer' }]);
});

test('the two seconds of the start are two seconds, whatever is done to the clock', async () => {
  const site = await server();
  site.clock.set(site.clock.now() - 7 * 86_400_000);
  await site.clock.advance(2000);
  expect(await site.hear(discover)).toMatchObject([{ type: 'offer' }]);
});

test('a lease of ours is renewed at once after a restart, whoever else answers', async () => {
  const directory = temporaryDirectory();
  const first = await server({ directory });
  await first.clock.advance(3000);
  const [offer] = await first.hear(discover);
  const given = offer?.yiaddr ?? '';
  const options = { requestedAddress: parseIpv4(given), serverIdentifier: box };
  expect(await first.hear(clientBytes({ type: 'request', mac: yealink, options }))).toMatchObject([
    { type: 'ack' },
  ]);
  await first[Symbol.asyncDispose]();

  const second = await server({ directory });
  await second.otherServerSays('10.66.0.9');
  const renewal = clientBytes({ type: 'request', mac: yealink, ciaddr: given });
  expect(await second.hear(renewal)).toMatchObject([{ type: 'ack', yiaddr: given }]);
  expect(await second.hear(discover)).toEqual([]);
});

test('a server that appears while ours runs raises an alarm and stops nothing', async () => {
  const site = await server();
  await site.clock.advance(10_000);
  await site.otherServerSays('10.66.0.9');
  expect(site.part.health()).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('10.66.0.9'),
  });
  expect(await site.hear(discover)).toMatchObject([{ type: 'offer' }]);
});

test('"authoritative" offers from the start, beside whomever', async () => {
  const site = await server({ dhcp: 'authoritative = true' });
  await site.otherServerSays('10.66.0.9');
  expect(await site.hear(discover)).toMatchObject([{ type: 'offer' }]);
});

test('without the socket on port 68 the server starts, and says that nobody watches', async () => {
  const site = await server({ hasClientSocket: false });
  expect(await site.hear(discover)).toMatchObject([{ type: 'offer' }]);
  expect(site.read(({ db }) => readCardWatches(db))).toEqual([{ card: 'lo', isOn: false }]);
});

test('a server that the settings name is no alarm', async () => {
  const site = await openBeside(startInform, {
    directory: temporaryDirectory(),
    dhcp: 'mode = "inform"\nknown_servers = ["10.66.0.9"]',
  });
  onTestFinished(() => site[Symbol.asyncDispose]());
  await site.otherServerSays('10.66.0.9');
  expect(site.part.health()).toEqual({ state: 'ok' });
  expect(site.kinds()).not.toContain('rogue_server');
  await site.otherServerSays('10.66.0.8');
  expect(site.part.health().reason).toContain('10.66.0.8');
  expect(site.part.health().reason).not.toContain('10.66.0.9');
});

test('a server that names itself by our address is told by the address that it sent from', async () => {
  const site = await server();
  await site.otherServerSays('10.66.0.9', { serverIdentifier: box });
  expect(site.otherServers()).toMatchObject([{ address: '10.66.0.9' }]);
});

test('a probe is asked twice every ten minutes, always as the same client, and our server does not answer it', async () => {
  const site = await server();
  await site.clock.advance(606_000);
  await turns();
  const probes = site.probes();
  expect(probes).toHaveLength(3);
  expect(probes.every(isProbe)).toBe(true);
  const clients = probes.map(({ chaddr, options }) => [chaddr, options.get(61)]);
  expect(clients[2]).toEqual(clients[0]);
  for (const probe of probes) expect(await site.hear(encodeMessage(probe).bytes)).toEqual([]);
});

test('with probe_seconds = 0 nothing is asked, and a server is gone after an hour of silence', async () => {
  const site = await server({ dhcp: 'probe_seconds = 0' });
  await site.otherServerSays('10.66.0.9');
  await site.clock.advance(3_000_000);
  expect(site.otherServers()).toMatchObject([{ isPresent: true }]);
  await site.clock.advance(1_300_000);
  await turns();
  expect(site.otherServers()).toMatchObject([{ isPresent: false }]);
  expect(site.probes()).toEqual([]);
});

test('a flood of invented servers fills neither memory nor disk', async () => {
  const site = await server();
  for (let at = 0; at < 300; at += 1) {
    await site.otherServerSays(`10.77.${at >> 8}.${at & 255}`);
    await site.clock.advance(20);
  }
  expect(site.otherServers().length).toBeLessThanOrEqual(32);
});
