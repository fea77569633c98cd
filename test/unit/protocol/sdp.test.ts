import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import {
  directionOf,
  formatSdp,
  isRtp,
  parseSdp,
  relayedSdp,
  targetOf,
  type RelayPorts,
} from '../../../appliance/protocol/sdp.ts';
import { isReadOrRefused, missing } from '../../support/refusal.ts';

const text = (lines: readonly string[]) => lines.map((line) => `${line}\r\n`).join('');

/** As baresip 1.0.0 offers it over TLS. */
const offer = text([
  'v=0',
  'o=- 1234 1 IN IP4 10.66.0.101',
  's=-',
  'c=IN IP4 10.66.0.101',
  't=0 0',
  'a=tool:baresip 1.0.0',
  'm=audio 30000 RTP/SAVP 0 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtcp:30001',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PUxxQ0kyMDIzMDEyMzQ1Njc4OTAxMjM0NTY3ODkw',
  'a=sendrecv',
]);

const ports: RelayPorts[] = [{ rtp: 20_010, rtcp: 20_011 }];
const rows: [string, string[], string[]][] = [
  [
    'address and port become ours, keys stay to the byte',
    offer.trim().split('\r\n'),
    [
      'v=0',
      'o=- 1234 1 IN IP4 192.0.2.2',
      's=-',
      'c=IN IP4 192.0.2.2',
      't=0 0',
      'a=tool:baresip 1.0.0',
      'm=audio 20010 RTP/SAVP 0 101',
      'a=rtpmap:0 PCMU/8000',
      'a=rtcp:20011',
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PUxxQ0kyMDIzMDEyMzQ1Njc4OTAxMjM0NTY3ODkw',
      'a=sendrecv',
    ],
  ],
  [
    'an address of one medium is rewritten like that of the session',
    [
      'v=0',
      'o=a 1 1 IN IP4 10.0.0.1',
      's=-',
      't=0 0',
      'm=audio 4000 RTP/AVP 8',
      'c=IN IP4 10.0.0.1',
      'b=AS:64',
    ],
    [
      'v=0',
      'o=a 1 1 IN IP4 192.0.2.2',
      's=-',
      't=0 0',
      'm=audio 20010 RTP/AVP 8',
      'c=IN IP4 192.0.2.2',
      'b=AS:64',
    ],
  ],
  [
    'hold of RFC 2543 stays 0.0.0.0',
    ['v=0', 'o=a 1 2 IN IP4 10.0.0.1', 's=-', 'c=IN IP4 0.0.0.0', 't=0 0', 'm=audio 4000 RTP/AVP 8'],
    ['v=0', 'o=a 1 2 IN IP4 192.0.2.2', 's=-', 'c=IN IP4 0.0.0.0', 't=0 0', 'm=audio 20010 RTP/AVP 8'],
  ],
  [
    'multiplexed RTCP is told on the RTP port',
    [
      'v=0',
      'o=a 1 1 IN IP4 10.0.0.1',
      's=-',
      'c=IN IP4 10.0.0.1',
      't=0 0',
      'm=audio 4000 RTP/AVP 8',
      'a=rtcp-mux',
      'a=rtcp:4000',
    ],
    [
      'v=0',
      'o=a 1 1 IN IP4 192.0.2.2',
      's=-',
      'c=IN IP4 192.0.2.2',
      't=0 0',
      'm=audio 20010 RTP/AVP 8',
      'a=rtcp-mux',
      'a=rtcp:20010',
    ],
  ],
  [
    'where RTCP goes if the other end does not multiplex stays apart (RFC 5761 section 5.1.1)',
    [
      'v=0',
      'o=a 1 1 IN IP4 10.0.0.1',
      's=-',
      'c=IN IP4 10.0.0.1',
      't=0 0',
      'm=audio 4000 RTP/AVP 8',
      'a=rtcp:4001 IN IP4 10.0.0.1',
      'a=rtcp-mux',
    ],
    [
      'v=0',
      'o=a 1 1 IN IP4 192.0.2.2',
      's=-',
      'c=IN IP4 192.0.2.2',
      't=0 0',
      'm=audio 20010 RTP/AVP 8',
      'a=rtcp:20011',
      'a=rtcp-mux',
    ],
  ],
  [
    'candidates that would lead media past us are taken out',
    [
      'v=0',
      'o=a 1 1 IN IP4 10.0.0.1',
      's=-',
      'c=IN IP4 10.0.0.1',
      't=0 0',
      'a=ice-lite',
      'm=audio 4000 RTP/AVP 8',
      'a=ice-ufrag:x',
      'a=ice-pwd:y',
      'a=candidate:1 1 UDP 1 10.0.0.1 4000 typ host',
      'a=end-of-candidates',
      'a=ptime:20',
    ],
    [
      'v=0',
      'o=a 1 1 IN IP4 192.0.2.2',
      's=-',
      'c=IN IP4 192.0.2.2',
      't=0 0',
      'm=audio 20010 RTP/AVP 8',
      'a=ptime:20',
    ],
  ],
  [
    'media that can not be relayed are refused in place',
    [
      'v=0',
      'o=a 1 1 IN IP4 10.0.0.1',
      's=-',
      'c=IN IP4 10.0.0.1',
      't=0 0',
      'm=audio 4000 RTP/AVP 8',
      'm=image 5000 udptl t38',
    ],
    [
      'v=0',
      'o=a 1 1 IN IP4 192.0.2.2',
      's=-',
      'c=IN IP4 192.0.2.2',
      't=0 0',
      'm=audio 20010 RTP/AVP 8',
      'm=image 0 udptl t38',
    ],
  ],
];

it.each(rows)('%s', (_title, before, after) => {
  expect(formatSdp(relayedSdp(parseSdp(text(before)), '192.0.2.2', ports))).toBe(text(after));
});

it('a description is written as it was read', () => {
  expect(formatSdp(parseSdp(offer))).toBe(offer);
  expect(formatSdp(parseSdp(offer.replaceAll('\r\n', '\n')))).toBe(offer);
});

it('address, ports and direction are read', () => {
  const sdp = parseSdp(offer);
  const audio = sdp.media[0] ?? missing('audio');
  expect(targetOf(sdp, audio)).toEqual({ address: '10.66.0.101', port: 30_000, rtcpPort: 30_001 });
  expect(directionOf(sdp, audio)).toBe('sendrecv');
  expect(isRtp(audio)).toBe(true);
});

const rtcpPort = (lines: string[]) => {
  const sdp = parseSdp(
    text(['v=0', 'o=a 1 1 IN IP4 10.0.0.1', 's=-', 'c=IN IP4 10.0.0.1', 'm=audio 4000 RTP/AVP 8', ...lines]),
  );
  return targetOf(sdp, sdp.media[0] ?? missing('audio'))?.rtcpPort;
};

it('RTCP goes to the port that is named, else to the next one, else to the same when multiplexed', () => {
  expect(rtcpPort(['a=rtcp:5555 IN IP4 10.0.0.1'])).toBe(5555);
  expect(rtcpPort([])).toBe(4001);
  expect(rtcpPort(['a=rtcp-mux'])).toBe(4000);
});

it.each([
  ['nothing', ''],
  ['a line that is none', 'v=0\r\no=a 1 1 IN IP4 1.2.3.4\r\nhello\r\n'],
  ['another version', 'v=1\r\no=a 1 1 IN IP4 1.2.3.4\r\n'],
  ['no origin', 'v=0\r\ns=-\r\n'],
  ['a medium without format', text(['v=0', 'o=a 1 1 IN IP4 1.2.3.4', 'm=audio 4000 RTP/AVP'])],
  ['a port that does not exist', text(['v=0', 'o=a 1 1 IN IP4 1.2.3.4', 'm=audio 65536 RTP/AVP 0'])],
  [
    'too many media',
    text(['v=0', 'o=a 1 1 IN IP4 1.2.3.4', ...Array.from({ length: 17 }, () => 'm=audio 4000 RTP/AVP 0')]),
  ],
  ['too many lines', text(['v=0', 'o=a 1 1 IN IP4 1.2.3.4', ...Array.from({ length: 2000 }, () => 'a=x')])],
  ['too many characters', text(['v=0', 'o=a 1 1 IN IP4 1.2.3.4', `a=${'x'.repeat(70_000)}`])],
])('%s is refused', (_title, source) => {
  expect(() => parseSdp(source)).toThrow(DecodeError);
});

it.each([
  ['IPv6', 'c=IN IP6 2001:db8::1'],
  ['what is neither address nor name', 'c=IN IP4 300.1.2.3'],
  ['half a name', 'c=IN IP4 phone.'],
  ['no address at all', 'b=AS:64'],
])('media at %s can not be relayed', (_title, line) => {
  const sdp = parseSdp(text(['v=0', 'o=a 1 1 IN IP4 1.2.3.4', 's=-', line, 'm=audio 4000 RTP/AVP 0']));
  expect(() => targetOf(sdp, sdp.media[0] ?? missing('audio'))).toThrow(DecodeError);
});

it.each([
  ['c=IN IP4 phone.example', '0.0.0.0'],
  ['c=IN IP4 0.0.0.0', '0.0.0.0'],
  ['c=IN IP4 10.66.0.101 ', '10.66.0.101'],
])('media at %s is at %s for us, and crosses with our address', (line, address) => {
  const sdp = parseSdp(text(['v=0', 'o=a 1 1 IN IP4 1.2.3.4', 's=-', line, 'm=audio 4000 RTP/AVP 0']));
  expect(targetOf(sdp, sdp.media[0] ?? missing('audio'))).toEqual({ address, port: 4000, rtcpPort: 4001 });
  const [told] = relayedSdp(sdp, '192.0.2.2', ports).session.filter((one) => one.startsWith('c='));
  expect(told).toBe(line === 'c=IN IP4 0.0.0.0' ? line : 'c=IN IP4 192.0.2.2');
});

function reads(source: string): boolean {
  const readAll = () => {
    const sdp = parseSdp(source);
    for (const entry of sdp.media) targetOf(sdp, entry);
    formatSdp(relayedSdp(sdp, '192.0.2.2', ports));
  };
  return isReadOrRefused(readAll);
}

it('every truncation and mutation is read or refused, never anything else', () => {
  for (let length = 0; length <= offer.length; length += 1) expect(reads(offer.slice(0, length))).toBe(true);
  fc.assert(
    fc.property(fc.nat(offer.length - 1), fc.string({ maxLength: 5 }), (at, piece) =>
      reads(offer.slice(0, at) + piece + offer.slice(at + piece.length)),
    ),
  );
});

it('is read in time that grows with its length', () => {
  // With its square it would be minutes, and the test's own limit ends it.
  expect(() => parseSdp(`v=0${'\n'.repeat(65_000)}x`)).toThrow(DecodeError);
  expect(parseSdp(`v=0\r\no=-${'\r\n'.repeat(30_000)}`).session).toEqual(['v=0', 'o=-']);
});

it('a blank at the end of a line of media is none of its formats', () => {
  const { media } = parseSdp('v=0\r\no=-\r\nm=audio 4000 RTP/AVP 0 8 \r\n');
  expect(media[0]?.formats).toEqual(['0', '8']);
});
