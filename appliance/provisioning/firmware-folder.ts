/**
 * The firmware folder: `<vendor>/<model>/<version>/<file>`, put there by the page, `gatehouse firmware add` or by hand. Each file is
 * looked at before it is given out; what is wrong with one is said and stops no other.
 */
import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblem, releaseProblem, sumsName, type Release } from '../phones/firmware-release.ts';
import { vendors } from '../phones/vendors.ts';
import type { FirmwareFile } from '../store/firmware-files.ts';
import { isAbandoned } from '../store/firmware-put.ts';

const mostFiles = 1000;

/** `before`: as last looked at; a file whose size and time are the same is not read again. Sorted by path. */
export async function lookAtFolder(
  folder: string,
  { before, now }: { before: readonly FirmwareFile[]; now: number },
): Promise<FirmwareFile[]> {
  const known = new Map(before.map((file) => [filePath(file), file]));
  const found: FirmwareFile[] = [];
  for (const vendor of vendors) {
    for (const model of await foldersIn(join(folder, vendor))) {
      for (const version of await foldersIn(join(folder, vendor, model))) {
        const directory = join(folder, vendor, model, version);
        const release = { vendor, model, version };
        await removeAbandoned(directory, now).catch(() => undefined);
        const files = await lookAtRelease(directory, release, known).catch((error: unknown) => [
          unreadable(release, error),
        ]);
        found.push(...files.slice(0, mostFiles - found.length));
      }
    }
  }
  return found;
}

/** Relative to the folder, and the end of its URL. */
export function filePath({
  vendor,
  model,
  version,
  name,
}: Pick<FirmwareFile, 'vendor' | 'model' | 'version' | 'name'>): string {
  return `${vendor}/${model}/${version}/${name}`;
}

/** In the place of its files. */
function unreadable(release: Release, error: unknown): FirmwareFile {
  const problem = `${whyNot(error)}: may the box read its folder?`;
  return { ...release, name: '(folder)', size: 0, changedAt: 0, sha256: '', problem };
}

const whyNot = (error: unknown) =>
  `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`;

async function removeAbandoned(directory: string, now: number): Promise<void> {
  for (const name of (await readdir(directory)).filter((one) => one.startsWith('.'))) {
    const file = join(directory, name);
    if (isAbandoned(name, await lstat(file), now)) await rm(file, { force: true });
  }
}

async function lookAtRelease(
  directory: string,
  release: Release,
  known: ReadonlyMap<string, FirmwareFile>,
): Promise<FirmwareFile[]> {
  const sums = await readSums(join(directory, sumsName));
  const names = (await readdir(directory)).filter((name) => name !== sumsName && !name.startsWith('.'));
  const files: FirmwareFile[] = [];
  for (const name of names.toSorted()) {
    const file = join(directory, name);
    const stats = await lstat(file);
    const about = { ...release, name, size: stats.size, changedAt: Math.trunc(stats.mtimeMs) };
    const wrong = releaseProblem(release) ?? entryProblem(name, stats);
    const last = known.get(filePath(about));
    const isSame = last !== undefined && last.size === about.size && last.changedAt === about.changedAt;
    const read =
      wrong ?? (isSame && last.sha256 !== '' ? { sha256: last.sha256 } : await hashOf(file, stats));
    const sha256 = typeof read === 'string' ? '' : read.sha256;
    const problem = typeof read === 'string' ? read : sumProblem(sha256, sums.get(name));
    files.push({ ...about, sha256, ...(problem === undefined ? {} : { problem }) });
  }
  return files;
}

function entryProblem(name: string, stats: Stats): string | undefined {
  if (stats.isSymbolicLink()) return 'is a symbolic link: put the file itself here';
  return stats.isFile() ? fileProblem(name, stats.size) : 'is no file';
}

function sumProblem(sha256: string, expected: string | undefined): string | undefined {
  return expected === undefined || expected === sha256
    ? undefined
    : `its SHA-256 is ${sha256}, ${sumsName} says ${expected}`;
}

/** A sentence when it can't be read, or is no longer the file that was looked at. */
async function hashOf(file: string, looked: Stats): Promise<{ sha256: string } | string> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    const hash = createHash('sha256');
    for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
    const isSame = isUnchanged(await handle.stat(), looked);
    return isSame ? { sha256: hash.digest('hex') } : 'is still being written';
  } catch (error) {
    return whyNot(error);
  }
}

/** Still the file that was looked at: written to, its time or size moves; replaced, its size or time is another. */
export function isUnchanged(
  now: Pick<Stats, 'size' | 'mtimeMs'>,
  looked: Pick<Stats, 'size' | 'mtimeMs'>,
): boolean {
  return now.size === looked.size && Math.trunc(now.mtimeMs) === Math.trunc(looked.mtimeMs);
}

async function readSums(file: string): Promise<Map<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.slice(0, 1_000_000).split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, sum, name] = /^([0-9a-f]{64}) [ *](.+?)\r?$/i.exec(line) ?? [];
      return sum === undefined || name === undefined ? [] : [[name, sum.toLowerCase()] as const];
    }),
  );
}

/** Real ones: a link could lead anywhere. None where there is no such folder. */
async function foldersIn(directory: string): Promise<string[]> {
  try {
    if (!(await lstat(directory)).isDirectory()) return [];
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
