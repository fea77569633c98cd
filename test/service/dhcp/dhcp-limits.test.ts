import { describe, expect, test } from 'vitest';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { boot, box, openDhcpSite, yealink, type DhcpSite } from './dhcp-site.ts';

const limits = (lines: string) => `[dhcp.limits]\n${lines}\n`;
const macOf = (at: number) => `80:5e:c0:01:00:${at.toString(16).padStart(2, '0')}`;

/** DISCOVER and REQUEST through a relay that names a circuit; undefined when nothing was offered. */
async function bootOn(site: DhcpSite, circuit: string, mac: string): Promise<string | undefined> {
  const relayAgentInformation = Buffer.from(
    `01${(circuit.length / 2).toString(16).padStart(2, '0')}${circuit}`,
    'hex',
  );
  const giaddr = '10.66.0.1';
  const [offer] = await site.say({ type: 'discover', mac, giaddr, options: { relayAgentInformation } });
  if (offer === undefined) return undefined;
  const asked = { requestedAddress: parseIpv4(offer.yiaddr), serverIdentifier: box, relayAgentInformation };
  const [ack] = await site.say({ type: 'request', mac, giaddr, options: asked });
  return ack?.type === 'ack' ? ack.yiaddr : undefined;
}

test('a client that asks without end is heard again after a while, and others are heard all the time', async () => {
  await using site = await openDhcpSite(temporaryDirectory(), limits('messages_per_mac_per_minute = 6'));
  const answers = [];
  for (let at = 0; at < 20; at += 1) answers.push(...(await site.say({ type: 'discover' })));
  expect(answers).toHaveLength(6);
  expect(await site.say({ type: 'discover', mac: macOf(1) })).toMatchObject([{ type: 'offer' }]);
  expect(site.part.counters()).toMatchObject({ ignored_mac_too_often: 14 });
  expect(site.journal()).toContainEqual(
    expect.objectContaining({ kind: 'refused', mac: yealink, body: { reason: 'asks too often' } }),
  );
  await site.clock.advance(10_000);
  expect(await site.say({ type: 'discover' })).toMatchObject([{ type: 'offer' }]);
});

test('a circuit that asks without end is heard as often as the settings say, whatever MACs it shows', async () => {
  await using site = await openDhcpSite(temporaryDirectory(), limits('messages_per_circuit_per_minute = 4'));
  const given = [];
  for (let at = 0; at < 6; at += 1) given.push(await bootOn(site, 'aa01', macOf(at)));
  expect(given.filter((ip) => ip !== undefined)).toHaveLength(2);
  expect(await bootOn(site, 'aa02', macOf(9))).toBeDefined();
  expect(await boot(site)).toBeDefined();
});

describe('with a limit of leases for each circuit', () => {
  const two = limits('leases_per_circuit = 2');

  test('a third client gets nothing there, but on another circuit or when one has left', async () => {
    await using site = await openDhcpSite(temporaryDirectory(), two);
    await bootOn(site, 'aa01', macOf(1));
    const second = await bootOn(site, 'aa01', macOf(2));
    expect(await bootOn(site, 'aa01', macOf(3))).toBeUndefined();
    expect(await bootOn(site, 'aa02', macOf(4))).toBeDefined();
    expect(site.part.counters()).toMatchObject({ ignored_circuit_full: 1 });
    await site.say({ type: 'release', mac: macOf(2), ciaddr: second ?? '' });
    expect(await bootOn(site, 'aa01', macOf(3))).toBeDefined();
  });

  test('those that have a lease keep it, and asking anew makes no room for more', async () => {
    await using site = await openDhcpSite(temporaryDirectory(), two);
    const first = await bootOn(site, 'aa01', macOf(1));
    const second = await bootOn(site, 'aa01', macOf(2));
    expect(await bootOn(site, 'aa01', macOf(1))).toBe(first);
    const relayAgentInformation = Buffer.from('0102aa01', 'hex');
    for (const mac of [macOf(1), macOf(2)])
      await site.say({ type: 'discover', mac, giaddr: '10.66.0.1', options: { relayAgentInformation } });
    expect(await bootOn(site, 'aa01', macOf(3))).toBeUndefined();
    expect(await bootOn(site, 'aa01', macOf(2))).toBe(second);
  });

  test('a lease that ended counts no more, and those of before a restart do', async () => {
    const directory = temporaryDirectory();
    let end: number;
    {
      await using site = await openDhcpSite(directory, two);
      await bootOn(site, 'aa01', macOf(1));
      await bootOn(site, 'aa01', macOf(2));
      end = site.clock.now();
    }
    await using site = await openDhcpSite(directory, two, end);
    expect(await bootOn(site, 'aa01', macOf(3))).toBeUndefined();
    await site.clock.advance(3_601_000);
    expect(await bootOn(site, 'aa01', macOf(3))).toBeDefined();
  });
});

describe('a flood of questions from invented MACs', () => {
  test('holds the last addresses for two seconds only', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    for (let at = 0; at < 10; at += 1) await site.say({ type: 'discover', mac: macOf(at) });
    expect(await site.say({ type: 'discover' })).toEqual([]);
    await site.clock.advance(2001);
    expect(await boot(site)).toMatch(/^10\.66\.0\./);
  });

  test('takes no address that somebody has', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const held: string[] = [];
    for (let at = 0; at < 10; at += 1) held.push(await boot(site, macOf(at)));
    for (let at = 0; at < 10; at += 1) await site.say({ type: 'discover', mac: macOf(at) });
    await site.clock.advance(2001);
    expect(await site.say({ type: 'discover' })).toEqual([]);
    expect(new Set(held).size).toBe(10);
  });

  test('leaves no more offers waiting than the settings say', async () => {
    await using site = await openDhcpSite(temporaryDirectory(), limits('pending_offers = 3'));
    for (let at = 0; at < 9; at += 1) await site.say({ type: 'discover', mac: macOf(at) });
    expect(site.part.counters()).toMatchObject({ addresses_free: 7 });
  });

  test('is slowed down after as many as a large site has phones', async () => {
    const settings = `[[dhcp.network]]\nsubnet = "10.68.0.0/16"\npools = [["10.68.0.10", "10.68.255.200"]]\nrouters = ["10.68.0.1"]\n`;
    await using site = await openDhcpSite(
      temporaryDirectory(),
      `${limits('new_clients_per_second = 5')}${settings}`,
    );
    const ask = (at: number) =>
      site.say({
        type: 'discover',
        mac: `80:5e:c0:${at
          .toString(16)
          .padStart(6, '0')
          .replaceAll(/(..)(..)(..)/g, '$1:$2:$3')}`,
        giaddr: '10.68.0.1',
      });
    for (let at = 0; at < 20_010; at += 1) await ask(at);
    expect(site.part.counters()).toMatchObject({ ignored_too_many_new: 10 });
    await site.clock.advance(1000);
    expect(await ask(30_000)).toMatchObject([{ type: 'offer' }]);
  });
});
