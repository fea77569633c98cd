import { describe, expect, test } from 'vitest';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { boot, box, openDhcpSite, yealink } from './dhcp-site.ts';

const hour = 3_600_000;
const year = 365 * 24 * hour;
const onlyOne = (mac: string) => ({ type: 'discover' as const, mac });

describe.each([
  ['an hour forward', hour],
  ['ten years forward', 10 * year],
  ['nine hours back', -9 * hour],
  ['thirty years back', -30 * year],
])('when the clock is set %s', (_what, ms) => {
  test('leases neither end at once nor last longer than they were given for', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const macs = Array.from({ length: 10 }, (_, at) => `80:5e:c0:00:00:${10 + at}`);
    for (const mac of macs) await boot(site, mac);
    await site.clock.advance(hour / 2);
    site.clock.set(site.clock.now() + ms);
    expect(await site.say(onlyOne('80:5e:c0:00:00:99'))).toEqual([]);
    expect(new Set(site.leases().map(({ expiresAt }) => expiresAt - site.clock.now()))).toEqual(
      new Set([hour / 2]),
    );
    await site.clock.advance(hour / 2 + 1000);
    expect(await site.say(onlyOne('80:5e:c0:00:00:99'))).toMatchObject([{ type: 'offer' }]);
  });

  test('while the server is off, leases have the time that they had', async () => {
    const directory = temporaryDirectory();
    let end: number;
    {
      await using site = await openDhcpSite(directory);
      for (let at = 0; at < 10; at += 1) await boot(site, `80:5e:c0:00:00:${10 + at}`);
      await site.clock.advance(hour / 2);
      end = site.clock.now();
    }
    await using site = await openDhcpSite(directory, '', end + ms);
    expect(await site.say(onlyOne('80:5e:c0:00:00:99'))).toEqual([]);
    await site.clock.advance(hour / 2 + 61_000);
    expect(await site.say(onlyOne('80:5e:c0:00:00:99'))).toMatchObject([{ type: 'offer' }]);
    expect(site.journal()).toContainEqual(expect.objectContaining({ kind: 'clock_moved' }));
  });
});

test('a restart of seconds moves nothing', async () => {
  const directory = temporaryDirectory();
  let before: number | undefined;
  let end: number;
  {
    await using site = await openDhcpSite(directory);
    await boot(site);
    before = site.leases()[0]?.expiresAt;
    await site.clock.advance(10_000);
    end = site.clock.now();
  }
  await using site = await openDhcpSite(directory, '', end);
  expect(site.leases()[0]?.expiresAt).toBe(before);
});

test('an address declined again and again is left alone for longer each time, a day at most', async () => {
  await using site = await openDhcpSite(temporaryDirectory());
  const seconds: number[] = [];
  for (let at = 0; at < 7; at += 1) {
    const mac = `80:5e:c0:00:01:${10 + at}`;
    const requestedAddress = parseIpv4('10.66.0.105');
    await site.say({ type: 'discover', mac, options: { requestedAddress } });
    await site.say({ type: 'request', mac, options: { requestedAddress, serverIdentifier: box } });
    await site.say({ type: 'decline', mac, options: { requestedAddress, serverIdentifier: box } });
    seconds.push(
      (site.leases().find(({ state }) => state === 'declined')?.expiresAt ?? 0) - site.clock.now(),
    );
    await site.clock.advance(25 * hour);
  }
  expect(seconds.map((ms) => ms / hour)).toEqual([1, 2, 4, 8, 16, 24, 24]);
});

describe('where a client is', () => {
  const relayAgentInformation = Buffer.from('0106000468000102020473773031', 'hex');

  test('is kept with its lease as the relay tells it, and through renewals that come past the relay', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const [offer] = await site.say({
      type: 'discover',
      giaddr: '10.66.0.1',
      options: { relayAgentInformation },
    });
    const options = { requestedAddress: parseIpv4(offer?.yiaddr ?? ''), serverIdentifier: box };
    await site.say({ type: 'request', giaddr: '10.66.0.1', options: { ...options, relayAgentInformation } });
    const place = {
      mac: yealink,
      circuitId: { hex: '000468000102' },
      remoteId: { hex: '73773031', text: 'sw01' },
      giaddr: '10.66.0.1',
    };
    expect(site.leases()).toMatchObject([place]);
    await site.say({ type: 'request', ciaddr: offer?.yiaddr ?? '' });
    expect(site.leases()).toMatchObject([place]);
  });

  test('is not what a switch adds to a renewal on its way, nor what the client says', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    const asked = { requestedAddress: parseIpv4(ip), relayAgentInformation };
    await site.say({ type: 'request', giaddr: '10.66.0.1', options: asked });
    const [place] = site.leases();
    const other = Buffer.from('0106000414000105', 'hex');
    await site.say({ type: 'request', ciaddr: ip, options: { relayAgentInformation: other } });
    expect(site.leases()).toMatchObject([
      { circuitId: place?.circuitId, remoteId: place?.remoteId, giaddr: '10.66.0.1' },
    ]);
  });

  test('is what a snooping switch says last, where no relay did', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    const asked = { requestedAddress: parseIpv4(ip), relayAgentInformation };
    await site.say({ type: 'request', options: asked });
    const other = Buffer.from('0106000414000105', 'hex');
    await site.say({ type: 'request', ciaddr: ip, options: { relayAgentInformation: other } });
    expect(site.leases()).toMatchObject([{ circuitId: { hex: '000414000105' } }]);
    expect(site.leases()[0]).not.toHaveProperty('remoteId');
  });

  test('is forgotten when it boots where no relay speaks for it', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    await site.say({
      type: 'request',
      giaddr: '10.66.0.1',
      options: { requestedAddress: parseIpv4(ip), relayAgentInformation },
    });
    expect(site.leases()[0]?.circuitId).toBeDefined();
    await site.say({ type: 'request', options: { requestedAddress: parseIpv4(ip) } });
    expect(site.leases()[0]?.circuitId).toBeUndefined();
    expect(site.leases()[0]?.giaddr).toBeUndefined();
  });
});
