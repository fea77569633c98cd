import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readDataPartition } from '../../../appliance/store/data-partition.ts';
import { temporaryDirectory } from '../../support/directory.ts';

it.each([
  ['ok\n/dev/vda4\n\n', { state: 'ok', said: '' }],
  ['missing\n\nthere is none\n', { state: 'missing', said: 'there is none' }],
  [
    'read-only\n/dev/vda4\nthe disk takes no writes\n',
    { state: 'read-only', said: 'the disk takes no writes' },
  ],
  [
    'sealed\n/dev/vda4\nno TPM\nencrypted\n',
    { state: 'sealed', said: 'no TPM', protection: 'encrypted; the TPM of this machine keeps the key' },
  ],
  [
    'ok\n/dev/vda4\n\nplain: this machine has no TPM\n',
    {
      state: 'ok',
      said: '',
      protection: 'not encrypted (this machine has no TPM): who takes the disk reads everything on it',
    },
  ],
  ['nonsense', { state: 'ok', said: '' }],
])('what the boot wrote down is read: %j', (text, expected) => {
  const directory = temporaryDirectory();
  const file = join(directory, 'found');
  writeFileSync(file, text);
  const { freeBytes, ...found } = readDataPartition(directory, file);
  expect(found).toEqual(expected);
  expect(freeBytes).toBeGreaterThan(0);
});

it('a machine that is not the image has a disk that is somebody else’s business', () => {
  const directory = temporaryDirectory();
  expect(readDataPartition(directory, join(directory, 'none'))).toMatchObject({ state: 'ok' });
});
