import { expect, it } from 'vitest';
import { dataOrder } from '../../../appliance/box/data.ts';
import type { Box } from '../../../appliance/box/orders.ts';

const box = { config: { site: { state_directory: '/nowhere' } } } as Box;

const locked = () => ({ state: 'sealed', said: '', freeBytes: 1 }) as const;

it('a data disk that is locked can only be made anew', async () => {
  expect(await dataOrder('repair', locked)({}, box)).toEqual({
    state: 'refused',
    words: 'The disk is locked, not damaged: there is nothing to repair.',
  });
  expect(await dataOrder('anew', locked)({}, box)).toEqual({
    state: 'refused',
    words: 'Only the image repairs its own disk.',
  });
});

it.each([
  ['ok', 'The data disk is in use: there is nothing to repair.'],
  ['read-only', 'The disk takes no writes: it has to be replaced.'],
  ['broken', 'Only the image repairs its own disk.'],
] as const)('a data disk that is %s is not repaired here', async (state, words) => {
  for (const how of ['repair', 'anew'] as const) {
    const found = () => ({ state, said: '', freeBytes: 1 });
    expect(await dataOrder(how, found)({}, box)).toEqual({ state: 'refused', words });
  }
});
