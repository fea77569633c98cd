/** What other DHCP servers were seen to do wrong, each as a test that this one doesn't. */
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { phoneOptions } from '../../../appliance/dhcp/phone-options.ts';
import { messageType } from '../../../appliance/protocol/dhcp.ts';
import { decodeRelayInformation } from '../../../appliance/protocol/dhcp-relay-information.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { boot, box, clientBytes, openDhcpSite, yealink, type DhcpSite } from './dhcp-site.ts';

const computer = '02:00:00:00:00:09';
const address = (text: string) => parseIpv4(text);
const asking = (...codes: number[]) => ({ parameterRequestList: Uint8Array.from(codes) });

const identifier = (last: number) => Uint8Array.of(255, 0, 0, 0, 1, 0, 2, 0, 0, 171, 17, 0, 0, last);

/** After whatever came in, a phone still gets its address. */
async function expectServing(site: DhcpSite): Promise<void> {
  expect(await boot(site, '80:5e:c0:00:00:fe')).toMatch(/^10\.66\.0\.10\d$/);
  expect(site.part.counters()['errors']).toBeUndefined();
}

describe('one packet never ends the server', () => {
  test.each([50, 52, 53, 55, 56, 60, 61, 80, 116, 145])(
    'a client that asks for option %i, which is nothing to ask for, is answered',
    async (code) => {
      await using site = await openDhcpSite(temporaryDirectory());
      const [offer] = await site.say({ type: 'discover', options: asking(1, code, 3) });
      expect(offer?.type).toBe('offer');
      await expectServing(site);
    },
  );

  test.each([93, 125, 160, 254])(
    'a client that asks for option %i, unknown here, is answered',
    async (code) => {
      await using site = await openDhcpSite(temporaryDirectory());
      const [offer] = await site.say({ type: 'discover', mac: computer, options: asking(code) });
      expect(offer?.codes).not.toContain(code);
      await expectServing(site);
    },
  );

  test('a boot loader that asks for everything there is gets an answer', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const every = Array.from({ length: 254 }, (_, at) => at + 1);
    expect(await site.say({ type: 'discover', options: asking(...every) })).toHaveLength(1);
    await expectServing(site);
  });

  test('a datagram of any length under 240 bytes is counted as malformed', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const whole = clientBytes({ type: 'discover' });
    for (const length of [0, 1, 100, 229, 230, 239]) {
      expect(await site.raw(whole.subarray(0, length))).toEqual([]);
    }
    expect(site.part.counters()['malformed']).toBe(6);
    await expectServing(site);
  });

  test('a full pool leaves the next client without an answer, at once and without an end to the others', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    for (let phone = 1; phone <= 10; phone += 1) await boot(site, `80:5e:c0:00:01:0${phone.toString(16)}`);
    expect(await site.say({ type: 'discover', mac: computer })).toEqual([]);
    expect(site.part.counters()['ignored_no_address']).toBe(1);
    expect(site.journal().at(-1)).toMatchObject({ kind: 'refused', body: { reason: 'no address is left' } });
    expect(await boot(site, '80:5e:c0:00:01:01')).toMatch(/^10\.66\.0\.10\d$/);
  });

  test('more options than 1500 bytes hold are left out and told, not an error', async () => {
    await using site = await openDhcpSite(
      temporaryDirectory(),
      `ntp_servers = [${'"10.66.0.2",'.repeat(400)}]`,
    );
    const [offer] = await site.say({ type: 'discover', options: { maxMessageSize: 65_535 } });
    expect(offer?.length).toBeLessThanOrEqual(1472);
    expect(offer?.options.tftpServerName).toBe('http://10.66.0.1');
    expect(site.part.counters()['options_left_out']).toBe(1);
  });
});

describe('a client is told no, yes or nothing, as RFC 2131 has it', () => {
  test('who chose another server hears nothing', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const [offer] = await site.say({ type: 'discover' });
    const options = {
      requestedAddress: address(offer?.yiaddr ?? ''),
      serverIdentifier: address('10.66.0.9'),
    };
    expect(await site.say({ type: 'request', options })).toEqual([]);
    expect(site.leases()).toEqual([]);
  });

  test('who asks for an address of somebody else gets NAK, never another address', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const taken = await boot(site);
    const options = { requestedAddress: address(taken), serverIdentifier: box };
    const [answer] = await site.say({ type: 'request', mac: computer, options });
    expect(answer).toMatchObject({ type: 'nak', yiaddr: '0.0.0.0' });
  });

  test('INIT-REBOOT, RENEWING and REBINDING are told apart from SELECTING by what they carry', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    const reboot = await site.say({ type: 'request', options: { requestedAddress: address(ip) } });
    expect(reboot).toMatchObject([{ type: 'ack', yiaddr: ip, to: '255.255.255.255:68' }]);
    const renewing = await site.say({ type: 'request', ciaddr: ip });
    expect(renewing).toMatchObject([{ type: 'ack', yiaddr: ip, ciaddr: ip, to: `${ip}:68` }]);
    expect(site.journal().map(({ kind }) => kind)).toEqual(['leased', 'leased', 'renewed']);
    expect(site.journal()[1]).toMatchObject({ body: { state: 'init-reboot' } });
  });

  test('INFORM gets options and no lease, sent to the address that it has', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const [ack] = await site.say({ type: 'inform', ciaddr: '10.66.0.50' });
    expect(ack).toMatchObject({ type: 'ack', yiaddr: '0.0.0.0', to: '10.66.0.50:68' });
    expect(ack?.codes).not.toContain(51);
    expect(ack?.options.tftpServerName).toBe('http://10.66.0.1');
    expect(site.leases()).toEqual([]);
  });

  test('RELEASE ends the lease, and the next with nothing free gets the address', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    await site.say({ type: 'release', ciaddr: ip, options: { serverIdentifier: box } });
    expect(site.leases()).toMatchObject([{ ip, state: 'released' }]);
  });

  test('a declined address is nobody’s for a while', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ip = await boot(site);
    await site.say({ type: 'decline', options: { requestedAddress: address(ip), serverIdentifier: box } });
    expect(site.leases()).toMatchObject([{ ip, state: 'declined' }]);
    expect(await boot(site)).not.toBe(ip);
  });
});

describe('leases', () => {
  test('outlive the process', async () => {
    const directory = temporaryDirectory();
    await using site = await openDhcpSite(directory);
    const ip = await boot(site);
    await site.part[Symbol.asyncDispose]();
    await using again = await openDhcpSite(directory);
    expect(await again.say({ type: 'request', ciaddr: ip })).toMatchObject([{ type: 'ack', yiaddr: ip }]);
  });

  test('end, and an offer that nobody took holds its address for no longer than a moment', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    for (let phone = 1; phone <= 10; phone += 1) {
      await site.say({ type: 'discover', mac: `80:5e:c0:00:01:0${phone.toString(16)}` });
    }
    await site.clock.advance(120_000);
    expect(await boot(site, computer)).toMatch(/^10\.66\.0\.10\d$/);
  });

  test('go to the address that the client wishes, where it is free (option 50)', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const [offer] = await site.say({
      type: 'discover',
      options: { requestedAddress: address('10.66.0.107') },
    });
    expect(offer?.yiaddr).toBe('10.66.0.107');
  });

  test('belong to the whole client identifier: what follows a zero counts (RFC 4361)', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const ask = async (last: number) =>
      (await site.say({ type: 'discover', options: { clientIdentifier: identifier(last) } }))[0];
    const [first, second] = [await ask(1), await ask(2)];
    expect(first?.yiaddr).not.toBe(second?.yiaddr);
    expect((await ask(1))?.yiaddr).toBe(first?.yiaddr);
    // RFC 6842: it comes back.
    expect([...(first?.options.clientIdentifier ?? [])]).toEqual([...identifier(1)]);
  });
});

describe('answers go where they are awaited', () => {
  const relayInformation = Buffer.from('0103476931090401020304', 'hex');

  test('to a relay at its port 67, with option 82 as it came and last', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const options = { relayAgentInformation: relayInformation };
    const [offer] = await site.say({ type: 'discover', giaddr: '10.66.0.200', options });
    expect(offer).toMatchObject({ to: '10.66.0.200:67', giaddr: '10.66.0.200' });
    expect(offer?.codes.at(-1)).toBe(82);
    const echoed = decodeRelayInformation(offer?.options.relayAgentInformation ?? new Uint8Array(0));
    expect(echoed.others?.get(9)).toHaveLength(4);
  });

  test('to everybody for a client without an address, whatever its flag', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    for (const flags of [0, 0x80_00]) {
      expect(await site.say({ type: 'discover', flags })).toMatchObject([
        { to: '255.255.255.255:68', flags },
      ]);
    }
  });

  test('never under 300 bytes, with no boot server but the one in the options', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const [offer] = await site.say({ type: 'discover', mac: computer });
    expect(offer?.length).toBeGreaterThanOrEqual(300);
  });
});

describe('options', () => {
  test('a time offset of zero is sent: it is UTC, not "none"', () => {
    const config = parseConfig('[site]\naddress = "10.66.0.1"\ntime_zone = "UTC"\n');
    const phone = { vendor: 'yealink', kind: 'phone' } as const;
    expect([...(phoneOptions(phone, config, 0).get(2) ?? [])]).toEqual([0, 0, 0, 0]);
  });

  test('a phone gets its URL without asking, and Cisco phones never get an option 60 back', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const vendorClass = Buffer.from('Cisco Systems, Inc. IP Phone CP-8841-3PCC\0');
    const options = { vendorClass, ...asking(1, 3, 60, 43, 66, 150, 159, 160) };
    const [offer] = await site.say({ type: 'discover', mac: computer, options });
    expect(offer?.options.provisioningUrl).toBe('http://10.66.0.1/$PSN.xml');
    // It would look in 66 before 160, and take 60 and 43 for addresses of servers.
    for (const code of [43, 60, 66, 150, 159]) expect(offer?.codes).not.toContain(code);
    expect((await site.say({ type: 'discover' }))[0]?.options.tftpServerName).toBe('http://10.66.0.1');
  });

  test('a packet with another magic cookie is no DHCP', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const bytes = Uint8Array.from(clientBytes({ type: 'discover' }));
    bytes.fill(0, 236, 240);
    expect(await site.raw(bytes)).toEqual([]);
    expect(site.part.counters()['malformed']).toBe(1);
  });

  test('pads take nothing of what follows them', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const bytes = clientBytes({ type: 'discover' });
    const padded = Buffer.concat([bytes.subarray(0, 240), Uint8Array.of(0, 0, 0), bytes.subarray(240, -3)]);
    expect(await site.raw(padded)).toMatchObject([{ type: 'offer' }]);
  });

  test('a request whose type stands in the file field is read (option 52)', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const bytes = Buffer.from(clientBytes({ type: 'discover' }));
    bytes.fill(0, 240);
    bytes.set([52, 1, 1, 255], 240);
    bytes.set([53, 1, messageType.discover, 255], 108);
    expect(await site.raw(bytes)).toMatchObject([{ type: 'offer' }]);
  });

  test('a client identifier of more than 255 bytes comes back whole, in pieces (RFC 3396)', async () => {
    await using site = await openDhcpSite(temporaryDirectory());
    const clientIdentifier = new Uint8Array(260).fill(7);
    const options = { clientIdentifier, maxMessageSize: 1472 };
    const [offer] = await site.say({ type: 'discover', mac: yealink, options });
    expect(offer?.options.clientIdentifier).toHaveLength(260);
  });
});
