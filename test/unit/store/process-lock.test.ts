import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { takeLock } from '../../../appliance/store/process-lock.ts';
import { temporaryDirectory } from '../../support/directory.ts';

it('a lock is for one at a time, and free again when it is given back', () => {
  const file = join(temporaryDirectory(), 'box/update.lock');
  const first = takeLock(file);
  expect(takeLock(file)).toBeUndefined();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  first?.[Symbol.dispose]();
  using second = takeLock(file);
  expect(second).toBeDefined();
});
