import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { abandonedMs } from '../../appliance/web/abandoned-upload.ts';
import { openNetworkPage } from '../support/page.ts';

it('a backup that was uploaded and is not put back goes after an hour', async () => {
  const { directory, clock } = await openNetworkPage();
  const file = join(directory, 'web/upload');
  writeFileSync(file, 'gigabytes');
  const now = new Date(clock.now());
  utimesSync(file, now, now);
  await clock.advance(abandonedMs - 60_000);
  expect(existsSync(file)).toBe(true);
  await clock.advance(20 * 60_000);
  await expect.poll(() => existsSync(file)).toBe(false);
});
