/**
 * The site's own certificate authority and the box's server certificate. The authority can vouch for the box's address
 * and for nothing else (RFC 5280, 4.2.1.10), so that a phone that trusts it trusts no other server more than before.
 *
 * On disk each generation is a folder `<state>/authority/<number>/`, complete before its name appears: of those for one
 * address, of which the box may have had several, the highest number counts. A rename onto a folder that is not empty fails, so of several processes that start at once one wins
 * and the others read what it made. Certificates are for everybody, the server's key is for the folder's group too (parts that
 * run as users of their own show it to phones), the authority's key is for its owner alone.
 */
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../world.ts';

/** All PEM. */
export interface ServerIdentity {
  /** The site's authority, which phones are told to trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Where phones fetch the authority, in clear: it is no secret. */
export const authorityPath = '/gatehouse-ca.pem';

/** A box whose clock stands before this has lost its time; expiry is counted from here then. */
const notBeforeBuild = Date.parse('2026-11-01T00:00:00Z');

const dayMs = 86_400_000;
const authorityDays = 20 * 365;
const serverDays = 2 * 365;
/** Renewed this long before the end: phones that are switched off for a season still find a path. */
const authorityEarlyDays = 2 * 365;
const serverEarlyDays = 180;

interface Generation {
  readonly ca: string;
  readonly caKey: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes what is missing: nothing when authority and certificate are good for this address for long enough, which every user
 * may find out. Safe to call from several processes at once, and again while running. Throws the file system's error when
 * something is to be made and this user can't write there.
 */
export async function ensureAuthority(
  stateDirectory: string,
  address: string,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const root = join(stateDirectory, 'authority');
  const now = Math.max(clock.now(), notBeforeBuild);
  const folders = foldersFor(root, address);
  const [latest] = folders;
  // Before the keys are made, which takes its time: whoever is faster takes this very number.
  const number = (generations(root)[0] ?? 0) + 1;
  const isGoodFor = (folder: string, name: string, earlyDays: number) =>
    isGood(readIn(folder, name), now + earlyDays * dayMs);
  // The oldest: phones trust it. A younger one beside it was made while the clock stood far ahead.
  const trusted = folders.findLast((folder) => isGoodFor(folder, fileNames.ca, authorityEarlyDays));
  const isTrusted =
    latest !== undefined &&
    trusted !== undefined &&
    readIn(latest, fileNames.ca) === readIn(trusted, fileNames.ca);
  if (isTrusted && isGoodFor(latest, fileNames.cert, serverEarlyDays)) return;
  // Loaded only when something is to be made: the X.509 package is large and most starts need nothing of it.
  const { newAuthority, newServer } = await import('./authority-certificates.ts');
  const authority =
    trusted !== undefined
      ? readAuthority(trusted)
      : await newAuthority(address, new Date(now + authorityDays * dayMs));
  const server = await newServer(authority, address, new Date(now + serverDays * dayMs));
  mkdirSync(root, { recursive: true, mode: 0o755 });
  // What another process made under it may be for another address.
  if (!publish(root, number, { ...authority, ...server }))
    await ensureAuthority(stateDirectory, address, clock);
}

/**
 * What the box shows to phones at this address. Throws when {@link ensureAuthority} has not run for it yet, or for a user
 * who may not read the key.
 */
export function serverIdentity(stateDirectory: string, address: string): ServerIdentity {
  const folder = currentFolder(stateDirectory, address);
  return { ...certificatesIn(folder), key: readFileSync(join(folder, fileNames.key), 'utf8') };
}

/** The part of it that everybody may see. Throws when {@link ensureAuthority} has not run for this address yet. */
export function serverCertificates(stateDirectory: string, address: string): Omit<ServerIdentity, 'key'> {
  return certificatesIn(currentFolder(stateDirectory, address));
}

export function hasServerIdentity(stateDirectory: string, address: string): boolean {
  return latestFolder(join(stateDirectory, 'authority'), address) !== undefined;
}

function certificatesIn(folder: string): Omit<ServerIdentity, 'key'> {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { ca: read(fileNames.ca), cert: read(fileNames.cert) };
}

function currentFolder(stateDirectory: string, address: string): string {
  const root = join(stateDirectory, 'authority');
  const folder = latestFolder(root, address);
  if (folder === undefined) throw new Error(`no server certificate for ${address} in ${root} yet`);
  return folder;
}

function isGood(pem: string, atLeastUntil: number): boolean {
  return Date.parse(new X509Certificate(pem).validTo) > atLeastUntil;
}

const fileModes = { ca: 0o644, caKey: 0o600, cert: 0o644, key: 0o640 } as const;
const fileNames = { ca: 'ca.pem', caKey: 'ca.key', cert: 'server.pem', key: 'server.key' } as const;

function readAuthority(folder: string): Pick<Generation, 'ca' | 'caKey'> {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { ca: read(fileNames.ca), caKey: read(fileNames.caKey) };
}

function latestFolder(root: string, address: string): string | undefined {
  return foldersFor(root, address)[0];
}

/** The youngest first. */
function foldersFor(root: string, address: string): string[] {
  const folders = generations(root).map((number) => join(root, String(number)));
  return folders.filter((folder) => isFor(readFileSync(join(folder, fileNames.ca), 'utf8'), address));
}

/** The address stands in the subject too, since the name constraints can't be read back with node:crypto. */
function isFor(pem: string, address: string): boolean {
  return new X509Certificate(pem).subject.endsWith(` ${address}`);
}

function readIn(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

/** The highest number first. */
function generations(root: string): number[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => b - a);
}

/** False: another process was first with this number. */
function publish(root: string, number: number, files: Generation): boolean {
  const fresh = mkdtempSync(join(root, '.new-'));
  try {
    for (const part of ['ca', 'caKey', 'cert', 'key'] as const) {
      const file = join(fresh, fileNames[part]);
      const content = files[part].endsWith('\n') ? files[part] : `${files[part]}\n`;
      writeFileSync(file, content, { mode: 0o600, flag: 'wx', flush: true });
      // Whatever mask this process has: the certificates must be readable for the other parts' users.
      chmodSync(file, fileModes[part]);
    }
    chmodSync(fresh, 0o755);
    syncDirectory(fresh);
    renameSync(fresh, join(root, String(number)));
    syncDirectory(root);
    return true;
  } catch (error) {
    if (
      !(error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST'))
    )
      throw error;
    return false;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
