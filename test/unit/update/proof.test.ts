import { expect, it } from 'vitest';
import { steadyMissingMs } from '../../../appliance/update/proof.ts';

const now = 1_000_000_000;
const started = (...ages: number[]) => ages.map((age) => ({ startedAt: now - age }));

it('parts that have run on for a while need not be waited for', () => {
  expect(steadyMissingMs(started(20_000, 6000), now)).toBe(0);
});

it('the part that started last is waited for until it has run as long', () => {
  expect(steadyMissingMs(started(20_000, 1500, 4000), now)).toBe(4500);
});

it('a start that a clock set since has moved far away or into the future shows nothing', () => {
  expect(steadyMissingMs(started(3_600_000), now)).toBe(6000);
  expect(steadyMissingMs(started(-5000), now)).toBe(6000);
});
