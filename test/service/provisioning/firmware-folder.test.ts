import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lookAtFolder } from '../../../appliance/provisioning/firmware-folder.ts';
import { temporaryDirectory } from '../../support/directory.ts';

test('a release that the box may not read is told, and stops no other', async () => {
  const folder = temporaryDirectory();
  chmodSync(folder, 0o755);
  for (const version of ['96.86.0.1', '96.86.0.2']) {
    mkdirSync(join(folder, 'yealink/T42S', version), { recursive: true });
    writeFileSync(join(folder, 'yealink/T42S', version, 'x.rom'), 'firmware');
  }
  chmodSync(join(folder, 'yealink/T42S/96.86.0.1'), 0);
  const isRoot = process.getuid?.() === 0;
  // Root may read everything.
  if (isRoot) process.seteuid?.(65_534);
  try {
    const files = await lookAtFolder(folder, { before: [], now: 0 });
    expect(files.map(({ version, problem }) => [version, problem])).toEqual([
      ['96.86.0.1', expect.stringContaining('EACCES')],
      ['96.86.0.2', undefined],
    ]);
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(join(folder, 'yealink/T42S/96.86.0.1'), 0o755);
  }
});
