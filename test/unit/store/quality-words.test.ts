import { expect, it } from 'vitest';
import type { LegQuality, MediaQuality } from '../../../appliance/store/media-quality.ts';
import { verdictOn } from '../../../appliance/store/quality-words.ts';

const fine: LegQuality = { packets: 1000, lossToBox: 0, jitterToBoxMs: 1, mos: 4.41 };
const call = (heard: number, phone: Partial<LegQuality>, cloud: Partial<LegQuality> = {}): MediaQuality => ({
  phone: { ...fine, ...phone },
  cloud: { ...fine, ...cloud },
  heardByPhone: heard,
  heardByFarEnd: 4.41,
});

it.each<[string, MediaQuality, object]>([
  ['a good call', call(4.4, {}), { word: 'good', blamed: 'none', text: 'Both ends heard each other well.' }],
  [
    'a phone on a bad socket',
    call(3.4, { lossToBox: 0.051, mos: 3.4 }),
    {
      word: 'poor',
      blamed: 'phone',
      text: 'The network on site lost 5.1 % of the packets on their way to the box.',
    },
  ],
  [
    'loss behind the box',
    call(3.7, { lossFromBox: 0.03, mos: 3.7 }),
    {
      word: 'fair',
      blamed: 'phone',
      text: 'The network on site lost 3.0 % of the packets on their way from the box.',
    },
  ],
  [
    'a line with jitter',
    call(3.9, {}, { jitterToBoxMs: 84.4, mos: 3.9 }),
    { word: 'fair', blamed: 'cloud', text: 'The way out delivered packets unevenly (84 ms of jitter).' },
  ],
  [
    'a long way',
    call(2.9, {}, { roundTripMs: 700, mos: 3 }),
    { word: 'bad', blamed: 'cloud', text: 'The way out took 700 ms there and back.' },
  ],
  [
    'both alike',
    call(2, { lossToBox: 0.1, mos: 2.9 }, { lossToBox: 0.1, mos: 2.9 }),
    { word: 'bad', blamed: 'both' },
  ],
])('%s', (_title, quality, verdict) => {
  expect(verdictOn(quality)).toMatchObject(verdict);
});
