import { expect, it } from 'vitest';
import { newSurroundings } from '../../../appliance/rtp/surroundings.ts';
import { fakeClock } from '../../support/clock.ts';

it('the machine is looked at once a second, and for an address that was not there', async () => {
  const clock = fakeClock();
  const around = newSurroundings(clock);
  const first = around('127.0.0.1');
  expect(first.networks.map(({ address }) => address)).toContain('127.0.0.1');
  await clock.advance(900);
  expect(around('127.0.0.1')).toBe(first);
  const second = around('203.0.113.77');
  expect(second).not.toBe(first);
  expect(around('127.0.0.1')).toBe(second);
  await clock.advance(1100);
  expect(around('127.0.0.1')).not.toBe(second);
});
