import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeMessage, encodeMessage, messageType } from '../../../appliance/protocol/dhcp.ts';
import { decodeOptions, encodeOptions, type DhcpOptions } from '../../../appliance/protocol/dhcp-options.ts';
import { decodeOffer, encodeProbe, isProbe } from '../../../appliance/protocol/dhcp-probe.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';

const probe = { mac: '02:67:68:00:00:01', xid: 0xc0_ff_ee_01 };

function answer(options: DhcpOptions, more: { xid?: number; mac?: string; op?: 'request' } = {}): Uint8Array {
  const request = decodeMessage(encodeProbe({ ...probe, ...(more.mac ? { mac: more.mac } : {}) }));
  return encodeMessage({
    ...request,
    op: more.op ?? 'reply',
    xid: more.xid ?? probe.xid,
    yiaddr: parseIpv4('10.66.9.1'),
    options: encodeOptions(options),
  }).bytes;
}

describe('looking for DHCP servers', () => {
  test('the probe is a DISCOVER that wants a broadcast answer', () => {
    const message = decodeMessage(encodeProbe(probe));
    expect(message).toMatchObject({ op: 'request', xid: 0xc0_ff_ee_01, flags: 0x80_00, ciaddr: 0 });
    expect(Buffer.from(message.chaddr).toString('hex')).toBe('026768000001');
    expect(decodeOptions(message.options)).toMatchObject({ messageType: messageType.discover });
  });

  test('every probe of a card has the same identifier, by which it is told from a client', () => {
    const first = decodeMessage(encodeProbe(probe));
    const second = decodeMessage(encodeProbe({ ...probe, xid: 2 }));
    expect(decodeOptions(first.options).clientIdentifier).toEqual(
      decodeOptions(second.options).clientIdentifier,
    );
    expect(isProbe(first)).toBe(true);
    expect(isProbe({ options: encodeOptions({ clientIdentifier: Buffer.from('\0gatehouse') }) })).toBe(false);
    expect(isProbe({ options: new Map() })).toBe(false);
  });

  test('an offer tells the server, the address and where it sends phones', () => {
    const bytes = answer({
      messageType: messageType.offer,
      serverIdentifier: parseIpv4('10.66.0.9'),
      tftpServerName: 'http://10.66.0.9',
    });
    expect(decodeOffer(bytes, probe)).toEqual({
      serverIdentifier: '10.66.0.9',
      offeredAddress: '10.66.9.1',
      tftpServerName: 'http://10.66.0.9',
    });
  });

  const offer = { messageType: messageType.offer, serverIdentifier: parseIpv4('10.66.0.9') };

  test.each([
    ['of another transaction', answer(offer, { xid: 1 })],
    ['to another MAC', answer(offer, { mac: '02:67:68:00:00:02' })],
    ['that is a request', answer(offer, { op: 'request' })],
    ['that is an ACK', answer({ ...offer, messageType: messageType.ack })],
    ['without a server identifier', answer({ messageType: messageType.offer })],
  ])('a message %s is no answer to it', (_title, bytes) => {
    expect(decodeOffer(bytes, probe)).toBeUndefined();
  });

  test('what is no DHCP at all is a DecodeError, and a wrong MAC a TypeError', () => {
    expect(() => decodeOffer(new Uint8Array(30), probe)).toThrow(DecodeError);
    expect(() => encodeProbe({ mac: 'eth0', xid: 1 })).toThrow(TypeError);
  });
});
