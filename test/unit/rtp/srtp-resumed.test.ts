/** SRTP that a process before this one ended: its keys are known again, and how far they were used is not (RFC 3711 sections 3.3.1 and 9.1). */
import { expect, it } from 'vitest';
import { decodeRtcp } from '../../../appliance/protocol/rtcp.ts';
import { encodeRtp } from '../../../appliance/protocol/rtp.ts';
import { newSrtpLegs, type SrtpLegs } from '../../../appliance/rtp/srtp-legs.ts';
import { newSrtpReceiver, newSrtpSender } from '../../../appliance/rtp/srtp.ts';
import { missing } from '../../support/refusal.ts';

const suite = 'AES_CM_128_HMAC_SHA1_80';
const key = (letter: string) => ({ suite, inline: letter.repeat(40) }) as const;
const master = (letter: string) => new Uint8Array(Buffer.from(letter.repeat(40), 'base64'));
const keys = { receive: key('P'), send: key('B') };
/** Of the gateway, whose packets come in clear. */
const gateway = 0x11_11_11_11;
const payloadAt = 12;

const packet = (sequence: number) =>
  encodeRtp({
    padding: false,
    marker: false,
    payloadType: 0,
    sequence: sequence % 65_536,
    timestamp: 0,
    ssrc: gateway,
    contributors: [],
    payload: new Uint8Array(160),
  });
/** About the phone, 22222222. */
const report = () =>
  new Uint8Array(
    Buffer.from(
      '81c90007 11111111 22222222 40fffffe 00010005 00000028 b2c3d4e5 00018000'.replaceAll(' ', ''),
      'hex',
    ),
  );

const first = (): SrtpLegs => {
  const legs = newSrtpLegs();
  legs.setKeys('phone', keys);
  return legs;
};
const next = (): SrtpLegs => {
  const legs = newSrtpLegs();
  legs.resume(['phone']);
  legs.setKeys('phone', keys);
  return legs;
};
const sealed = (legs: SrtpLegs, kind: 'rtp' | 'rtcp', clear: Uint8Array) =>
  new Uint8Array(legs.seal('phone', kind, clear) ?? missing('SRTP'));

/** A phone that has spoken for so many packets; those at these places, encrypted. */
function spoken(...places: number[]): Uint8Array[] {
  const sender = newSrtpSender({ suite, master: master('P') });
  const last = Math.max(...places);
  const kept = new Map<number, Uint8Array>();
  for (let at = 0; at <= last; at += 1) {
    // Each half of the numbers is enough to count.
    if (!places.includes(at) && at % 16_384 !== 0) continue;
    kept.set(at, new Uint8Array(sender.rtp(packet(at)) ?? missing('SRTP')));
  }
  return places.map((at) => kept.get(at) ?? missing('a packet'));
}

it('before it has its keys again nothing crosses, in no direction', () => {
  const legs = newSrtpLegs();
  legs.resume(['phone']);
  expect([legs.isBridge(), legs.needsKeys(), legs.bridged()]).toEqual([true, true, ['phone']]);
  expect(legs.open('phone', 'rtp', packet(1))).toBeUndefined();
  expect(legs.open('cloud', 'rtp', packet(1))).toBeUndefined();
  expect(legs.seal('phone', 'rtp', packet(1))).toBeUndefined();
  legs.setKeys('phone', keys);
  expect([legs.isBridge(), legs.needsKeys()]).toEqual([true, false]);
  const [one] = spoken(1);
  expect(legs.open('phone', 'rtp', one ?? missing('SRTP'))).toEqual(packet(1));
});

it('a session that crossed untouched goes on at once', () => {
  const legs = newSrtpLegs();
  legs.resume([]);
  expect([legs.isBridge(), legs.needsKeys()]).toEqual([false, false]);
  expect(legs.open('phone', 'rtp', packet(1))).toEqual(packet(1));
});

/** The payload is zeros: what is sent is the keystream itself. */
const stream = (out: Uint8Array) => Buffer.from(out.subarray(payloadAt, payloadAt + 160)).toString('hex');

it('no keystream is used twice, whichever packets come again', () => {
  const [before, after] = [first(), next()];
  const names = new Set<number>();
  for (const legs of [before, after, next()])
    for (const kind of ['rtp', 'rtcp'] as const) {
      const out = sealed(legs, kind, kind === 'rtp' ? packet(7) : report());
      names.add(new DataView(out.buffer, out.byteOffset).getUint32(kind === 'rtp' ? 8 : 4));
    }
  expect(names, 'a synchronisation source for each process').toHaveLength(3);
  const [one, two] = [sealed(first(), 'rtp', packet(7)), sealed(next(), 'rtp', packet(7))];
  expect(stream(one)).not.toBe(stream(two));
});

it('the other end hears it as another source, and what it reports of that is told of the one that there is', () => {
  const ear = newSrtpReceiver({ suite, master: master('B') });
  const before = first();
  expect(ear.rtp(sealed(before, 'rtp', packet(40_000)))).toEqual(packet(40_000));
  const legs = next();
  const heard = ear.rtp(sealed(legs, 'rtp', packet(7))) ?? missing('what can be read');
  const name = new DataView(heard.buffer, heard.byteOffset).getUint32(8);
  expect(heard.subarray(payloadAt)).toEqual(packet(7).subarray(payloadAt));
  const [own] = decodeRtcp(ear.rtcp(sealed(legs, 'rtcp', report())) ?? missing('a report'));
  expect(own).toMatchObject({ ssrc: name, blocks: [{ ssrc: 0x22_22_22_22 }] });
  const theirs = report();
  new DataView(theirs.buffer).setUint32(8, name);
  const phone = newSrtpSender({ suite, master: master('P') });
  const opened = legs.open('phone', 'rtcp', new Uint8Array(phone.rtcp(theirs) ?? missing('SRTCP')));
  expect(decodeRtcp(opened ?? missing('a report'))).toMatchObject([{ blocks: [{ ssrc: gateway }] }]);
});

it('a phone whose numbers began anew three times since the call began is heard', () => {
  const legs = next();
  const at = 3 * 65_536 + 40_000;
  for (const secured of spoken(at, at + 1))
    expect(legs.open('phone', 'rtp', secured)?.subarray(payloadAt)).toEqual(packet(0).subarray(payloadAt));
});

it('old packets that somebody kept are heard once at most, and deafen nobody', () => {
  const legs = next();
  const now = 3 * 65_536 + 40_000;
  const [old, older, fresh, later] = spoken(100_000, 30_000, now, now + 1);
  const open = (secured: Uint8Array = missing('SRTP')) => legs.open('phone', 'rtp', new Uint8Array(secured));
  expect(open(old)).toBeDefined();
  expect(open(older)).toBeUndefined();
  expect(open(fresh)).toBeDefined();
  expect(open(old)).toBeUndefined();
  expect(open(later)).toBeDefined();
});

it('who sends what fits nothing is not searched for without end, and those who were heard go on', () => {
  const legs = next();
  const [fresh, later, muchLater] = spoken(70_000, 70_001, 200_000);
  expect(legs.open('phone', 'rtp', new Uint8Array(fresh ?? missing('SRTP')))).toBeDefined();
  const forged = new Uint8Array(fresh ?? missing('SRTP'));
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  for (let at = 0; at < 600; at += 1)
    expect(legs.open('phone', 'rtp', new Uint8Array(forged))).toBeUndefined();
  expect(legs.open('phone', 'rtp', later ?? missing('SRTP'))).toBeDefined();
  expect(
    legs.open('phone', 'rtp', muchLater ?? missing('SRTP')),
    'beyond what the RFC guesses',
  ).toBeUndefined();
});

it('what is too short to name anybody is not sent', () => {
  expect(next().seal('phone', 'rtp', new Uint8Array(11).fill(128))).toBeUndefined();
});

it.each([
  ['a BYE of nobody first', '80cb0001 11111111 81cb0001 11111111'],
  ['a description of nobody first', '80ca0001 11111111'],
  ['a length that is not its own', '80c90009 11111111'],
  ['too little', '80c9'],
])('a report that would go on with the former source is not sent: %s', (_title, hex) => {
  const broken = new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  expect(next().seal('phone', 'rtcp', broken)).toBeUndefined();
});
