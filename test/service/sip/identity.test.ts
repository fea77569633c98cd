import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { ensureAuthority, serverIdentity } from '../../../appliance/net/authority.ts';
import { renewIdentity } from '../../../appliance/sip/identity.ts';
import { openWorld } from '../../../appliance/world.ts';
import { fakeClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const dayMs = 86_400_000;
const installed = Date.parse('2027-01-01');

it.each([
  ['is shown to phones within a day when it is due', 560, 1],
  ['stays as it is while it is good', 100, 0],
])('the certificate %s', async (_title, days, times) => {
  const directory = temporaryDirectory();
  await ensureAuthority(directory, '127.0.0.1', fakeClock(installed));
  const first = serverIdentity(directory, '127.0.0.1');
  const { site } = parseConfig(`[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}"`);
  const shown: string[] = [];
  const errors: unknown[] = [];
  const clock = fakeClock(installed + days * dayMs);
  await using _renewing = renewIdentity(
    { ...openWorld('silent'), clock },
    {
      site,
      shown: first,
      engine: { setIdentity: ({ cert }) => shown.push(cert) },
      onError: (error) => errors.push(error),
    },
  );
  await clock.advance(dayMs);
  if (times > 0) await until('the new one', () => shown[0], { timeoutMs: 10_000, everyMs: 10 });
  await clock.advance(2 * dayMs);
  expect(errors).toEqual([]);
  expect(shown).toEqual(times === 0 ? [] : [serverIdentity(directory, '127.0.0.1').cert]);
  expect(serverIdentity(directory, '127.0.0.1').cert === first.cert).toBe(times === 0);
});
