/**
 * Fetches a release into a folder, by a user that can do nothing else: what is there is looked at anew before anything is done with it.
 * A download that was cut goes on where it ended.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openDownload, type Download } from '../net/http-download.ts';
import { askUpstream, type Header, type UpstreamRequest } from '../net/http-upstream.ts';
import { payloadBytes, type Manifest, type ReleaseFileEntry } from './manifest.ts';
import { announcementName, revocationsName } from './names.ts';
import { RefusedUpdateError } from './refusal.ts';
import { requireRoom } from './room.ts';
import { mostEnvelopeBytes } from './signed-text.ts';
import { newerRevocations, verifiedManifest, type Trust } from './trust.ts';

export interface Source {
  /** Of a folder, https. */
  readonly url: string;
  /** PEM authorities. */
  readonly ca: readonly string[];
  readonly release: string;
  readonly signal?: AbortSignal;
}

interface Fetching {
  /** It is this function's alone. */
  readonly folder: string;
  readonly architecture: string;
  readonly trust: Trust & { readonly revocationsNumber: number };
  /** Throws a RefusedUpdateError where the release is not wanted. */
  readonly requireWanted: (manifest: Manifest) => void;
}

/**
 * Resolves with the release when all of it is in the folder, its announcement last; undefined when none is announced. Rejects with a
 * RefusedUpdateError, or with an UpstreamError when the server can't be reached or does not answer as it should.
 */
export async function fetchRelease(source: Source, fetching: Fetching): Promise<Manifest | undefined> {
  const { folder } = fetching;
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const announced = await fetchAnnounced(source, fetching, (list) =>
    writeFileSync(join(folder, revocationsName), list),
  );
  if (announced === undefined) return undefined;
  const { manifest, announcement } = announced;
  const wanted = new Set([
    revocationsName,
    ...manifest.files.flatMap((file) => [file.name, `${file.name}.part`]),
  ]);
  for (const present of readdirSync(folder))
    if (!wanted.has(present)) rmSync(join(folder, present), { recursive: true });
  requireRoom(folder, payloadBytes(manifest));
  for (const file of manifest.files) await fetchFile(source, folder, file);
  writeFileSync(join(folder, announcementName(fetching.architecture)), announcement);
  return manifest;
}

/** Looks and fetches no release. `onList` is given a list of revoked keys that is newer than the known one. */
export async function fetchAnnounced(
  source: Source,
  { architecture, trust, requireWanted }: Omit<Fetching, 'folder'>,
  onList: (list: Uint8Array) => void = () => undefined,
): Promise<{ manifest: Manifest; announcement: Uint8Array } | undefined> {
  const revoked = await fetchRevocations(source, trust, onList);
  const announcement = await fetchSmall(source, announcementName(architecture));
  if (announcement === undefined) return undefined;
  const manifest = verifiedManifest(announcement, { ...trust, revoked });
  requireWanted(manifest);
  return { manifest, announcement };
}

/** The keys that don't count from now on. */
async function fetchRevocations(
  source: Source,
  trust: Fetching['trust'],
  onList: (list: Uint8Array) => void,
): Promise<readonly string[]> {
  const bytes = await fetchSmall(source, revocationsName);
  if (bytes === undefined) return trust.revoked;
  const list = newerRevocations(bytes, { roots: trust.roots, known: trust.revocationsNumber });
  if (list === undefined) return trust.revoked;
  onList(bytes);
  return list.keys;
}

async function fetchSmall(source: Source, name: string): Promise<Buffer | undefined> {
  const asked = requestFor(source, name, mostEnvelopeBytes);
  const { status, body } = await askUpstream(asked);
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`${asked.host} answers ${status} to ${name}`);
  return body;
}

const headMs = 30_000;

function requestFor(source: Source, name: string, mostBytes: number): UpstreamRequest {
  const url = new URL(source.url);
  const port = url.port === '' ? 443 : Number(url.port);
  const headers: Header[] = [
    ['Host', url.host],
    ['User-Agent', `Gatehouse/${source.release}`],
    ['Accept', '*/*'],
  ];
  return {
    scheme: 'https',
    host: url.hostname,
    port,
    method: 'GET',
    target: `${url.pathname.replace(/\/$/, '')}/${name}`,
    headers,
    timeoutMs: headMs,
    mostBytes,
    ca: source.ca,
    signal: source.signal,
  };
}

async function fetchFile(source: Source, folder: string, file: ReleaseFileEntry): Promise<void> {
  const path = join(folder, file.name);
  if ((await sizeOf(path)) === file.size && (await hashOf(path)) === file.sha256) return;
  const part = `${path}.part`;
  const present = await sizeOf(part);
  const from = present < file.size ? present : 0;
  await download(source, { part, from }, file);
  if ((await hashOf(part)) !== file.sha256) {
    rmSync(part);
    throw new RefusedUpdateError('wrong_file', `${file.name} is not the file that was signed`);
  }
  await using whole = await open(part, 'r+');
  await whole.sync();
  rmSync(path, { force: true, recursive: true });
  await rename(part, path);
}

async function download(
  source: Source,
  { part, from }: { part: string; from: number },
  { name, size }: ReleaseFileEntry,
): Promise<void> {
  const asked = requestFor(source, name, size - from);
  const range: Header[] = from > 0 ? [['Range', `bytes=${from}-`]] : [];
  using answer = await openDownload({ ...asked, mostBytes: size, headers: [...asked.headers, ...range] });
  const goesOn = from > 0 && isRest(answer, from, size);
  if (!goesOn && answer.status !== 200) throw new Error(`${asked.host} answers ${answer.status} to ${name}`);
  await using file = await open(part, goesOn ? 'a' : 'w', 0o640);
  let length = goesOn ? from : 0;
  for await (const chunk of answer.chunks) {
    length += chunk.length;
    if (length > size) throw new RefusedUpdateError('wrong_file', `${name} is longer than its release says`);
    await file.appendFile(chunk);
  }
  if (length < size) throw new RefusedUpdateError('wrong_file', `${name} is shorter than its release says`);
}

function isRest({ status, headers }: Download, from: number, size: number): boolean {
  const range = headers.find(([header]) => header.toLowerCase() === 'content-range')?.[1];
  return status === 206 && range === `bytes ${from}-${size - 1}/${size}`;
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true ? found.size : 0;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
