/** Putting files into the firmware folder, whole or not at all, with their hashes beside them; and taking releases out. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, mkdir, open, readFile, rename, rm, rmdir, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileProblem, releaseProblem, sumsName, type Release } from '../phones/firmware-release.ts';
import { hasRoom } from './disk-room.ts';
import { makeFolder } from './firmware-folder.ts';
import { syncFolder } from './sync-folder.ts';

export interface NewFirmware extends Release {
  /** Of the file, as its maker names it: phones ask for it by this. */
  readonly name: string;
  /** Hex, as its maker published it. */
  readonly sha256?: string;
}

/** What is in the folder now. */
export interface PutFirmware {
  readonly directory: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** Why a file was not put in, in a sentence for whoever wanted it there. Nothing of it is left. */
export class FirmwareError extends Error {}

const pieceBytes = 262_144;
/** So often the disk is looked at while it fills, bytes. */
const lookEveryBytes = 16 * 2 ** 20;
/** Nothing was written to it for so long: whoever did is gone. */
const abandonedMs = 600_000;

/**
 * Copies what is in `source` from its beginning, hashing what it writes: who can change the source can't change it after it
 * was looked at. On disk when it resolves. Rejects with a {@link FirmwareError}, or with the reason of the signal.
 */
export async function putFirmware(
  folder: string,
  firmware: NewFirmware,
  { source, signal }: { source: FileHandle; signal?: AbortSignal },
): Promise<PutFirmware> {
  const { vendor, model, version, name } = firmware;
  const stats = await source.stat();
  const bytes = stats.size;
  const problem = stats.isFile() ? (releaseProblem(firmware) ?? fileProblem(name, bytes)) : 'is no file';
  if (problem !== undefined) throw new FirmwareError(`${name}: ${problem}`);
  const directory = join(folder, vendor, model, version);
  const half = join(directory, `.${name}.part`);
  try {
    makeFolder(folder);
    await mkdir(directory, { recursive: true });
    await using target = await open(half, 'wx', 0o644);
    try {
      const sha256 = await copy(source, target, { bytes, directory, ...(signal && { signal }) });
      requireHash(firmware, sha256);
      // Whoever adds it is seldom the user that the box runs as.
      await target.chmod(0o644);
      await target.sync();
      await addSum(join(directory, sumsName), `${sha256}  ${name}\n`);
      await rename(half, join(directory, name));
      for (const made of [directory, dirname(directory), join(folder, vendor), folder]) syncFolder(made);
      return { directory, bytes, sha256 };
    } finally {
      await rm(half, { force: true });
    }
  } catch (error) {
    // As far as they are empty.
    for (const made of [directory, dirname(directory), join(folder, vendor)])
      await rmdir(made).catch(() => undefined);
    throw asTold(name, error);
  }
}

/** False: there is no such release. Phones that are fetching it get it to the end. Rejects as {@link putFirmware}. */
export async function removeFirmware(folder: string, { vendor, model, version }: Release): Promise<boolean> {
  try {
    // By names that are there: no path is made of what somebody asks for.
    const found = foldersIn(folder, [vendor, model, version]);
    if (found === undefined) return false;
    await rm(found, { recursive: true, force: true });
    await rmdir(dirname(found)).catch(() => undefined);
    syncFolder(folder);
    return true;
  } catch (error) {
    throw asTold(version, error);
  }
}

/** A file that was begun and given up, by a power cut or a kill. */
export function isAbandoned(name: string, { mtimeMs }: { mtimeMs: number }, now: number): boolean {
  return /^\..+\.part$/.test(name) && Math.abs(now - mtimeMs) > abandonedMs;
}

/** Real ones: a link could lead anywhere. */
function foldersIn(folder: string, names: readonly string[]): string | undefined {
  let at = folder;
  for (const name of names) {
    const entries = existsSync(at) ? readdirSync(at, { withFileTypes: true }) : [];
    if (entries.find((entry) => entry.name === name)?.isDirectory() !== true) return undefined;
    at = join(at, name);
  }
  return at;
}

interface Copying {
  readonly bytes: number;
  readonly directory: string;
  readonly signal?: AbortSignal;
}

/** Returns the hash. */
async function copy(
  source: FileHandle,
  target: FileHandle,
  { bytes, directory, signal }: Copying,
): Promise<string> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafeSlow(pieceBytes);
  let lookAt = 0;
  for (let at = 0; at < bytes;) {
    signal?.throwIfAborted();
    if (at >= lookAt) {
      requireRoom(directory, bytes - at);
      lookAt += lookEveryBytes;
    }
    const { bytesRead } = await source.read(piece, 0, Math.min(pieceBytes, bytes - at), at);
    if (bytesRead === 0) throw new FirmwareError('it became shorter while it was read');
    const read = piece.subarray(0, bytesRead);
    hash.update(read);
    for (let from = 0; from < bytesRead;)
      from += (await target.write(read, from, bytesRead - from)).bytesWritten;
    at += bytesRead;
  }
  return hash.digest('hex');
}

/** A list that somebody copied by hand may lack its last line end. */
async function addSum(file: string, line: string): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => '');
  const end = before === '' || before.endsWith('\n') ? '' : '\n';
  await appendFile(file, `${end}${line}`, { mode: 0o644, flush: true });
}

function requireRoom(directory: string, bytes: number): void {
  if (!hasRoom(directory, bytes))
    throw new FirmwareError(`there is no room for it: ${Math.ceil(bytes / 2 ** 20)} MB more are needed`);
}

function requireHash({ name, sha256: expected }: NewFirmware, sha256: string): void {
  if (expected !== undefined && expected.toLowerCase() !== sha256)
    throw new FirmwareError(
      `${name}: its SHA-256 is ${sha256}, not ${expected}: it is not what its maker published`,
    );
}

const mayNot = 'the box may not write there: use `gatehouse firmware` on it';
const words: Readonly<Record<string, string>> = {
  EEXIST: 'it is being put in already, or somebody gave it up: try again in ten minutes',
  ENOSPC: 'there is no room on the disk',
  EACCES: mayNot,
  EPERM: mayNot,
  EROFS: mayNot,
};

function asTold(name: string, error: unknown): unknown {
  if (error instanceof FirmwareError) return error;
  const { code = '', path = '' } = error as NodeJS.ErrnoException;
  const said = words[code];
  return said === undefined ? error : new FirmwareError(`${name}: ${said} (${path})`, { cause: error });
}
