import { expect, it } from 'vitest';
import type { LegKeys } from '../../../appliance/protocol/media-description.ts';
import { encodeRtp } from '../../../appliance/protocol/rtp.ts';
import { newSrtpLegs, type SrtpLegs } from '../../../appliance/rtp/srtp-legs.ts';
import { newSrtpReceiver, newSrtpSender } from '../../../appliance/rtp/srtp.ts';
import { missing } from '../../support/refusal.ts';

const suite = 'AES_CM_128_HMAC_SHA1_80';
const key = (letter: string) => ({ suite, inline: letter.repeat(40) }) as const;
const master = (letter: string) => new Uint8Array(Buffer.from(letter.repeat(40), 'base64'));
const sends = (letter: string) => newSrtpSender({ suite, master: master(letter) });
const hears = (letter: string) => newSrtpReceiver({ suite, master: master(letter) });
const bridged: LegKeys = { receive: key('P'), send: key('B') };

const packet = (sequence: number) =>
  encodeRtp({
    padding: false,
    marker: false,
    payloadType: 0,
    sequence,
    timestamp: 0,
    ssrc: 1,
    contributors: [],
    payload: new Uint8Array(160).fill(sequence),
  });
const report = new Uint8Array(Buffer.from('80c9000100000001', 'hex'));

/** As a packet crosses. */
function convert(
  legs: SrtpLegs,
  [from, kind]: readonly ['phone' | 'cloud', 'rtp' | 'rtcp'],
  bytes: Uint8Array,
): Uint8Array | undefined {
  const clear = legs.open(from, kind, bytes);
  return clear && legs.seal(from === 'phone' ? 'cloud' : 'phone', kind, clear);
}

it('without keys everything crosses as it is', () => {
  const legs = newSrtpLegs();
  const [rtp, junk] = [packet(1), new Uint8Array(3)];
  expect(legs.isBridge()).toBe(false);
  expect(convert(legs, ['phone', 'rtp'], rtp)).toBe(rtp);
  expect(convert(legs, ['cloud', 'rtcp'], junk)).toBe(junk);
  expect(legs.read('phone', report)).toBe(report);
});

it('SRTP of the phone is RTP for the other side, and back', () => {
  const legs = newSrtpLegs();
  legs.setKeys('phone', bridged);
  const [phone, ear] = [sends('P'), hears('B')];
  expect(legs.isBridge()).toBe(true);
  for (const kind of ['rtp', 'rtcp'] as const) {
    const clear = kind === 'rtp' ? packet(1) : report;
    expect(convert(legs, ['phone', kind], phone[kind](clear) ?? missing('SRTP'))).toEqual(Buffer.from(clear));
    const secured = convert(legs, ['cloud', kind], clear) ?? missing('SRTP');
    expect(secured.length).toBeGreaterThan(clear.length);
    expect(ear[kind](secured)).toEqual(Buffer.from(clear));
  }
});

it('what is not signed with the key of the phone reaches nobody, and neither does its own echo', () => {
  const legs = newSrtpLegs();
  legs.setKeys('phone', bridged);
  expect(convert(legs, ['phone', 'rtp'], packet(1))).toBeUndefined();
  expect(convert(legs, ['phone', 'rtp'], sends('X').rtp(packet(1)) ?? missing('SRTP'))).toBeUndefined();
  expect(convert(legs, ['phone', 'rtp'], sends('B').rtp(packet(1)) ?? missing('SRTP'))).toBeUndefined();
});

it('two legs with keys of their own are joined', () => {
  const legs = newSrtpLegs();
  legs.setKeys('phone', bridged);
  legs.setKeys('cloud', { receive: key('C'), send: key('D') });
  const onward = convert(legs, ['phone', 'rtp'], sends('P').rtp(packet(5)) ?? missing('SRTP'));
  expect(hears('D').rtp(onward ?? missing('SRTP'))).toEqual(Buffer.from(packet(5)));
});

it('the same keys again do not begin anew; new ones are taken, and the old until the first packet of the new', () => {
  const legs = newSrtpLegs();
  legs.setKeys('phone', bridged);
  const old = sends('P');
  const first = old.rtp(packet(1)) ?? missing('SRTP');
  expect(convert(legs, ['phone', 'rtp'], new Uint8Array(first))).toBeDefined();
  legs.setKeys('phone', { ...bridged });
  expect(convert(legs, ['phone', 'rtp'], new Uint8Array(first))).toBeUndefined();
  legs.setKeys('phone', { ...bridged, receive: key('Q') });
  const late = [2, 3].map((sequence) => old.rtp(packet(sequence)) ?? missing('SRTP'));
  expect(convert(legs, ['phone', 'rtp'], late[0] ?? missing('SRTP'))).toBeDefined();
  expect(convert(legs, ['phone', 'rtp'], sends('Q').rtp(packet(4)) ?? missing('SRTP'))).toBeDefined();
  expect(convert(legs, ['phone', 'rtp'], late[1] ?? missing('SRTP'))).toBeUndefined();
  expect(convert(legs, ['cloud', 'rtp'], packet(1))).toBeDefined();
  legs.setKeys('phone', undefined);
  expect(legs.isBridge()).toBe(false);
});

it('reports are read with the keys of a leg whose packets cross untouched, and stay as they were', () => {
  const legs = newSrtpLegs();
  legs.setKeys('phone', { receive: key('P') });
  const secured = sends('P').rtcp(report) ?? missing('SRTCP');
  const copy = new Uint8Array(secured);
  expect(convert(legs, ['phone', 'rtcp'], secured)).toBe(secured);
  expect(legs.read('phone', secured)).toEqual(report);
  expect(new Uint8Array(secured)).toEqual(copy);
  expect(legs.read('phone', sends('X').rtcp(report) ?? missing('SRTCP'))).toBeUndefined();
});

it('keys that go for a while and come back go on where they were: no keystream is used twice, and nothing is heard twice', () => {
  const legs = newSrtpLegs();
  const [phone, ear] = [sends('P'), hears('B')];
  legs.setKeys('phone', bridged);
  const first = phone.rtp(packet(1)) ?? missing('SRTP');
  expect(convert(legs, ['phone', 'rtp'], new Uint8Array(first))).toBeDefined();
  for (const kind of ['rtp', 'rtcp'] as const) {
    const secured = convert(legs, ['cloud', kind], kind === 'rtp' ? packet(1) : report);
    expect(ear[kind](secured ?? missing('SRTP'))).toBeDefined();
  }
  legs.setKeys('phone', undefined);
  expect(convert(legs, ['phone', 'rtp'], packet(1))).toEqual(packet(1));
  expect(convert(legs, ['cloud', 'rtcp'], report)).toEqual(report);
  expect(legs.read('phone', report)).toEqual(report);
  legs.setKeys('phone', { ...bridged });
  expect(convert(legs, ['phone', 'rtp'], first)).toBeUndefined();
  expect(convert(legs, ['cloud', 'rtp'], packet(1))).toBeUndefined();
  const again = convert(legs, ['cloud', 'rtcp'], report) ?? missing('SRTCP');
  expect(ear.rtcp(again)).toEqual(Buffer.from(report));
});
