/** A stick, or what came over the network: filled by somebody else. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copyVerified, readSmallFile, requireVerified } from '../../../appliance/update/folder-file.ts';
import { announcementName } from '../../../appliance/update/names.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { changed, writePayload } from '../../support/payload.ts';
import { newMaker } from '../../support/release.ts';

const maker = newMaker();

function stick() {
  const directory = temporaryDirectory();
  const folder = join(directory, 'stick');
  const to = join(directory, 'box');
  mkdirSync(to);
  const manifest = writePayload(folder, maker);
  const [file] = manifest.files;
  if (file === undefined) throw new Error('no file');
  return { folder, to, file, path: join(folder, file.name) };
}

it('a file that is the signed one is copied whole', async () => {
  const { folder, to, file, path } = stick();
  await copyVerified(folder, file, to);
  expect(readdirSync(to)).toEqual([file.name]);
  expect(readFileSync(join(to, file.name)).equals(readFileSync(path))).toBe(true);
});

it.each([
  ['that is missing', (path: string) => rmSync(path)],
  ['with a byte changed', (path: string) => writeFileSync(path, changed(readFileSync(path)))],
  ['that is cut', (path: string) => truncateSync(path, 100)],
  ['that is empty', (path: string) => truncateSync(path, 0)],
  ['with a byte too many', (path: string) => appendFileSync(path, 'x')],
  ['that is a terabyte of nothing', (path: string) => truncateSync(path, 1024 ** 4)],
  ['that is a link to the right one', linkAway],
  ['that is a link to a device', (path: string) => replace(path, () => symlinkSync('/dev/zero', path))],
  ['that is a link to itself', (path: string) => replace(path, () => symlinkSync(path, path))],
  ['that is a folder', (path: string) => replace(path, () => mkdirSync(path))],
  ['that is a pipe nobody writes to', (path: string) => replace(path, () => execFileSync('mkfifo', [path]))],
])('a file %s is refused, and nothing is left of it', async (_title, spoil) => {
  const { folder, to, file, path } = stick();
  spoil(path);
  await expect(copyVerified(folder, file, to)).rejects.toMatchObject({ code: 'wrong_file' });
  await expect(requireVerified(folder, file)).rejects.toMatchObject({ code: 'wrong_file' });
  expect(readdirSync(to)).toEqual([]);
});

it('ten thousand other files on a stick are not even listed', async () => {
  const { folder, to, file } = stick();
  for (let at = 1; at < 10_000; at += 1) writeFileSync(join(folder, `gatehouse_0.2.${at}.efi`), '');
  await copyVerified(folder, file, to);
  expect(readdirSync(to)).toEqual([file.name]);
});

it('an announcement is read as far as one can be long', async () => {
  const { folder } = stick();
  const name = announcementName('amd64');
  expect(JSON.parse(String(await readSmallFile(folder, name)))).toHaveProperty('certificate');
  writeFileSync(join(folder, name), Buffer.alloc(65_537));
  await expect(readSmallFile(folder, name)).rejects.toMatchObject({ code: 'malformed' });
  truncateSync(join(folder, name), 1024 ** 4);
  await expect(readSmallFile(folder, name)).rejects.toMatchObject({ code: 'malformed' });
  replace(join(folder, name), () => symlinkSync('/etc/passwd', join(folder, name)));
  await expect(readSmallFile(folder, name)).rejects.toMatchObject({ code: 'wrong_file' });
  rmSync(join(folder, name));
  expect(await readSmallFile(folder, name)).toBeUndefined();
});

it.each(['../passwd', '/etc/passwd', '.', '..', '.hidden', ''])(
  '%j is not taken for a name of a file',
  async (name) => {
    await expect(readSmallFile('/etc', name)).rejects.toThrow(TypeError);
  },
);

function linkAway(path: string): void {
  renameSync(path, `${path}.elsewhere`);
  symlinkSync(`${path}.elsewhere`, path);
  expect(existsSync(path)).toBe(true);
}

function replace(path: string, make: () => void): void {
  rmSync(path);
  make();
}
