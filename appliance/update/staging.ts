/** The release that lies ready: in a folder of root's own, and in what is remembered of updates. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasRoom } from '../store/disk-room.ts';
import { takeLock } from '../store/process-lock.ts';
import { syncFolder } from '../store/sync-folder.ts';
import { saveUpdateFacts } from '../store/update-facts.ts';
import { copyVerified, requireVerified } from './folder-file.ts';
import { payloadBytes, type Manifest } from './manifest.ts';
import { announcementName } from './names.ts';
import { factsOf, stagingFolder, type UpdateNeeds } from './needs.ts';
import { noRoom, requireRoom } from './room.ts';

export interface Offered {
  /** It is somebody else's. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly announcement: Uint8Array;
  /** Before each file is read. What it throws ends everything. */
  readonly onFile?: ((name: string) => Promise<void>) | undefined;
}

/** Stick, page, network and installing: each is a process of its own. */
const lookEveryMs = 1000;
const patienceMs = 15 * 60_000;

/** Does it when no other process changes what lies ready, or installs it. */
export async function withStaging<T>(needs: UpdateNeeds, work: () => Promise<T>): Promise<T> {
  const giveUpAt = needs.clock.monotonic() + patienceMs;
  for (;;) {
    using lock = takeLock(`${stagingFolder(needs)}.lock`);
    if (lock !== undefined) return await work();
    if (needs.clock.monotonic() > giveUpAt) throw new Error('another release is being taken or installed');
    await needs.clock.sleep(lookEveryMs);
  }
}

/**
 * Copies the release, looked at byte by byte, to where nobody else can write, in the place of what lies ready: that stays until the
 * new one is whole. It has to be written down as staged then.
 */
export async function copyRelease(needs: UpdateNeeds, offered: Offered): Promise<void> {
  const to = stagingFolder(needs);
  const fresh = `${to}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true, mode: 0o700 });
  try {
    await makeRoom(needs, offered);
    await copyInto(fresh, offered);
    await dropStaged(needs);
    renameSync(fresh, to);
    syncFolder(dirname(to));
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? noRoom('the disk is full', error) : error;
  }
}

/** The announcement comes last: where it lies, all of the release does. */
async function copyInto(to: string, { folder, manifest, announcement, onFile }: Offered): Promise<void> {
  for (const file of manifest.files) {
    await onFile?.(file.name);
    await copyVerified(folder, file, to);
  }
  await using copy = await open(join(to, announcementName(manifest.architecture)), 'w', 0o600);
  await copy.writeFile(announcement);
  await copy.sync();
  syncFolder(to);
}

/** Where there is no room for two, what lies ready goes first, and only for a release that is whole. */
async function makeRoom(needs: UpdateNeeds, { folder, manifest }: Offered): Promise<void> {
  const at = dirname(stagingFolder(needs));
  const bytes = payloadBytes(manifest);
  requireRoom(at, bytes, stagedBytes(needs));
  const isReady = factsOf(needs).staged !== undefined;
  if (isReady && hasRoom(at, bytes)) return;
  if (isReady) for (const file of manifest.files) await requireVerified(folder, file);
  await dropStaged(needs);
}

/** What is free once it is dropped. */
export function stagedBytes(needs: UpdateNeeds): number {
  const folder = stagingFolder(needs);
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** Forgotten first: what is remembered must be there. */
export async function dropStaged(needs: UpdateNeeds): Promise<void> {
  await needs.store.write((tx) => saveUpdateFacts(tx, { staged: undefined, ordered: undefined }));
  const folder = stagingFolder(needs);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}
