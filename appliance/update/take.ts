/** Takes a release out of a folder that somebody else has filled, so that nobody can change it any more. */
import { saveUpdateFacts, type UpdateSource } from '../store/update-facts.ts';
import { requireSuitable, type Wish } from './decision.ts';
import { readSmallFile } from './folder-file.ts';
import { payloadBytes, type Manifest } from './manifest.ts';
import { announcementName, revocationsName } from './names.ts';
import { factsOf, mayBeOlder, runningBox, trustNow, type UpdateNeeds } from './needs.ts';
import { RefusedUpdateError } from './refusal.ts';
import { requireRoom } from './room.ts';
import { copyRelease, stagedBytes, withStaging } from './staging.ts';
import { newerRevocations, verifiedManifest } from './trust.ts';

export interface Taking {
  readonly folder: string;
  readonly source: UpdateSource;
  readonly wish: Wish;
  /** Before each of its files is read. What it throws ends everything. */
  readonly onFile?: (name: string) => Promise<void>;
}

/**
 * Resolves with the release once it is staged, here or before; undefined when none is announced there. Rejects with a
 * RefusedUpdateError, which is journaled and remembered for whoever asks why.
 */
export async function takeRelease(needs: UpdateNeeds, taking: Taking): Promise<Manifest | undefined> {
  return await toldWhyNot(needs, taking, async () => {
    await takeRevocations(needs, taking.folder);
    return await withStaging(needs, async () => await takeFiles(needs, taking));
  });
}

/** By what announces it alone: whether it is worth sending the rest into that folder. Otherwise as {@link takeRelease}. */
export async function judgeRelease(needs: UpdateNeeds, taking: Taking): Promise<Manifest | undefined> {
  return await toldWhyNot(needs, taking, async () => {
    await takeRevocations(needs, taking.folder);
    const { manifest } = (await judge(needs, taking)) ?? {};
    if (manifest === undefined) return undefined;
    if (factsOf(needs).staged?.version === manifest.version)
      throw new RefusedUpdateError('same_version', `${manifest.version} lies ready already`);
    // Once where it comes, once where it is kept.
    requireRoom(taking.folder, 2 * payloadBytes(manifest), stagedBytes(needs));
    return manifest;
  });
}

async function toldWhyNot<T>(needs: UpdateNeeds, { source }: Taking, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedUpdateError) await tellRefusal(needs, source, error);
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

async function takeFiles(needs: UpdateNeeds, taking: Taking): Promise<Manifest | undefined> {
  const { folder, source, onFile } = taking;
  const judged = await judge(needs, taking);
  if (judged === undefined) return undefined;
  const { manifest, announcement, isForced } = judged;
  const { version } = manifest;
  const before = factsOf(needs).staged;
  const staged = { version, source, at: needs.clock.now(), isForced };
  if (before?.version !== version) {
    await copyRelease(needs, { folder, manifest, announcement, onFile });
    await needs.store.write((tx) => {
      saveUpdateFacts(tx, { staged, trouble: undefined });
      tx.journal({ kind: 'update_staged', body: { version, source } });
    });
  } else if (isForced && !before.isForced) {
    await needs.store.write((tx) => saveUpdateFacts(tx, { staged }));
  }
  return manifest;
}

/** Whether what the folder announces is for this box, now, by its signed text alone. Undefined: nothing is announced there. */
async function judge(
  needs: UpdateNeeds,
  { folder, wish: { isByHand, isForced } }: Taking,
): Promise<{ manifest: Manifest; announcement: Uint8Array; isForced: boolean } | undefined> {
  const announcement = await readSmallFile(folder, announcementName(needs.image.architecture));
  if (announcement === undefined) return undefined;
  const facts = factsOf(needs);
  const wish = { isByHand, isForced: isForced || mayBeOlder(facts, needs.clock.now()) };
  const manifest = verifiedManifest(announcement, trustNow(needs, facts));
  requireSuitable(manifest, runningBox(needs, facts), wish);
  return { manifest, announcement, isForced: wish.isForced };
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
