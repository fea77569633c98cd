import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { showSetupCode } from '../../../appliance/web/show-setup-code.ts';
import { temporaryDirectory } from '../../support/directory.ts';

it('the set-up code is shown in a file that its group reads and nobody else, whole, until there is none', () => {
  const file = join(temporaryDirectory(), 'code');
  showSetupCode('ABCD-EFGH-JKLM', file);
  expect(readFileSync(file, 'utf8')).toBe('ABCD-EFGH-JKLM\n');
  expect(statSync(file).mode & 0o777).toBe(0o640);
  showSetupCode(undefined, file);
  expect(existsSync(file)).toBe(false);
});

it('where no screen asks for the code it is written nowhere', () => {
  expect(() => showSetupCode('ABCD-EFGH-JKLM', undefined)).not.toThrow();
});
