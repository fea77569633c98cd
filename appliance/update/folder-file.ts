/**
 * Files of a folder that somebody else has filled: a stick, or what came over the network. Each is asked for by its exact name, must be
 * a plain file, and is read as far as was said and no further.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { syncFolder } from '../store/sync-folder.ts';
import type { ReleaseFileEntry } from './manifest.ts';
import { RefusedUpdateError } from './refusal.ts';
import { mostEnvelopeBytes } from './signed-text.ts';

/** Announcements and lists. Undefined: there is no such file. */
export async function readSmallFile(
  folder: string,
  name: string,
  most = mostEnvelopeBytes,
): Promise<Buffer | undefined> {
  await using file = await openPlain(folder, name);
  if (file === undefined) return undefined;
  const bytes = Buffer.alloc(most + 1);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
  if (bytesRead > most) throw new RefusedUpdateError('malformed', `${name} has more than ${most} bytes`);
  return bytes.subarray(0, bytesRead);
}

/**
 * Copies while hashing; the copy has its name once it is whole, right and on disk. Throws `wrong_file`, and leaves nothing then. What
 * the file becomes after it was read doesn't matter.
 */
export async function copyVerified(folder: string, entry: ReleaseFileEntry, to: string): Promise<void> {
  const { name } = entry;
  await using from = await openPlain(folder, name);
  if (from === undefined) throw new RefusedUpdateError('wrong_file', `${name} is missing`);
  const path = join(to, name);
  const fresh = `${path}.part`;
  try {
    await using copy = await open(fresh, 'w', 0o600);
    await requireContent(from, entry, async (chunk) => await writeWhole(copy, chunk));
    await copy.sync();
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  syncFolder(to);
}

/** Throws `wrong_file` when the file is not what was signed. */
export async function requireVerified(folder: string, entry: ReleaseFileEntry): Promise<void> {
  await using file = await openPlain(folder, entry.name);
  if (file === undefined) throw new RefusedUpdateError('wrong_file', `${entry.name} is missing`);
  await requireContent(file, entry);
}

const chunkBytes = 1024 * 1024;

async function requireContent(
  file: FileHandle,
  { name, size, sha256 }: ReleaseFileEntry,
  onChunk?: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  const wrong = (words: string) => new RefusedUpdateError('wrong_file', `${name} ${words}`);
  const stat = await file.stat();
  if (stat.size !== size) throw wrong(`has ${stat.size} bytes, its release says ${size}`);
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(chunkBytes);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(chunkBytes, size - at), at);
    if (bytesRead === 0) throw wrong(`ends after ${at} bytes`);
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await onChunk?.(chunk);
    at += bytesRead;
  }
  if (hash.digest('hex') !== sha256) throw wrong('is not the file that was signed');
}

async function writeWhole(file: FileHandle, chunk: Buffer): Promise<void> {
  let at = 0;
  while (at < chunk.length) at += (await file.write(chunk, at)).bytesWritten;
}

/** Neither a link is followed nor a pipe waited for. Undefined: nothing of this name is there. */
async function openPlain(folder: string, name: string): Promise<FileHandle | undefined> {
  if (basename(name) !== name || name === '' || name.startsWith('.'))
    throw new TypeError(`"${name}" is no name of a file`);
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let file: FileHandle;
  try {
    file = await open(join(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new RefusedUpdateError('wrong_file', `${name} can't be read (${code ?? String(error)})`, error);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new RefusedUpdateError('wrong_file', `${name} is no plain file`);
}
