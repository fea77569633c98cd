import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import type { LegName } from '../../../appliance/protocol/media-control.ts';
import { SdpRefusedError } from '../../../appliance/sip/call-crypto.ts';
import { newCallMedia, type LegSide } from '../../../appliance/sip/call-media.ts';
import { fakeMedia, type FakeMedia } from '../../support/fake-media.ts';
import { sdpText } from '../../support/sip-site.ts';

const sides: Record<LegName, LegSide> = {
  phone: { address: '10.66.0.1', isSecure: true, peer: '10.66.0.101' },
  cloud: { address: '192.0.2.2', isSecure: true, peer: undefined },
};
const at = (address: string, port: number, more: readonly string[] = []) =>
  sdpText(port, more).replaceAll('127.0.0.1', address);
const key = (letter: string) => letter.repeat(40);
const crypto = (tag: number, letter: string, suite = 'AES_CM_128_HMAC_SHA1_80') =>
  `a=crypto:${tag} ${suite} inline:${key(letter)}`;
const savp = (port: number, lines: readonly string[]) =>
  at('10.66.0.101', port, lines).replace('RTP/AVP', 'RTP/SAVP');
const plainGateway = { ...sides, cloud: { ...sides.cloud, isSecure: false } };
const plainPhone = { ...sides, phone: { ...sides.phone, isSecure: false } };
const keysOf = (media: FakeMedia, leg: string) =>
  media.told.findLast(([name, description]) => name === leg && description !== undefined)?.[1]?.keys;

it('keys cross to the byte between two legs that may have them, and reports of both can be read', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  const offer = [
    crypto(1, 'X', 'AEAD_AES_256_GCM'),
    crypto(2, 'A', 'AES_CM_128_HMAC_SHA1_32'),
    crypto(3, 'B'),
  ];
  const offered = await call.relay('phone', savp(4000, offer));
  for (const line of offer) expect(offered).toContain(line);
  expect(keysOf(media, 'c.0 phone')).toBeUndefined();
  expect(await call.relay('cloud', savp(6000, [crypto(3, 'C')]))).toContain(crypto(3, 'C'));
  const suite = 'AES_CM_128_HMAC_SHA1_80';
  expect(keysOf(media, 'c.0 phone')).toEqual({ receive: { suite, inline: key('B') } });
  expect(keysOf(media, 'c.0 cloud')).toEqual({ receive: { suite, inline: key('C') } });
});

it('a phone with SRTP and a gateway without it: the gateway sees no key, the phone one of ours', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', plainGateway);
  const lines = [crypto(7, 'A', 'AES_CM_128_HMAC_SHA1_32'), crypto(8, 'B'), 'a=rtcp-fb:* nack'];
  const offered = await call.relay('phone', savp(4000, lines));
  expect(offered).toContain('RTP/AVP');
  expect(offered).not.toMatch(/crypto|inline|rtcp-fb/);
  const answered = await call.relay('cloud', at('203.0.113.9', 6000));
  const [, inline] = /\r\na=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:([\w+/]{40})\r\n/.exec(answered) ?? [];
  expect(answered).toContain('RTP/SAVP');
  expect(inline).not.toBe(key('A'));
  const suite = 'AES_CM_128_HMAC_SHA1_32';
  expect(keysOf(media, 'c.0 phone')).toEqual({
    receive: { suite, inline: key('A') },
    send: { suite, inline },
  });
  expect(keysOf(media, 'c.0 cloud')).toBeUndefined();
});

it('the relay has the keys before it hears where the far end is', async () => {
  const media = fakeMedia();
  await newCallMedia(media, 'c', plainGateway).relay('phone', savp(4000, [crypto(1, 'A')]));
  const ofPhone = media.told.filter(([name]) => name === 'c.0 phone');
  expect(ofPhone[0]?.[1]?.keys).toBeDefined();
  expect(ofPhone[1]?.[1]).toBeUndefined();
});

it('a gateway without SRTP that calls is offered to the phone with SRTP', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', plainGateway);
  const offered = await call.relay('cloud', at('203.0.113.9', 6000));
  expect(offered).toMatch(/RTP\/SAVP [^]*\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:[\w+/]{40}\r\n/);
  const answered = await call.relay('phone', savp(4000, [crypto(1, 'B')]));
  expect(answered).toContain('RTP/AVP');
  expect(answered).not.toContain('crypto');
  expect(keysOf(media, 'c.0 phone')?.receive.inline).toBe(key('B'));
  expect(offered).toContain(keysOf(media, 'c.0 phone')?.send?.inline);
});

it('a hold and a resume keep our key, new keys and another suite of the phone are taken', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', plainGateway);
  await call.relay('phone', savp(4000, [crypto(1, 'A')]));
  const first = await call.relay('cloud', at('203.0.113.9', 6000));
  await call.relay('phone', savp(4000, [crypto(1, 'A'), 'a=sendonly']));
  expect(await call.relay('cloud', at('203.0.113.9', 6000))).toBe(first);
  await call.relay('phone', savp(4000, [crypto(4, 'D')]));
  expect(keysOf(media, 'c.0 phone')?.receive.inline).toBe(key('D'));
  const send = keysOf(media, 'c.0 phone')?.send?.inline ?? '';
  expect(first).toContain(send);
  await call.relay('phone', savp(4000, [crypto(5, 'E', 'AES_CM_128_HMAC_SHA1_32')]));
  expect(keysOf(media, 'c.0 phone')?.send?.inline).not.toBe(send);
});

it('a phone with signalling in clear has plain RTP, and the cloud SRTP', async () => {
  const call = newCallMedia(fakeMedia(), 'c', plainPhone);
  const offered = await call.relay('phone', at('10.66.0.101', 4000, [crypto(1, 'A')]));
  expect(offered).toMatch(/RTP\/SAVP [^]*a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:/);
  expect(offered).not.toContain(key('A'));
  const answered = await call.relay('cloud', savp(6000, [crypto(1, 'B')]));
  expect(answered).toContain('RTP/AVP');
  expect(answered).not.toContain('crypto');
});

it.each([
  ['the cloud', plainPhone],
  ['a gateway in clear', { phone: plainPhone.phone, cloud: plainGateway.cloud }],
] as const)(
  'a call for help in clear that takes nothing but SRTP reaches %s, which never sees its key',
  async (_who, legs) => {
    const media = fakeMedia();
    const rescue = { isDirect: false, isForgeable: false, isProven: true, onError: () => undefined };
    const call = newCallMedia(media, 'c', { ...legs, rescue });
    const offered = await call.relay('phone', savp(4000, [crypto(3, 'A')]));
    expect(offered).toContain(legs.cloud.isSecure ? 'RTP/SAVP' : 'RTP/AVP');
    expect(offered.includes('inline')).toBe(legs.cloud.isSecure);
    expect(offered).not.toContain(key('A'));
    const answer = legs.cloud.isSecure ? savp(6000, [crypto(1, 'B')]) : at('203.0.113.9', 6000);
    const answered = await call.relay('cloud', answer);
    const [, own] =
      /RTP\/SAVP [^]*\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:([\w+/]{40})\r\n/.exec(answered) ?? [];
    expect([own, answered.includes(key('B'))]).toEqual([keysOf(media, 'c.0 phone')?.send?.inline, false]);
    expect(offered).not.toContain(own ?? 'no key');
    expect(keysOf(media, 'c.0 phone')?.receive.inline).toBe(key('A'));
    expect(keysOf(media, 'c.0 cloud')?.receive.inline).toBe(legs.cloud.isSecure ? key('B') : undefined);
  },
);

it('where neither side has SRTP none is made', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', plainGateway);
  expect(await call.relay('phone', at('10.66.0.101', 4000))).toContain('RTP/AVP');
  expect(await call.relay('cloud', at('203.0.113.9', 6000))).not.toContain('crypto');
  expect(keysOf(media, 'c.0 phone')).toBeUndefined();
});

it.each([
  ['wants SRTP over signalling in clear', 'phone', savp(4000, [crypto(1, 'A')])],
  ['has no suite that we know', 'cloud', savp(4000, [crypto(1, 'A', 'F8_128_HMAC_SHA1_80')])],
  ['has a key with an identifier', 'cloud', savp(4000, [`${crypto(1, 'A')}|2^20|1:4`])],
  ['signs nothing', 'cloud', savp(4000, [`${crypto(1, 'A')} UNAUTHENTICATED_SRTP`])],
] as const)('a leg that %s is refused where SRTP would have to end', async (_title, leg, sdp) => {
  await expect(newCallMedia(fakeMedia(), 'c', plainPhone).relay(leg, sdp)).rejects.toThrow(SdpRefusedError);
});

it('keys by DTLS are refused there too', async () => {
  const sdp = at('203.0.113.9', 6000).replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF');
  await expect(newCallMedia(fakeMedia(), 'c', plainPhone).relay('cloud', sdp)).rejects.toThrow(DecodeError);
});
