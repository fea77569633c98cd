import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  bootCount,
  clearTheWay,
  countIn,
  isWayOut,
  setBack,
  versionIn,
} from '../../../appliance/update/boot.ts';
import { temporaryDirectory } from '../../support/directory.ts';

it.each([
  [String.raw`\EFI\Linux\gatehouse_0.2.0+2-1.efi`, { left: 2, done: 1 }],
  [`${String.raw`\EFI\Linux\gatehouse_0.2.0+0-4.efi`}\0`, { left: 0, done: 4 }],
  [String.raw`\EFI\Linux\gatehouse_0.2.0+3.efi`, { left: 3, done: 0 }],
  [String.raw`\EFI\Linux\gatehouse_0.2.0.efi`, undefined],
])('%j counts %j', (path, count) => {
  expect(countIn(path)).toEqual(count);
});

it('the variable of the boot loader is read as the firmware keeps it', () => {
  const file = join(temporaryDirectory(), 'variable');
  expect(bootCount(file)).toBeUndefined();
  const text = Buffer.from(`${String.raw`\EFI\Linux\gatehouse_0.2.0+1-2.efi`}\0`, 'utf16le');
  writeFileSync(file, Buffer.concat([Buffer.from([6, 0, 0, 0]), text]));
  expect(bootCount(file)).toEqual({ left: 1, done: 2 });
});

it('a release that an update brought is restarted as long as it has tries, and one more time: then it is all that there is', () => {
  const counts = [
    [2, 1],
    [1, 2],
    [0, 3],
    [0, 4],
  ].map(([left = 0, done = 0]) => isWayOut({ left, done }, true));
  expect(counts).toEqual([true, true, true, false]);
});

it('a box that was just installed is not restarted: there is nothing to go back to', () => {
  expect(isWayOut({ left: 2, done: 1 }, false)).toBe(false);
});

it('a running release that is set back keeps its kernel under the name of a bad one', async () => {
  const esp = temporaryDirectory();
  const folder = join(esp, 'EFI/Linux');
  mkdirSync(folder, { recursive: true });
  for (const name of ['gatehouse_0.3.0.efi', 'gatehouse_0.2.0+3-0.efi', 'other.efi'])
    writeFileSync(join(folder, name), '');
  await setBack(esp, '0.3.0');
  expect(readdirSync(folder).toSorted()).toEqual([
    'gatehouse_0.2.0+3-0.efi',
    'gatehouse_0.3.0+0-1.efi',
    'other.efi',
  ]);
});

it.each(['gatehouse_0.3.0+0-3.efi', 'gatehouse_0.3.0+0-1.efi', 'gatehouse_0.3.0.efi'])(
  'before a release is installed once more, %s of its last time goes, and what cut installations left',
  async (kernel) => {
    const esp = temporaryDirectory();
    const folder = join(esp, 'EFI/Linux');
    mkdirSync(folder, { recursive: true });
    const others = ['gatehouse_0.2.0.efi', 'gatehouse_0.3.1+3-0.efi', 'other.efi'];
    for (const name of [...others, kernel, '.#sysupdategatehouse_0.3.0+3-0.efi4f4ae4047be81d3c'])
      writeFileSync(join(folder, name), '');
    await clearTheWay(esp, '0.3.0');
    expect(readdirSync(folder).toSorted()).toEqual(others);
  },
);

it('kernels of other names have no version', () => {
  expect(
    ['gatehouse_0.2.0+3-0.efi', 'gatehouse_0.2.0.efi', 'linux.efi', 'gatehouse_0.2.0.conf'].map(versionIn),
  ).toEqual(['0.2.0', '0.2.0', undefined, undefined]);
});
