import { expect, it, onTestFinished } from 'vitest';
import type { Help } from '../../../appliance/sip/help/help.ts';
import { newNotices } from '../../../appliance/sip/help/notices.ts';
import { openWorld } from '../../../appliance/world.ts';
import { fakeClock } from '../../support/clock.ts';

it('a notice is tried for a day, however the clock is set meanwhile', async () => {
  const clock = fakeClock();
  let tries = 0;
  const notices = newNotices({ world: { ...openWorld('silent'), clock }, onChange: () => undefined });
  onTestFinished(() => notices[Symbol.asyncDispose]());
  const help = { call: 'c', at: clock.now(), notices: [] } as unknown as Help;
  notices.tell(help, {
    by: 'mail',
    to: 'x@site.example',
    isRepeated: true,
    send: async () => {
      tries += 1;
      await Promise.reject(new Error('no way'));
      return '';
    },
  });
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(10_000);
  const before = tries;
  clock.set(clock.now() + 400 * 86_400_000);
  await clock.advance(3_600_000);
  expect(tries).toBeGreaterThan(before + 5);
  await clock.advance(86_400_000);
  const atTheEnd = tries;
  await clock.advance(86_400_000);
  expect(tries).toBe(atTheEnd);
});
