import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { codecsOf } from '../../../appliance/protocol/sdp-codecs.ts';
import {
  agreedKey,
  cryptoOf,
  formatCrypto,
  parseCrypto,
  plainMedia,
  type CryptoLine,
} from '../../../appliance/protocol/sdp-crypto.ts';
import type { SdpMedia } from '../../../appliance/protocol/sdp.ts';

const inline = 'WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz';
const suite = 'AES_CM_128_HMAC_SHA1_80';

it.each<[string, string, CryptoLine | undefined]>([
  ['a bare key', `a=crypto:1 ${suite} inline:${inline}`, { tag: 1, suite, inline }],
  ['a key with a lifetime', `a=crypto:22 ${suite} inline:${inline}|2^20`, { tag: 22, suite, inline }],
  ['a lifetime in digits', `a=crypto:1 ${suite} inline:${inline}|1048576`, { tag: 1, suite, inline }],
  ['a hint at the replay window', `a=crypto:1 ${suite} inline:${inline} WSH=64`, { tag: 1, suite, inline }],
  [
    'the short tag',
    `a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:${inline}`,
    { tag: 1, suite: 'AES_CM_128_HMAC_SHA1_32', inline },
  ],
  ['an identifier of the key', `a=crypto:1 ${suite} inline:${inline}|2^20|1:4`, undefined],
  ['two keys', `a=crypto:1 ${suite} inline:${inline};inline:${inline}`, undefined],
  ['another suite', `a=crypto:1 F8_128_HMAC_SHA1_80 inline:${inline}`, undefined],
  ['a name that every object has', `a=crypto:1 constructor inline:${inline}`, undefined],
  ['reports in clear', `a=crypto:1 ${suite} inline:${inline} UNENCRYPTED_SRTCP`, undefined],
  ['other session keys now and then', `a=crypto:1 ${suite} inline:${inline} KDR=1`, undefined],
  ['a key that is too short', `a=crypto:1 ${suite} inline:${inline.slice(4)}`, undefined],
  ['a key that is no base64', `a=crypto:1 ${suite} inline:${inline.replace('W', '*')}`, undefined],
  ['nothing of it', 'a=cryptic', undefined],
])('%s', (_title, line, read) => {
  expect(parseCrypto(line)).toEqual(read);
  expect(read && parseCrypto(formatCrypto(read))).toEqual(read);
});

const audio = (lines: readonly string[], formats = ['0']): SdpMedia => ({
  kind: 'audio',
  port: 4000,
  proto: 'RTP/SAVP',
  formats,
  lines,
});
const line = (tag: number, letter: string, of = suite) => `a=crypto:${tag} ${of} inline:${letter.repeat(40)}`;

it('the key of an offer is the one whose tag the answer has', () => {
  const offer = audio([line(1, 'A'), line(2, 'B'), 'a=sendrecv']);
  expect(agreedKey(offer, audio([line(2, 'C')]))?.inline).toBe('B'.repeat(40));
  expect(agreedKey(audio([line(2, 'C')]), offer)?.inline).toBe('C'.repeat(40));
});

it.each([
  ['an offer met another offer', [line(1, 'A'), line(2, 'B')], [line(1, 'A'), line(2, 'B')]],
  ['the answer names no line of the offer', [line(1, 'A'), line(2, 'B')], [line(3, 'C')]],
  ['the answer has another suite', [line(1, 'A')], [line(1, 'C', 'AES_CM_128_HMAC_SHA1_32')]],
  ['one has none', [line(1, 'A')], []],
])('no key is agreed on when %s', (_title, own, theirs) => {
  expect(agreedKey(audio(own), audio(theirs))).toBeUndefined();
});

it.each([
  line(1, 'A'),
  `a=acap:1 ${line(1, 'A').slice(2)}`,
  'a=acap:2 key-mgmt:mikey AQAFgM0XflABAAAA',
  'a=tcap:1 RTP/SAVP',
  'a=pcfg:1 t=1 a=1',
  'a=acfg:1 t=1 a=1',
  'a=key-mgmt:mikey AQAFgM0XflABAAAA',
  'k=base64:WVNfX19zZW1jdGwg',
])('a leg without keys gets no line like %s', (keys) => {
  const media = audio([keys, 'a=ptime:20'], ['0']);
  expect(plainMedia(media)).toEqual({ ...media, proto: 'RTP/AVP', lines: ['a=ptime:20'] });
});

it('what is no line of keys is none, whatever it is', () => {
  fc.assert(
    fc.property(fc.string(), (rest) => {
      expect(cryptoOf(audio([`a=crypto:${rest}`])).every(({ inline: key }) => key.length === 40)).toBe(true);
    }),
  );
});

it('codecs are named by a=rtpmap, else by their fixed numbers', () => {
  const media = audio(
    [
      'a=rtpmap:111 opus/48000/2',
      'a=rtpmap:103 SILK/16000',
      'a=rtpmap:101 telephone-event/8000',
      'a=rtpmap:96 broken/0',
    ],
    ['111', '103', '0', '9', '101', '96', '200', '*'],
  );
  expect(
    codecsOf(media).map(({ payloadType, name, clockRate }) => `${payloadType} ${name} ${clockRate}`),
  ).toEqual(['111 OPUS 48000', '103 SILK 16000', '0 PCMU 8000', '9 G722 8000', '101 TELEPHONE-EVENT 8000']);
});
