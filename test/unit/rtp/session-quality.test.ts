import { expect, it } from 'vitest';
import type { LegName } from '../../../appliance/protocol/media-control.ts';
import { encodeRtp } from '../../../appliance/protocol/rtp.ts';
import { newRecorder } from '../../../appliance/rtp/quality-record.ts';
import { newSessionQuality, type SessionQuality } from '../../../appliance/rtp/session-quality.ts';
import { missing } from '../../support/refusal.ts';

const codecs = [{ payloadType: 0, name: 'PCMU', clockRate: 8000 }];
const ssrcs = { phone: 0x0a, cloud: 0x0c } as const;

function packet(leg: LegName, sequence: number): Uint8Array {
  return encodeRtp({
    padding: false,
    marker: false,
    payloadType: 0,
    sequence,
    timestamp: sequence * 160,
    ssrc: ssrcs[leg],
    contributors: [],
    payload: new Uint8Array(160),
  });
}

/** A packet every 20 ms but for those that this end's network loses. */
function talk(
  quality: SessionQuality,
  leg: LegName,
  isLost: (sequence: number) => boolean = () => false,
): void {
  for (let sequence = 0; sequence < 1000; sequence += 1) {
    if (!isLost(sequence)) quality.onRtp(leg, packet(leg, sequence), sequence * 20);
  }
}

interface Block {
  readonly about: LegName;
  readonly lost?: number;
  /** Units of 1/8000 s. */
  readonly jitter?: number;
  readonly lastSenderReport?: number;
  /** ms */
  readonly delay?: number;
}

function report(from: LegName, sender: { middle: number } | undefined, blocks: readonly Block[]): Uint8Array {
  const words = (sender === undefined ? 2 : 7) + blocks.length * 6;
  const view = new DataView(new ArrayBuffer(words * 4));
  view.setUint8(0, 0x80 | blocks.length);
  view.setUint8(1, sender === undefined ? 201 : 200);
  view.setUint16(2, words - 1);
  view.setUint32(4, ssrcs[from]);
  if (sender !== undefined) {
    view.setUint32(8, sender.middle >>> 16);
    view.setUint32(12, (sender.middle & 0xff_ff) << 16);
  }
  blocks.forEach(({ about, lost = 0, jitter = 0, lastSenderReport = 0, delay = 0 }, at) => {
    const start = (sender === undefined ? 8 : 28) + at * 24;
    view.setUint32(start, ssrcs[about]);
    view.setUint32(start + 4, lost & 0xff_ff_ff);
    view.setUint32(start + 12, jitter);
    view.setUint32(start + 16, lastSenderReport);
    view.setUint32(start + 20, Math.round(delay * 65.536));
  });
  return new Uint8Array(view.buffer);
}

function talking(): SessionQuality {
  const quality = newSessionQuality();
  for (const leg of ['phone', 'cloud'] as const) quality.setCodecs(leg, codecs);
  return quality;
}

it('nothing heard is nothing said', () => {
  expect(talking().total()).toBeUndefined();
  expect(newRecorder('c.0').record(0, true)).toBeUndefined();
});

it('a perfect call is as good as a telephone gets, for both', () => {
  const quality = talking();
  talk(quality, 'phone');
  talk(quality, 'cloud');
  const total = quality.total() ?? missing('quality');
  expect(total.heardByPhone).toBeCloseTo(4.41, 2);
  expect(total.heardByFarEnd).toBeCloseTo(4.41, 2);
  expect(total.phone).toMatchObject({ codec: 'PCMU', packets: 1000, lossToBox: 0, jitterToBoxMs: 0 });
  expect(total.phone.lossFromBox).toBeUndefined();
});

it('loss before the box is told from loss behind it', () => {
  const quality = talking();
  talk(quality, 'phone');
  // One in twenty never arrives from the cloud, and the phone misses one in ten.
  talk(quality, 'cloud', (sequence) => sequence % 20 === 10);
  quality.onReport('phone', report('phone', undefined, [{ about: 'cloud', lost: 100, jitter: 80 }]), 20_000);
  const { phone, cloud, heardByPhone, heardByFarEnd } = quality.total() ?? missing('quality');
  expect(cloud.lossToBox).toBeCloseTo(0.05, 2);
  expect(phone.lossFromBox).toBeCloseTo(50 / 950, 2);
  expect(phone.jitterFromBoxMs).toBeCloseTo(10);
  expect(phone.lossToBox).toBe(0);
  expect(heardByPhone).toBeLessThan(3.5);
  expect(heardByFarEnd).toBeCloseTo(4.41, 2);
});

it('the round trip of each leg is seen from the box, whatever the clocks of the far ends say', () => {
  const quality = talking();
  talk(quality, 'phone');
  talk(quality, 'cloud');
  quality.onReport('cloud', report('cloud', { middle: 0x12_34_56_78 }, []), 1000);
  quality.onReport('phone', report('phone', { middle: 0x7a_bc_de_f0 }, []), 1100);
  const answers = {
    phone: { about: 'cloud', lastSenderReport: 0x12_34_56_78, delay: 4000 },
    cloud: { about: 'phone', lastSenderReport: 0x7a_bc_de_f0, delay: 3000 },
  } as const;
  quality.onReport('phone', report('phone', undefined, [answers.phone]), 5012);
  quality.onReport('cloud', report('cloud', undefined, [answers.cloud]), 4340);
  const { phone, cloud, heardByPhone } = quality.total() ?? missing('quality');
  expect(phone.roundTripMs).toBeCloseTo(12, 0);
  expect(cloud.roundTripMs).toBeCloseTo(240, 0);
  expect(heardByPhone).toBeLessThan(4.41);
  expect(cloud.mos).toBeLessThan(phone.mos);
});

it('reports that name nothing that passed, or are broken, change nothing', () => {
  const quality = talking();
  talk(quality, 'phone');
  talk(quality, 'cloud');
  const before = quality.total();
  const wrong = { about: 'phone', lastSenderReport: 99, lost: 500 } as const;
  quality.onReport('phone', report('phone', undefined, [wrong]), 20_000);
  quality.onReport('phone', new Uint8Array([0x81, 0xc9, 0, 1, 0]), 20_000);
  expect(quality.total()).toEqual(before);
});

it('what was asked since last time says nothing of before', () => {
  const quality = talking();
  for (let sequence = 0; sequence < 100; sequence += 2)
    quality.onRtp('phone', packet('phone', sequence), sequence * 20);
  expect(quality.sinceLast()?.phone.lossToBox).toBeCloseTo(0.5, 1);
  for (let sequence = 99; sequence < 200; sequence += 1)
    quality.onRtp('phone', packet('phone', sequence), sequence * 20);
  expect(quality.sinceLast()?.phone.lossToBox).toBe(0);
  expect(quality.sinceLast()).toBeUndefined();
  expect(quality.total()?.phone.lossToBox).toBeCloseTo(0.25, 1);
});

it('a chart keeps sixty points of a call however long it is, and what was bad stays in it', () => {
  const recorder = newRecorder('call.0');
  recorder.quality.setCodecs('cloud', codecs);
  let sequence = 0;
  let record = recorder.record(0, false);
  for (let at = 0; at < 1000; at += 1) {
    for (let spoken = 0; spoken < 10; spoken += 1) {
      sequence += at === 17 ? 2 : 1;
      recorder.quality.onRtp('phone', packet('phone', sequence % 65_536), sequence * 20);
    }
    record = recorder.record(at * 5000, false);
  }
  const chart = record?.chart ?? [];
  expect(chart.length).toBeLessThanOrEqual(60);
  expect(chart.at(-1)?.at).toBe(999 * 5000);
  expect(Math.max(...chart.map(({ phoneLoss }) => phoneLoss))).toBeCloseTo(0.5, 1);
  expect(record).toMatchObject({ session: 'call.0', call: 'call', isEnded: false });
});
