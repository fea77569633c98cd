import { describe, expect, test } from 'vitest';
import { startDhcpServer } from '../../../appliance/dhcp/server.ts';
import type { DhcpOptions } from '../../../appliance/protocol/dhcp-options.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { openWorld } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { boot, box, common, forPhones, openDhcpSite, siteConfig, yealink } from './dhcp-site.ts';

describe('a phone without an address', () => {
  test('is offered one by broadcast, with all that it needs', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const answers = await site.say({ type: 'discover', xid: 0xfe_dc_ba_98 });
    expect(answers).toMatchObject([
      { to: '255.255.255.255:68', type: 'offer', xid: 0xfe_dc_ba_98, ciaddr: '0.0.0.0' },
    ]);
    expect(answers[0]?.options).toEqual({ ...common, ...forPhones, tftpServerName: 'http://10.66.0.1' });
    expect(answers[0]?.length).toBeGreaterThanOrEqual(300);
    expect(site.leases()).toEqual([]);
  });

  test('has its lease on disk when the ACK leaves, with what was sent', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    expect(site.leases()).toEqual([
      {
        mac: yealink,
        ip,
        vendor: 'yealink',
        startedAt: site.clock.now(),
        expiresAt: site.clock.now() + 3_600_000,
        ackedAt: site.clock.now(),
        state: 'bound',
        sent: {
          1: '255.255.255.0',
          2: '-18000',
          3: '10.66.0.1',
          6: '10.66.0.1',
          42: '10.66.0.1',
          51: '3600',
          58: '1800',
          59: '3150',
          66: 'http://10.66.0.1',
        },
      },
    ]);
    expect(site.journal()).toMatchObject([
      { kind: 'leased', mac: yealink, body: { ip, state: 'selecting', known: false, vendor: 'yealink' } },
    ]);
  });

  test('that chose another server gets no answer, and the address is free again', async () => {
    await using site = await openDhcpSite(temporaryDirectory(), '');
    const [offer] = await site.say({ type: 'discover' });
    const options = { requestedAddress: parseIpv4('10.66.0.77'), serverIdentifier: parseIpv4('10.66.0.9') };
    expect(await site.say({ type: 'request', options })).toEqual([]);
    expect(site.leases()).toEqual([]);
    expect(site.part.counters()).toMatchObject({ ignored_other_server: 1, addresses_free: 10 });
    expect(offer?.type).toBe('offer');
  });

  test('that asks us for an address of somebody else is told no', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    const options = { requestedAddress: parseIpv4(ip), serverIdentifier: box };
    const answers = await site.say({ type: 'request', mac: '80:5e:c0:00:00:02', options });
    expect(answers).toMatchObject([{ type: 'nak', to: '255.255.255.255:68', yiaddr: '0.0.0.0' }]);
    expect(site.leases()).toMatchObject([{ mac: yealink, ip }]);
  });
});

describe('a phone with a lease', () => {
  test('renews and is answered where it is', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    await site.clock.advance(1_800_000);
    const answers = await site.say({ type: 'request', ciaddr: ip });
    expect(answers).toMatchObject([{ type: 'ack', to: `${ip}:68`, ciaddr: ip, yiaddr: ip }]);
    expect(site.leases()).toMatchObject([
      { ip, startedAt: site.clock.now() - 1_800_000, expiresAt: site.clock.now() + 3_600_000 },
    ]);
    expect(site.journal().map(({ kind }) => kind)).toEqual(['leased', 'renewed']);
  });

  test('boots again and may keep its address (INIT-REBOOT)', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    const answers = await site.say({ type: 'request', options: { requestedAddress: parseIpv4(ip) } });
    expect(answers).toMatchObject([{ type: 'ack', to: '255.255.255.255:68', yiaddr: ip }]);
  });

  test('keeps it over a restart of the server, and nobody else gets it', async () => {
    const directory = temporaryDirectory();
    const given: string[] = [];
    {
      await using site = await openDhcpSite(directory);
      for (let at = 1; at <= 5; at += 1) given.push(await boot(site, `80:5e:c0:00:00:0${at}`));
    }
    await using site = await openDhcpSite(directory);
    for (let at = 1; at <= 5; at += 1) {
      const mac = `80:5e:c0:00:00:0${at}`;
      expect(await site.say({ type: 'request', mac, ciaddr: given[at - 1] ?? '' })).toMatchObject([
        { type: 'ack' },
      ]);
    }
    for (let at = 6; at <= 9; at += 1) given.push(await boot(site, `80:5e:c0:00:00:0${at}`));
    given.push(await boot(site, '80:5e:c0:00:00:10'));
    expect(new Set(given).size).toBe(10);
    expect(await site.say({ type: 'discover', mac: '80:5e:c0:00:00:11' })).toEqual([]);
    expect(site.part.health()).toEqual({ state: 'degraded', reason: 'every address of dhcp.pool is taken' });
  });

  test('releases it: no answer, the address is free, the phone gets it back first', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    expect(await site.say({ type: 'release', ciaddr: ip, options: { serverIdentifier: box } })).toEqual([]);
    expect(site.leases()).toMatchObject([{ ip, state: 'released', expiresAt: site.clock.now() }]);
    expect(await boot(site)).toBe(ip);
  });

  test('nobody can release the address of another', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    await site.say({ type: 'release', mac: '80:5e:c0:00:00:02', ciaddr: ip });
    expect(site.leases()).toMatchObject([{ ip, state: 'bound' }]);
  });

  test('declines it when somebody else uses it: an hour of probation, another address meanwhile', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    const options = { requestedAddress: parseIpv4(ip), serverIdentifier: box };
    expect(await site.say({ type: 'decline', options })).toEqual([]);
    expect(site.leases()).toMatchObject([{ ip, state: 'declined', expiresAt: site.clock.now() + 3_600_000 }]);
    expect(await boot(site)).not.toBe(ip);
    expect(site.journal().map(({ kind }) => kind)).toEqual(['leased', 'declined', 'leased']);
  });

  test('declines it by ciaddr and no option, as systemd-networkd does: that is understood', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    expect(await site.say({ type: 'decline', ciaddr: ip })).toEqual([]);
    expect(await site.say({ type: 'release', ciaddr: ip })).toEqual([]);
    expect(site.leases()).toMatchObject([{ ip, state: 'declined' }]);
    expect(await boot(site)).not.toBe(ip);
  });

  test('declines one address after the other: after three it is not believed any more', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    for (let at = 0; at < 6; at += 1) {
      const ip = await boot(site);
      await site.say({
        type: 'decline',
        options: { requestedAddress: parseIpv4(ip), serverIdentifier: box },
      });
    }
    expect(site.leases().filter(({ state }) => state === 'declined')).toHaveLength(3);
    expect(site.part.counters()).toMatchObject({ declined: 3, ignored_declined_too_often: 3 });
  });

  test('whatever many clients decline, three quarters of the addresses are still given, and each gets another one', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    for (let at = 0; at < 30; at += 1) {
      const mac = `80:5e:c0:00:01:${at.toString(16).padStart(2, '0')}`;
      const ip = await boot(site, mac);
      await site.say({
        type: 'decline',
        mac,
        options: { requestedAddress: parseIpv4(ip), serverIdentifier: box },
      });
      expect(await boot(site, mac)).not.toBe(ip);
      const next = site.leases().find((lease) => lease.mac === mac && lease.state === 'bound');
      await site.say({
        type: 'release',
        mac,
        ciaddr: next?.ip ?? '',
        options: { serverIdentifier: box },
      });
    }
    const running = site.leases().filter(({ expiresAt }) => expiresAt > site.clock.now());
    expect(running.filter(({ state }) => state === 'declined')).toHaveLength(3);
    expect(site.part.counters()).toMatchObject({ declined: 30, addresses_free: 7 });
    expect(site.part.health()).toMatchObject({
      state: 'degraded',
      reason: expect.stringContaining('set aside'),
    });
  });

  test('a client that never had the address can not decline it', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    const options = { requestedAddress: parseIpv4(ip), serverIdentifier: box };
    await site.say({ type: 'decline', mac: '80:5e:c0:00:00:02', options });
    expect(site.leases()).toMatchObject([{ ip, state: 'bound' }]);
  });
});

describe('a client with a lease that we do not know', () => {
  const foreign = { requestedAddress: parseIpv4('192.168.1.50') };
  const free = { requestedAddress: parseIpv4('10.66.0.105') };

  test('hears nothing where another server may have given it', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    expect(await site.say({ type: 'request', options: foreign })).toEqual([]);
    expect(await site.say({ type: 'request', options: free })).toEqual([]);
    expect(await site.say({ type: 'request', ciaddr: '10.66.0.105' })).toEqual([]);
    expect(site.part.counters()).toMatchObject({ ignored_unknown_lease: 3 });
  });

  test('is told no for a foreign network, and gets a free address of ours, where we are the only server', async () => {
    await using site = await openDhcpSite(temporaryDirectory(), 'authoritative = true');
    expect(await site.say({ type: 'request', options: foreign })).toMatchObject([
      { type: 'nak', to: '255.255.255.255:68', options: { message: 'address is of another network' } },
    ]);
    expect(await site.say({ type: 'request', options: free })).toMatchObject([
      { type: 'ack', yiaddr: '10.66.0.105' },
    ]);
    expect(await site.say({ type: 'request', mac: '80:5e:c0:00:00:02', options: free })).toMatchObject([
      { type: 'nak' },
    ]);
  });
});

describe('a relay', () => {
  const relayAgentInformation = Buffer.from('0106000400010102', 'hex');
  const told = (options: DhcpOptions) => ({ options: { ...options, relayAgentInformation } });

  test('is answered on port 67 with its option 82, unchanged and last', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const answers = await site.say({
      type: 'discover',
      giaddr: '10.66.0.200',
      options: { relayAgentInformation },
    });
    expect(answers).toMatchObject([{ to: '10.66.0.200:67', giaddr: '10.66.0.200', type: 'offer' }]);
    expect(answers[0]?.options.relayAgentInformation).toEqual(relayAgentInformation);
    expect(answers[0]?.codes.at(-1)).toBe(82);
  });

  test('that is a snooping switch, which puts option 82 in and no address, has it back in each answer to the client', async () => {
    await using site = await openDhcpSite(temporaryDirectory(), 'authoritative = true');
    const [offer] = await site.say({ type: 'discover', ...told({}) });
    const asked = { requestedAddress: parseIpv4(offer?.yiaddr ?? ''), serverIdentifier: box };
    const [ack] = await site.say({ type: 'request', ...told(asked) });
    const [nak] = await site.say({
      type: 'request',
      ...told({ requestedAddress: parseIpv4('192.168.1.50') }),
    });
    expect([offer, ack, nak]).toMatchObject(
      ['offer', 'ack', 'nak'].map((type) => ({
        type,
        to: '255.255.255.255:68',
        options: { relayAgentInformation },
      })),
    );
    for (const answer of [offer, ack, nak]) expect(answer?.codes.at(-1)).toBe(82);
    expect(site.leases()).toMatchObject([{ circuitId: { hex: '000400010102' } }]);
  });

  test('of a subnet that is not served gets no answer', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    expect(await site.say({ type: 'discover', giaddr: '10.77.0.1' })).toEqual([]);
    expect(site.part.counters()).toMatchObject({ ignored_other_subnet: 1 });
  });

  test('elsewhere that names our subnet is served (RFC 3527)', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const link = Buffer.from('05040a420000', 'hex');
    const answers = await site.say({
      type: 'discover',
      giaddr: '10.77.0.1',
      options: { relayAgentInformation: link },
    });
    expect(answers).toMatchObject([{ to: '10.77.0.1:67', type: 'offer' }]);
  });

  test('is asked to broadcast a NAK', async () => {
    await using site = await openDhcpSite(temporaryDirectory(), 'authoritative = true');
    const options = { requestedAddress: parseIpv4('192.168.1.50') };
    const answers = await site.say({ type: 'request', giaddr: '10.66.0.200', options });
    expect(answers).toMatchObject([{ to: '10.66.0.200:67', type: 'nak', flags: 0x80_00 }]);
  });
});

test('an INFORM gets options and no lease', async () => {
  await using site = await openDhcpSite(temporaryDirectory());
  const [ack, ...more] = await site.say({ type: 'inform', ciaddr: '10.66.0.50' });
  expect(more).toEqual([]);
  expect(ack).toMatchObject({ type: 'ack', to: '10.66.0.50:68', ciaddr: '10.66.0.50', yiaddr: '0.0.0.0' });
  const { leaseTime: _lease, renewalTime: _renewal, rebindingTime: _rebinding, ...rest } = common;
  expect(ack?.options).toEqual({ ...rest, ...forPhones, tftpServerName: 'http://10.66.0.1' });
  expect(site.leases()).toEqual([]);
});

test('two clients of one MAC with different identifiers get different addresses', async () => {
  await using site = await openDhcpSite(temporaryDirectory());
  const discover = (hex: string) =>
    site.say({ type: 'discover', options: { clientIdentifier: Buffer.from(hex, 'hex') } });
  const [one] = await discover('ff00000001');
  const [two] = await discover('ff00000002');
  expect(one?.yiaddr).not.toBe(two?.yiaddr);
});

test('a boot loader without identifier and the phone after it keep one address', async () => {
  await using site = await openDhcpSite(temporaryDirectory());
  const ip = await boot(site);
  const clientIdentifier = Buffer.from(`01${yealink.replaceAll(':', '')}`, 'hex');
  expect(await site.say({ type: 'discover', options: { clientIdentifier } })).toMatchObject([{ yiaddr: ip }]);
});

test('what is no DHCP request of a client is counted, told once, and changes nothing', async () => {
  await using site = await openDhcpSite(temporaryDirectory());
  for (let at = 0; at < 500; at += 1) expect(await site.raw(Buffer.alloc(at, at))).toEqual([]);
  expect(await site.say({ type: 'offer' })).toEqual([]);
  expect(await site.say({ type: 'discover', mac: 'ff:ff:ff:ff:ff:ff' })).toEqual([]);
  expect(await site.say({ type: 'discover', mac: '00:00:00:00:00:00' })).toEqual([]);
  const counters = site.part.counters();
  expect(counters['malformed']).toBe(500);
  expect(counters['ignored_not_ours']).toBe(3);
  expect(counters['errors']).toBeUndefined();
  expect(site.journal().filter(({ kind }) => kind === 'malformed')).toHaveLength(1);
  expect(await boot(site)).toMatch(/^10\.66\.0\.1\d\d$/);
});

test('without a socket from outside it says which command gives one', async () => {
  await expect(startDhcpServer(openWorld('silent'), siteConfig(temporaryDirectory(), ''))).rejects.toThrow(
    /DHCP needs a socket bound to card "eth0".*systemd\/with-sockets dhcp=eth0:udp:67.*BindToDevice=eth0/,
  );
});
