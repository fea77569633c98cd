import { expect, test } from 'vitest';
import { declineBudget } from '../../../appliance/dhcp/decline-budget.ts';

const hour = 3_600_000;

test('a client is believed three times an hour', () => {
  const budget = declineBudget(hour);
  const taken = [0, 1, 2, 3, hour - 1, hour].map((now) => budget.take('02:00:00:00:00:01', now));
  expect(taken).toEqual([true, true, true, false, false, true]);
});

test('a clock that is set back keeps nobody silent for longer', () => {
  const budget = declineBudget(hour);
  for (const now of [0, 1, 2, 3]) budget.take('02:00:00:00:00:01', 10 * hour + now);
  expect(budget.take('02:00:00:00:00:01', hour)).toBe(true);
});
