import { expect, it } from 'vitest';
import { meanOpinionScore, rating } from '../../../appliance/rtp/e-model.ts';

const r = (codec: string | undefined, loss: number, delayMs: number) => rating({ codec, loss, delayMs });

it.each<[string, { codec: string; percent: number; delayMs: number }, number]>([
  ['G.711 without anything', { codec: 'PCMU', percent: 0, delayMs: 0 }, 93.2],
  ['delay below 100 ms, which nobody notices', { codec: 'PCMA', percent: 0, delayMs: 100 }, 93.2],
  ['G.711 with 2 % of loss: 95 * 2 / (2 + 25.1)', { codec: 'PCMU', percent: 2, delayMs: 0 }, 93.2 - 7.01],
  ['G.729 without loss', { codec: 'G729', percent: 0, delayMs: 0 }, 82.2],
  ['G.729 with 5 %: 11 + 84 * 5 / (5 + 19)', { codec: 'G729', percent: 5, delayMs: 0 }, 93.2 - 28.5],
  ['200 ms: Idd of x = 1', { codec: 'PCMU', percent: 0, delayMs: 200 }, 93.2 - 3.04],
  ['400 ms: Idd of x = 2', { codec: 'PCMU', percent: 0, delayMs: 400 }, 93.2 - 24.06],
])('R of %s', (_title, { codec, percent, delayMs }, expected) => {
  expect(r(codec, percent / 100, delayMs)).toBeCloseTo(expected, 1);
});

it('opinions are those of G.107 annex B', () => {
  expect(meanOpinionScore({ codec: 'PCMU', loss: 0, delayMs: 0 })).toBeCloseTo(4.41, 2);
  expect(meanOpinionScore({ codec: 'PCMU', loss: 1, delayMs: 0 })).toBeLessThan(1.2);
  expect(meanOpinionScore({ codec: 'G729', loss: 0, delayMs: 0 })).toBeCloseTo(4.1, 1);
});

it('more loss and more delay never sound better, and nothing leaves 1 to 4.5', () => {
  for (const codec of ['PCMU', 'G722', 'G729', 'OPUS', 'SILK', undefined]) {
    let last = 5;
    for (let step = 0; step <= 100; step += 1) {
      const mos = meanOpinionScore({ codec, loss: step / 100, delayMs: step * 30 });
      expect(mos).toBeLessThanOrEqual(last);
      expect(mos).toBeGreaterThanOrEqual(1);
      last = mos;
    }
  }
  expect(meanOpinionScore({ codec: 'PCMU', loss: -1, delayMs: -5 })).toBeLessThan(4.5);
});
