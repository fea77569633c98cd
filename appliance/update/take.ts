/** Takes a release out of a folder that somebody else has filled, so that nobody can change it any more. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../store/sync-folder.ts';
import { saveUpdateFacts, type UpdateSource } from '../store/update-facts.ts';
import { requireSuitable, type Wish } from './decision.ts';
import { copyVerified, readSmallFile } from './folder-file.ts';
import { payloadBytes, type Manifest } from './manifest.ts';
import { announcementName, revocationsName } from './names.ts';
import { factsOf, mayBeOlder, runningBox, stagingFolder, trustNow, type UpdateNeeds } from './needs.ts';
import { RefusedUpdateError } from './refusal.ts';
import { requireRoom } from './room.ts';
import { newerRevocations, verifiedManifest } from './trust.ts';

interface Taking {
  readonly folder: string;
  readonly source: UpdateSource;
  readonly wish: Wish;
}

/**
 * Resolves with the release once it is staged, here or before; undefined when none is announced there. Rejects with a
 * RefusedUpdateError, which is journaled and remembered for whoever asks why.
 */
export async function takeRelease(needs: UpdateNeeds, taking: Taking): Promise<Manifest | undefined> {
  try {
    await takeRevocations(needs, taking.folder);
    return await takeFiles(needs, taking);
  } catch (error) {
    if (error instanceof RefusedUpdateError) await tellRefusal(needs, taking.source, error);
    throw error;
  }
}

async function takeRevocations(needs: UpdateNeeds, folder: string): Promise<void> {
  const bytes = await readSmallFile(folder, revocationsName);
  if (bytes === undefined) return;
  const { number: known = 0 } = factsOf(needs).revocations ?? {};
  const list = newerRevocations(bytes, { roots: needs.roots, known });
  if (list === undefined) return;
  const { number, keys } = list;
  await needs.store.write((tx) => {
    saveUpdateFacts(tx, { revocations: { number, keys } });
    tx.journal({ kind: 'update_keys_revoked', body: { number, keys: keys.length } });
  });
}

async function takeFiles(
  needs: UpdateNeeds,
  { folder, source, wish: { isByHand, isForced } }: Taking,
): Promise<Manifest | undefined> {
  const name = announcementName(needs.image.architecture);
  const announcement = await readSmallFile(folder, name);
  if (announcement === undefined) return undefined;
  const facts = factsOf(needs);
  const wish = { isByHand, isForced: isForced || mayBeOlder(facts, needs.clock.now()) };
  const manifest = verifiedManifest(announcement, trustNow(needs, facts));
  const { version } = manifest;
  requireSuitable(manifest, runningBox(needs, facts), wish);
  const staged = { version, source, at: needs.clock.now(), isForced: wish.isForced };
  if (facts.staged?.version !== version) {
    await copyRelease(needs, { folder, manifest, announcement });
    await needs.store.write((tx) => {
      saveUpdateFacts(tx, { staged, trouble: undefined });
      tx.journal({ kind: 'update_staged', body: { version, source } });
    });
  } else if (wish.isForced && !facts.staged.isForced) {
    await needs.store.write((tx) => saveUpdateFacts(tx, { staged }));
  }
  return manifest;
}

/** The announcement comes last: where it lies, all of the release does. */
async function copyRelease(
  needs: UpdateNeeds,
  { folder, manifest, announcement }: { folder: string; manifest: Manifest; announcement: Uint8Array },
): Promise<void> {
  const to = stagingFolder(needs);
  // What lies there is given up, and has to be forgotten first.
  await dropStaged(needs);
  mkdirSync(to, { recursive: true, mode: 0o700 });
  await requireRoom(to, payloadBytes(manifest));
  for (const file of manifest.files) await copyVerified(folder, file, to);
  await using copy = await open(join(to, announcementName(manifest.architecture)), 'w', 0o600);
  await copy.writeFile(announcement);
  await copy.sync();
  syncFolder(to);
}

export async function dropStaged(needs: UpdateNeeds): Promise<void> {
  await needs.store.write((tx) => saveUpdateFacts(tx, { staged: undefined, ordered: undefined }));
  const folder = stagingFolder(needs);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}

/** Nothing new is an everyday answer, and no trouble. */
export async function tellRefusal(
  { store, clock }: Pick<UpdateNeeds, 'store' | 'clock'>,
  source: string,
  { code, message }: RefusedUpdateError,
): Promise<void> {
  if (code === 'same_version') return;
  await store.write((tx) => {
    saveUpdateFacts(tx, { trouble: { at: clock.now(), words: message } });
    tx.journal({ kind: 'update_refused', body: { code, source, words: message } });
  });
}
