/** Phones that have their address from another server: what passes the relay, or asks for options alone, is known to all. */
import { expect, onTestFinished, test } from 'vitest';
import { startInform } from '../../appliance/dhcp/inform.ts';
import { startRelay } from '../../appliance/dhcp/relay.ts';
import { knownPhones } from '../../appliance/location/known-phones.ts';
import { openLeaseView } from '../../appliance/provisioning/lease-view.ts';
import { decodeMessage, encodeMessage, messageType } from '../../appliance/protocol/dhcp.ts';
import { encodeOptions, type DhcpOptions } from '../../appliance/protocol/dhcp-options.ts';
import { parseIpv4 } from '../../appliance/protocol/ipv4.ts';
import { readHeldAddresses } from '../../appliance/store/address-holders.ts';
import { readPhones } from '../../appliance/store/phones.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { openSite } from '../support/site.ts';
import { openBeside, type BesideSite } from './dhcp/dhcp-beside.ts';
import { clientBytes, yealink, type ClientMessage } from './dhcp/dhcp-site.ts';

const server = '10.9.0.1';
const ip = '10.66.0.77';

async function relaySite() {
  const directory = temporaryDirectory();
  const site = await openBeside(startRelay, {
    directory,
    dhcp: `mode = "relay"\n[dhcp.relay]\nservers = ["${server}"]`,
  });
  onTestFinished(() => site[Symbol.asyncDispose]());
  return { ...site, directory };
}

async function informSite() {
  const directory = temporaryDirectory();
  const site = await openBeside(startInform, { directory, dhcp: 'mode = "inform"' });
  onTestFinished(() => site[Symbol.asyncDispose]());
  return { ...site, directory };
}

/** The client asks, and the server answers. */
async function exchange(
  { hear }: BesideSite,
  asked: Partial<ClientMessage> = {},
  { type = 'ack', options = {} }: { type?: 'ack' | 'nak'; options?: DhcpOptions } = {},
) {
  const request = clientBytes({ type: 'request', options: { requestedAddress: parseIpv4(ip) }, ...asked });
  await hear(request);
  const answer = encodeMessage({
    ...decodeMessage(request),
    op: 'reply',
    yiaddr: type === 'ack' ? parseIpv4(ip) : 0,
    giaddr: parseIpv4('10.66.0.1'),
    options: encodeOptions({
      messageType: messageType[type],
      serverIdentifier: parseIpv4(server),
      leaseTime: 3600,
      ...options,
    }),
  });
  await hear(answer.bytes, server);
}

/** Who all readers say that the address is. */
function holders({ read, clock, directory }: BesideSite & { directory: string }) {
  using leases = openLeaseView(directory, clock);
  const phones = readPhones(directory, clock.now(), { posture: 'full' });
  return {
    phones: phones.map((phone) => [phone.mac, phone.ip, phone.stage]),
    location: read((reader) =>
      Object.fromEntries(knownPhones(new Map([['dhcp', reader]]), clock.now()).macByIp),
    ),
    provisioning: leases.byIp(ip),
    leasedAt: leases.ipOf(yealink),
  };
}

test('a lease that passes the relay is known to phone list, location and provisioning', async () => {
  const site = await relaySite();
  const hostName = 'desk-7';
  await exchange(site, { options: { requestedAddress: parseIpv4(ip), hostName } });
  expect(holders(site)).toEqual({
    phones: [[yealink, ip, 'leased']],
    location: { [ip]: yealink },
    provisioning: { mac: yealink, vendor: 'yealink', evidence: 'relayed' },
    leasedAt: ip,
  });
  expect(site.read(({ db }) => readHeldAddresses(db))).toMatchObject([
    { evidence: 'relayed', server, hostname: hostName, sent: { 66: 'http://10.66.0.1', 2: '-18000' } },
  ]);
});

test('what the server told by itself is told too, however odd', async () => {
  const site = await relaySite();
  await exchange(site, {}, { options: { tftpServerName: 'tftp.example' } });
  expect(site.read(({ db }) => readHeldAddresses(db))[0]?.sent['66']).toBe('tftp.example');
});

test.each([
  ['is given back', { type: 'release', ciaddr: ip }],
  ['is declined', { type: 'decline' }],
] as const)('an address that %s is nobody’s any more', async (_title, message) => {
  const site = await relaySite();
  await exchange(site);
  await site.hear(clientBytes({ options: { requestedAddress: parseIpv4(ip) }, ...message }));
  expect(holders(site)).toMatchObject({ location: {}, phones: [[yealink, ip, 'seen']] });
  expect(site.kinds()).toContain('relayed_end');
});

test('so is one that the server says no to, and one whose time is over', async () => {
  const refused = await relaySite();
  await exchange(refused);
  await exchange(refused, {}, { type: 'nak' });
  expect(holders(refused).location).toEqual({});
  const late = await relaySite();
  await exchange(late);
  await late.clock.advance(3_600_000);
  expect(holders(late).location).toEqual({});
});

test('a restart is news each time, renewals are not', async () => {
  const site = await relaySite();
  for (const asked of [{}, {}, { ciaddr: ip }, { ciaddr: ip }]) await exchange(site, asked);
  expect(site.kinds().filter((kind) => kind.startsWith('relayed'))).toEqual([
    'relayed',
    'relayed',
    'relayed_renewal',
  ]);
});

const inform = (mac: string, ciaddr = ip) => clientBytes({ type: 'inform', mac, ciaddr });

test('a phone that asks for options alone is known for a day, by its own word', async () => {
  const site = await informSite();
  await site.hear(inform(yealink), ip);
  expect(holders(site)).toEqual({
    phones: [[yealink, ip, 'leased']],
    location: { [ip]: yealink },
    provisioning: { mac: yealink, vendor: 'yealink', evidence: 'informed' },
    leasedAt: undefined,
  });
  await site.clock.advance(86_400_000);
  expect(holders(site)).toMatchObject({ location: {}, provisioning: undefined });
});

test('its own word moves nobody: what provisioning knows of a phone or of an address stays', async () => {
  const site = await informSite();
  using facts = openSite(site.directory, site.clock);
  const other = '64:16:7f:00:00:03';
  await facts.configuration(other, ip);
  await site.hear(inform(yealink), ip);
  await site.hear(inform(other, '10.66.0.78'), '10.66.0.78');
  using provisioning = openReader(site.directory, 'provisioning');
  const known = site.read((dhcp) =>
    knownPhones(
      new Map([dhcp, provisioning].flatMap((reader) => (reader ? [[reader.part, reader]] : []))),
      site.clock.now(),
    ),
  );
  expect(Object.fromEntries(known.ipByMac)).toEqual({ [other]: ip });
  expect(Object.fromEntries(known.macByIp)).toEqual({ [ip]: other });
});

test('nobody speaks for an address that is not the one it sends from', async () => {
  const site = await informSite();
  await site.hear(inform(yealink), '10.66.0.66');
  expect(holders(site)).toMatchObject({ phones: [], location: {}, provisioning: undefined });
  expect(site.part.counters()).toMatchObject({ acks: 1, foreign_addresses: 1 });
});
