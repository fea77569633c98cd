import { expect, it, onTestFinished } from 'vitest';
import { startRtpRelay } from '../../../appliance/rtp/relay.ts';
import { openMedia } from '../../../appliance/sip/media.ts';
import { openWorld } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { local, registered, talking } from '../../support/sip-calls.ts';
import { missing } from '../../support/refusal.ts';

const wait = { timeoutMs: 5000, everyMs: 5 };

it('found again, the relay keeps the sessions of calls, and of what else was asked for in the name of a call none', async () => {
  const setting = await registered();
  await talking(setting);
  const { site } = setting;
  const call = site.calls()[0]?.id ?? missing('a call');
  await using other = openMedia(openWorld('silent'), site.directory, {
    onIdle: () => undefined,
    onConnected: () => Promise.resolve(),
  });
  await until('another asker to be connected', () => other.isConnected || undefined, wait);
  for (const session of [`${call}.9`, 'nobody.0'])
    await other.allocate(session, { phone: local, cloud: local });
  await site.rtp?.[Symbol.asyncDispose]();
  const again = await startRtpRelay(openWorld('silent'), site.config);
  onTestFinished(() => again[Symbol.asyncDispose]());
  expect(again.counters()).toMatchObject({ sessions_adopted: 3 });
  await until('sessions to be let go', () => again.counters()['sessions'] === 1 || undefined, wait);
  expect(again.counters()).toMatchObject({ ports_used: 4, refused: 0 });
  expect(site.calls()).toMatchObject([{ state: 'up' }]);
  expect(site.sip.counters()).toMatchObject({ calls: 1, calls_lost: 0 });
});
