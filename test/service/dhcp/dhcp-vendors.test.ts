import { describe, expect, test } from 'vitest';
import { readAddressPage } from '../../../appliance/store/address-list.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { boot, common, forPhones, openDhcpSite, yealink } from './dhcp-site.ts';

describe('options by vendor', () => {
  test.each([
    [
      'Cisco',
      '00:56:2b:00:00:01',
      'Cisco Systems, Inc. IP Phone CP-8841-3PCC\0',
      { provisioningUrl: 'http://10.66.0.1/$PSN.xml' },
    ],
    ['Poly', '64:16:7f:00:00:01', undefined, { provisioningUrl: 'http://10.66.0.1' }],
    ['AudioCodes', '00:90:8f:00:00:01', undefined, { provisioningUrl: 'http://10.66.0.1' }],
    [
      'ALE',
      '02:00:00:00:00:05',
      'ictouch.0',
      {
        tftpServerName: 'http://10.66.0.1',
        vendorSpecific: Buffer.from('B\x10http://10.66.0.1'),
      },
    ],
    [
      'Poly (binary option 60)',
      '02:00:00:00:00:06',
      '\0\0\x36\x3d\x0b\x01\x04Poly',
      { provisioningUrl: 'http://10.66.0.1' },
    ],
  ])('a %s phone gets its URL where it looks for it', async (...[, mac, vendorClass, url]) => {
    await using site = await openDhcpSite(temporaryDirectory());
    const options = vendorClass === undefined ? {} : { vendorClass: Buffer.from(vendorClass, 'latin1') };
    const [offer] = await site.say({ type: 'discover', mac, options });
    expect(offer?.options).toEqual({ ...common, ...forPhones, ...url });
  });

  test('anything else gets nothing that is meant for phones', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const wish = {
      parameterRequestList: Uint8Array.of(1, 2, 42, 66, 160),
      vendorClass: Buffer.from('MSFT 5.0'),
    };
    const [offer] = await site.say({ type: 'discover', mac: '02:00:00:00:00:09', options: wish });
    expect(offer?.options).toEqual(common);
  });

  test('it is listed as no known phone, with what it was told (G-24)', async () => {
    const directory = temporaryDirectory();
    await using site = await openDhcpSite(directory);
    await boot(site, '02:00:00:00:00:09');
    await boot(site);
    using reader = openReader(directory, 'dhcp');
    const asking = { networks: [], now: site.clock.now() };
    const page = reader && readAddressPage(reader.db, { limit: 10 }, asking);
    const [other, phone] = (page?.addresses ?? []).toSorted((a, b) => (a.mac < b.mac ? -1 : 1));
    expect(phone).toMatchObject({
      vendor: 'yealink',
      sent: { 66: 'http://10.66.0.1', 42: '10.66.0.1', 2: '-18000' },
    });
    expect(other).not.toHaveProperty('vendor');
    expect(Object.keys(other?.sent ?? {})).toEqual(['1', '3', '6', '51', '58', '59']);
  });

  test('it gets all of that where the settings say so', async () => {
    await using site = await openDhcpSite(temporaryDirectory(), 'phone_options_for_others = true');
    const [offer] = await site.say({ type: 'discover', mac: '02:00:00:00:00:09' });
    const url = { tftpServerName: 'http://10.66.0.1', provisioningUrl: 'http://10.66.0.1' };
    expect(offer?.options).toEqual({ ...common, ...forPhones, ...url });
  });

  test('options come in the order that the client asks in, after the times, and the rest behind', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const parameterRequestList = Uint8Array.of(66, 3, 3, 250, 1);
    const [offer] = await site.say({ type: 'discover', options: { parameterRequestList } });
    expect(offer?.codes).toEqual([53, 54, 51, 58, 59, 66, 3, 1, 42, 2, 6]);
    const [other] = await site.say({ type: 'discover', options: { parameterRequestList: Uint8Array.of(1) } });
    expect(other?.codes).toEqual([53, 54, 51, 58, 59, 1, 66, 42, 2, 3, 6]);
  });

  test('the time zone by rule and by name is told to phones that ask for it, and to no one else (RFC 4833)', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const asking = { parameterRequestList: Uint8Array.of(100, 101) };
    const [offer] = await site.say({ type: 'discover', options: asking });
    expect(offer?.options).toMatchObject({
      posixTimeZone: 'STD5DST,M3.2.0,M11.1.0',
      timeZoneName: 'America/New_York',
    });
    const [silent] = await site.say({ type: 'discover' });
    expect(silent?.codes).not.toContain(100);
    const [computer] = await site.say({ type: 'discover', mac: '02:00:00:00:00:09', options: asking });
    expect(computer?.options).toEqual(common);
  });

  test('with phones_only nobody else gets an address', async () => {
    await using site = await openDhcpSite(temporaryDirectory(), 'phones_only = true');
    expect(await site.say({ type: 'discover', mac: '02:00:00:00:00:09' })).toEqual([]);
    expect(await site.say({ type: 'discover' })).toHaveLength(1);
    expect(site.journal()).toMatchObject([{ kind: 'refused', body: { reason: 'not a known phone' } }]);
  });

  test('the offset follows daylight saving time at each ACK', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    await site.clock.advance(Date.UTC(2026, 2, 8, 7) - site.clock.now());
    const [ack] = await site.say({ type: 'request', ciaddr: ip });
    expect(ack?.options.timeOffset).toBe(-14_400);
  });

  test('a phone is told to renew just after the clocks change, a computer is not', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const change = Date.UTC(2026, 2, 8, 7);
    await site.clock.advance(change - 600_000 - site.clock.now());
    const [phone] = await site.say({ type: 'discover' });
    expect(phone?.options).toMatchObject({ timeOffset: -18_000, renewalTime: 660, rebindingTime: 3150 });
    const [computer] = await site.say({ type: 'discover', mac: '02:00:00:00:00:09' });
    expect(computer?.options).toMatchObject({ renewalTime: 1800 });
  });

  test('a client identifier goes back as it came (RFC 6842)', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const clientIdentifier = Buffer.from('ff0011223300020000ab11', 'hex');
    const [offer] = await site.say({ type: 'discover', options: { clientIdentifier } });
    expect(offer?.options.clientIdentifier).toEqual(clientIdentifier);
  });

  test('a client that takes 576 bytes gets no more, and the URL before the rest', async () => {
    await using site = await openDhcpSite(
      temporaryDirectory(),
      `ntp_servers = [${'"10.66.0.2", '.repeat(60)}]`,
    );
    const [offer] = await site.say({ type: 'discover', options: { maxMessageSize: 576 } });
    expect(offer?.length).toBeLessThanOrEqual(548);
    expect(offer?.options.tftpServerName).toBe('http://10.66.0.1');
    expect(site.part.counters()['options_left_out']).toBeUndefined();
  });

  test('what a client has no room for is counted and told by number, and the rest is whole', async () => {
    await using site = await openDhcpSite(
      temporaryDirectory(),
      `ntp_servers = [${'"10.66.0.2", '.repeat(120)}]`,
    );
    const parameterRequestList = Uint8Array.of(1, 3, 66, 2, 42, 6);
    const [offer] = await site.say({ type: 'discover', options: { parameterRequestList } });
    expect(offer?.codes).toEqual([53, 54, 51, 58, 59, 1, 3, 66, 2, 6]);
    expect(site.part.counters()['options_left_out']).toBe(1);
    expect(site.journal()).toMatchObject([{ kind: 'left_out', mac: yealink, body: { options: '42' } }]);
  });
});
