import { expect, it } from 'vitest';
import { parseSdp } from '../../../appliance/protocol/sdp.ts';
import { isNewsToPhone } from '../../../appliance/sip/phone-news.ts';
import { sdpText } from '../../support/sip-site.ts';

const key = (letter: string) => `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${letter.repeat(40)}`;
const said = (more: readonly string[], { port = 4000, formats = '0 8' } = {}) =>
  parseSdp(sdpText(port, more).replace('RTP/AVP 0', `RTP/SAVP ${formats}`));

const phone = said([key('P')], { formats: '0 8' });
const told = said([key('C')], { formats: '0 8 18' });

it.each([
  ['the same from another port', said([key('C')], { port: 5000 })],
  ['one that has lost a codec that the phone does not know', said([key('C')], { formats: '8 0' })],
])('%s is no news', (_what, now) => {
  expect(isNewsToPhone(told, now, phone)).toBe(false);
});

it.each([
  ['another key', said([key('D')])],
  ['a codec less', said([key('C')], { formats: '0' })],
  ['a hold', said([key('C'), 'a=sendonly'])],
  ['a refused medium', said([key('C')], { port: 0 })],
])('%s is news', (_what, now) => {
  expect(isNewsToPhone(told, now, phone)).toBe(true);
});
