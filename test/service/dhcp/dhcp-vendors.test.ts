import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../support/directory.ts';
import { boot, common, forPhones, openDhcpSite } from './dhcp-site.ts';

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
    ['ALE', '02:00:00:00:00:05', 'ictouch.0', { tftpServerName: 'http://10.66.0.1' }],
  ])('a %s phone gets its URL where it looks for it', async (...[, mac, vendorClass, url]) => {
    await using site = await openDhcpSite(temporaryDirectory());
    const options = vendorClass === undefined ? {} : { vendorClass: Buffer.from(vendorClass) };
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
  });
});
