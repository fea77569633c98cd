import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { uint16At } from '../../../appliance/protocol/bytes.ts';
import { encodeRtp } from '../../../appliance/protocol/rtp.ts';
import { srtpSuites, type SrtpSuite } from '../../../appliance/protocol/srtp.ts';
import { deriveKeys, newKeystream } from '../../../appliance/rtp/srtp-cipher.ts';
import { newSrtpReceiver, newSrtpSender, type Srtp } from '../../../appliance/rtp/srtp.ts';
import { mutations } from '../../support/hostile-bytes.ts';
import { missing } from '../../support/refusal.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const hex = (from: Uint8Array | undefined) => Buffer.from(from ?? []).toString('hex');
/** Of RFC 3711 appendix B.3 and libsrtp's own checks. */
const master = bytes('e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6');
const suite = 'AES_CM_128_HMAC_SHA1_80';
const suites = Object.keys(srtpSuites) as SrtpSuite[];

it('the keystream is that of RFC 3711 appendix B.2', () => {
  const keystream = newKeystream(bytes('2b7e151628aed2a6abf7158809cf4f3c'));
  const stream = keystream(bytes('f0f1f2f3f4f5f6f7f8f9fafbfcfd0000'), 0xff02 * 16);
  const block = (at: number) => hex(stream.subarray(at * 16, at * 16 + 16));
  expect([0, 1, 2, 0xfeff, 0xff00, 0xff01].map(block)).toEqual([
    'e03ead0935c95e80e166b16dd92b4eb4',
    'd23513162b02d0f72a43a2fe4a5f97ab',
    '41e95b3bb0a2e8dd477901e4fca894c0',
    'ec8cdf7398607cb0f2d21675ea9ea1e4',
    '362b7c3c6773516318a077d7fc5073ae',
    '6a2cc3787889374fbeb4c81b17ba6c44',
  ]);
});

it('the session keys are those of RFC 3711 appendix B.3', () => {
  const { encryption, salt, authentication } = deriveKeys(master, 'rtp');
  expect(hex(encryption)).toBe('c61e7a93744f39ee10734afe3ff7a087');
  expect(hex(salt)).toBe('30cbbc08863d8c85d49db34a9ae1');
  expect(hex(authentication)).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
});

const plainRtp = '800f1234decafbadcafebabe abababababababababababababababab';
const plainRtcp = '81c8000bcafebabe abababababababababababababababab';

it('whole packets are those that libsrtp makes', () => {
  const sender = newSrtpSender({ suite, master });
  expect(hex(sender.rtp(bytes(plainRtp)))).toBe(
    '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb',
  );
  sender.rtcp(bytes(plainRtcp));
  expect(hex(sender.rtcp(bytes(plainRtcp)))).toBe(
    '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798',
  );
});

const packet = (sequence: number, ssrc = 7) =>
  encodeRtp({
    padding: false,
    marker: false,
    payloadType: 0,
    sequence: sequence % 65_536,
    timestamp: sequence * 160,
    ssrc,
    contributors: [],
    payload: new Uint8Array(160).fill(sequence),
  });

it.each(suites)('%s: what one end sends the other one reads, RTP and RTCP', (name) => {
  const sender = newSrtpSender({ suite: name, master });
  const receiver = newSrtpReceiver({ suite: name, master });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 1400 }), fc.nat(3), (payload, csrcs) => {
      const contributors = Array.from({ length: csrcs }, (_, at) => at);
      const fields = { padding: false, marker: true, payloadType: 96, timestamp: 5, contributors };
      const sequence = (next += 1);
      const clear = encodeRtp({ ...fields, sequence, ssrc: 9, payload });
      expect(hex(receiver.rtp(sender.rtp(clear) ?? missing('a packet')))).toBe(hex(clear));
      const report = new Uint8Array([0x80, 0xc9, 0, 1, 0, 0, 0, 9, ...payload]);
      expect(hex(receiver.rtcp(sender.rtcp(report) ?? missing('a report')))).toBe(hex(report));
    }),
  );
});
let next = 0;

it('a sequence number that wraps again and again is followed, whatever is lost around the border', () => {
  fc.assert(
    fc.property(
      fc.nat(32_767),
      fc.array(fc.integer({ min: 1, max: 32_000 }), { maxLength: 30 }),
      (start, gaps) => {
        const sender = newSrtpSender({ suite, master });
        const receiver = newSrtpReceiver({ suite, master });
        let sequence = start;
        for (const gap of [0, ...gaps]) {
          sequence += gap;
          const clear = packet(sequence);
          expect(hex(receiver.rtp(sender.rtp(clear) ?? missing('a packet')))).toBe(hex(clear));
        }
      },
    ),
    { numRuns: 30 },
  );
});

it('packets lost, late and doubled at 65,535 are each read once', () => {
  const sender = newSrtpSender({ suite, master });
  const receiver = newSrtpReceiver({ suite, master });
  const sent = Array.from({ length: 12 }, (_, at) => sender.rtp(packet(65_530 + at)) ?? missing('a packet'));
  // 65,535 is lost, 65,536 overtakes, 65,533 comes twice and very late.
  const order = [0, 1, 2, 4, 6, 3, 7, 3, 8, 2, 9, 11, 10];
  const read = order.map((at) => receiver.rtp(new Uint8Array(sent[at] ?? [])) !== undefined);
  expect(read.map((isRead, at) => (isRead ? -1 : order[at])).filter((at) => at !== -1)).toEqual([3, 2]);
});

it('a stream whose packets before the first wrap were all lost is heard', () => {
  const sender = newSrtpSender({ suite, master });
  const receiver = newSrtpReceiver({ suite, master });
  sender.rtp(packet(65_535));
  const clear = packet(65_536);
  expect(hex(receiver.rtp(sender.rtp(clear) ?? missing('a packet')))).toBe(hex(clear));
});

it('a packet of another key, with any bit changed, or once more is not read, and harms none that follows', () => {
  const sender = newSrtpSender({ suite, master });
  const receiver = newSrtpReceiver({ suite, master });
  const stranger = newSrtpSender({ suite, master: master.map((byte) => byte ^ 1) });
  const good = sender.rtp(packet(1)) ?? missing('a packet');
  expect(receiver.rtp(stranger.rtp(packet(40_000)) ?? missing('a packet'))).toBeUndefined();
  for (let at = 0; at < good.length; at += 1) {
    const wrong = new Uint8Array(good);
    wrong[at] = (wrong[at] ?? 0) ^ 0x10;
    expect(receiver.rtp(wrong), `byte ${at}`).toBeUndefined();
  }
  expect(receiver.rtp(new Uint8Array(good))).toBeDefined();
  expect(receiver.rtp(new Uint8Array(good))).toBeUndefined();
  const report = sender.rtcp(bytes(plainRtcp)) ?? missing('a report');
  const wrong = new Uint8Array(report);
  wrong[24] = (wrong[24] ?? 0) ^ 0x80;
  expect(receiver.rtcp(wrong)).toBeUndefined();
  expect(receiver.rtcp(new Uint8Array(report))).toBeDefined();
  expect(receiver.rtcp(new Uint8Array(report))).toBeUndefined();
});

it('SRTCP that is signed and not encrypted (E is 0) is read as it is', () => {
  const sender = newSrtpSender({ suite, master });
  const receiver = newSrtpReceiver({ suite, master });
  const { authentication } = deriveKeys(master, 'rtcp');
  const clear = new Uint8Array([...bytes(plainRtcp), 0, 0, 0, 5]);
  const signed = new Uint8Array([
    ...clear,
    ...createHmac('sha1', authentication).update(clear).digest().subarray(0, 10),
  ]);
  expect(hex(receiver.rtcp(signed))).toBe(hex(bytes(plainRtcp)));
  expect(sender.rtcp(new Uint8Array(7))).toBeUndefined();
});

it('the same packet is not encrypted twice, and neither is one too old to be told from it', () => {
  const sender = newSrtpSender({ suite, master });
  expect(sender.rtp(packet(500))).toBeDefined();
  expect(sender.rtp(packet(500))).toBeUndefined();
  expect(sender.rtp(packet(372))).toBeUndefined();
  expect(sender.rtp(packet(499))).toBeDefined();
});

/** What the other end makes of it: the sequence number and the payload. */
const heard = (receiver: Srtp, clear: Uint8Array, sender: Srtp) => {
  const secured = sender.rtp(clear);
  const read = secured && receiver.rtp(secured);
  return read && { sequence: uint16At(read, 2), payload: read[12] };
};

it.each([
  ['lower', 65_000, 40_000],
  ['so much higher that it looks lower', 100, 40_000],
])('a sender that begins anew with numbers %s is heard from its second packet on', (_, before, after) => {
  const sender = newSrtpSender({ suite, master });
  const receiver = newSrtpReceiver({ suite, master });
  expect(heard(receiver, packet(before), sender)).toBeDefined();
  const read = Array.from({ length: 2000 }, (_, at) => heard(receiver, packet(after + at), sender));
  expect(read.map((each) => each !== undefined).indexOf(true)).toBe(1);
  expect(read.slice(1).filter((each) => each === undefined)).toEqual([]);
  expect(read[1]).toEqual({ sequence: before + 1, payload: (after + 1) % 256 });
});

it('one packet that is much too late is not taken for a new beginning, and changes nothing', () => {
  const sender = newSrtpSender({ suite, master });
  for (const sequence of [20_000, 20_001]) expect(sender.rtp(packet(sequence))).toBeDefined();
  expect(sender.rtp(packet(100))).toBeUndefined();
  expect(uint16At(sender.rtp(packet(20_002)) ?? missing('a packet'), 2)).toBe(20_002);
  expect(sender.rtp(packet(101))).toBeUndefined();
});

/** The receiver refuses each index that it has seen. */
function isEachReadOnce(runs: readonly (readonly [start: number, length: number])[]): boolean {
  const sender = newSrtpSender({ suite, master });
  const receiver = newSrtpReceiver({ suite, master });
  return runs
    .flatMap(([start, length]) => Array.from({ length }, (_, at) => start + at))
    .flatMap((sequence) => sender.rtp(packet(sequence)) ?? [])
    .every((secured) => receiver.rtp(secured) !== undefined);
}

it('no keystream is used twice, whatever numbers come in', () => {
  const runs = fc.array(fc.tuple(fc.nat(65_535), fc.nat(200)), { maxLength: 12 });
  expect(() => fc.assert(fc.property(runs, isEachReadOnce), { numRuns: 30 })).not.toThrow();
});

it('any sender after the sixty-fourth is heard, and those before go on where they were', () => {
  const sender = newSrtpSender({ suite, master });
  const receiver = newSrtpReceiver({ suite, master });
  const first = sender.rtp(packet(65_535, 0)) ?? missing('a packet');
  expect(receiver.rtp(new Uint8Array(first))).toBeDefined();
  expect(heard(receiver, packet(65_536, 0), sender)).toBeDefined();
  for (let ssrc = 1; ssrc < 300; ssrc += 1) expect(heard(receiver, packet(1, ssrc), sender)).toBeDefined();
  expect(receiver.rtp(new Uint8Array(first))).toBeUndefined();
  expect(sender.rtp(packet(65_536, 0))).toBeUndefined();
  expect(heard(receiver, packet(65_537, 0), sender)).toBeDefined();
});

it('more senders than a call can ever have are refused, those known go on', () => {
  const sender = newSrtpSender({ suite, master });
  for (let ssrc = 0; ssrc < 10_064; ssrc += 1) sender.rtp(packet(1, ssrc));
  expect(sender.rtp(packet(1, 20_000))).toBeUndefined();
  expect(sender.rtp(packet(2, 0))).toBeDefined();
});

it('after another key a sender is heard whether its roll-over counter goes on or begins anew', () => {
  const next = master.map((byte) => byte ^ 1);
  for (const begin of [65_536 * 2 + 9, 9]) {
    const old = newSrtpReceiver({ suite, master });
    const before = newSrtpSender({ suite, master });
    for (const sequence of [65_000, 65_536 + 20_000, 65_536 + 50_000, 131_072 + 8])
      expect(heard(old, packet(sequence), before)).toBeDefined();
    const after = newSrtpSender({ suite, master: next });
    const receiver = newSrtpReceiver({ suite, master: next }, old.highest());
    for (let wrap = 65_000; wrap <= begin; wrap += 30_000) after.rtp(packet(wrap));
    expect(heard(receiver, packet(begin), after)).toBeDefined();
    expect(heard(receiver, packet(begin + 1), after)).toBeDefined();
  }
});

it('nothing that comes in makes it throw', () => {
  const [sender, receiver] = [newSrtpSender({ suite, master }), newSrtpReceiver({ suite, master })];
  const other = newSrtpSender({ suite, master });
  const good = [other.rtp(packet(1)), other.rtcp(bytes(plainRtcp)), packet(2)];
  const hostile = good.flatMap((from, at) => mutations(from ?? missing('a packet'), 300, at));
  for (const input of hostile) {
    for (const { rtp, rtcp } of [sender, receiver]) {
      rtp(new Uint8Array(input));
      rtcp(new Uint8Array(input));
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      expect(receiver.rtp(new Uint8Array(input))).toBeUndefined();
      expect(receiver.rtcp(new Uint8Array(input))).toBeUndefined();
      sender.rtp(input);
      sender.rtcp(input);
    }),
  );
});

it('the largest datagram is carried', () => {
  const [sender, receiver] = [newSrtpSender({ suite, master }), newSrtpReceiver({ suite, master })];
  const clear = new Uint8Array([...packet(1), ...new Uint8Array(65_200)]);
  expect(hex(receiver.rtp(sender.rtp(clear) ?? missing('a packet')))).toBe(hex(clear));
});
