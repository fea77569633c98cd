/**
 * The steps of an update that change the box, as root: what was fetched is taken, and installed when the time has come; after the
 * restart what came of it is written down. Each step can be cut at any moment, and the next look goes on from there.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Transaction } from '../store/store.ts';
import { saveUpdateFacts, type FailedRelease, type UpdateFacts } from '../store/update-facts.ts';
import { compareVersions, highestVersion } from './release-version.ts';
import { requireSuitable } from './decision.ts';
import { readSmallFile, requireVerified } from './folder-file.ts';
import type { Manifest } from './manifest.ts';
import { announcementName } from './names.ts';
import { factsOf, incomingFolder, runningBox, stagingFolder, trustNow, type UpdateNeeds } from './needs.ts';
import { occupationOf } from './occupation.ts';
import { RefusedUpdateError } from './refusal.ts';
import release from './release.json' with { type: 'json' };
import { dropStaged, withStaging } from './staging.ts';
import { takeRelease, tellRefusal } from './take.ts';
import { verifiedManifest } from './trust.ts';
import { reasonToWait } from './window.ts';

/** What is done to the machine. */
export interface Machine {
  readonly bootId: string;
  /** Whether the boot that runs is one of a few that a new release has to prove itself. */
  readonly isOnTrial: boolean;
  /** Writes the staged release beside the running one, its kernel last. */
  install(version: string): Promise<void>;
  /** Lets a lower version go first. */
  setBack(version: string): Promise<void>;
  restart(): Promise<void>;
}

/** All that can be done now. Resolves with how things stand, in words. */
export async function workOnUpdate(needs: UpdateNeeds, machine: Machine): Promise<string> {
  await settle(needs, machine);
  if (factsOf(needs).pending?.bootId === machine.bootId) return 'the box restarts into the new release';
  await takeFetched(needs);
  return await withStaging(needs, async () => await applyStaged(needs, machine));
}

/** What became of the release that was installed before this boot. */
async function settle(needs: UpdateNeeds, { bootId, isOnTrial }: Machine): Promise<void> {
  const { pending } = factsOf(needs);
  if (pending === undefined || pending.bootId === bootId) return;
  const { version } = needs.image;
  if (version === pending.to) {
    // Else the proof has its say. It had: only writing that down was cut.
    if (!isOnTrial) await keepRelease(needs);
    return;
  }
  if (pending.isInstalled) return await tellRollBack(needs, pending);
  needs.log.warn({ to: pending.to }, 'installing the update was cut: it is begun anew');
  await needs.store.write((tx) => saveUpdateFacts(tx, { pending: undefined }));
}

/** The running release has proved itself. */
export async function keepRelease(needs: UpdateNeeds): Promise<void> {
  const { version } = needs.image;
  const { pending, floor = release.securityFloor, failed = [] } = factsOf(needs);
  const isNew = pending?.to === version;
  await needs.store.write((tx) => {
    saveUpdateFacts(tx, {
      floor: highestVersion(floor, release.securityFloor),
      failed: failed.filter((other) => other.version !== version),
    });
    if (!isNew) return;
    const { from } = pending;
    const last = { from, to: version, at: needs.clock.now(), outcome: 'good' } as const;
    saveUpdateFacts(tx, { last, pending: undefined, trouble: undefined });
    // Whoever went back has a reason, and the server still announces what he went back from.
    if (compareVersions(version, from) < 0)
      noteFailed(tx, factsOf(needs), { version: from, reason: wentBack });
    tx.journal({ kind: 'update_succeeded', body: { from, to: version } });
  });
  if (isNew) await dropTried(needs, version);
}

const wentBack = 'an administrator went back from it';
const mostFailed = 20;

function noteFailed(tx: Pick<Transaction, 'db'>, { failed = [] }: UpdateFacts, fresh: FailedRelease): void {
  const others = failed.filter(({ version }) => version !== fresh.version);
  saveUpdateFacts(tx, { failed: [...others, fresh].slice(-mostFailed) });
}

async function tellRollBack(needs: UpdateNeeds, { from, to, trouble }: NonNullable<UpdateFacts['pending']>) {
  const reason = trouble ?? 'it did not come up';
  const at = needs.clock.now();
  await needs.store.write((tx) => {
    noteFailed(tx, factsOf(needs), { version: to, reason });
    saveUpdateFacts(tx, { pending: undefined, last: { from, to, at, outcome: 'rolled_back', reason } });
    tx.journal({ kind: 'update_rolled_back', body: { from, to, reason } });
  });
  await dropTried(needs, to);
}

/** One that came meanwhile stays. */
async function dropTried(needs: UpdateNeeds, version: string): Promise<void> {
  if ((factsOf(needs).staged?.version ?? version) === version) await dropStaged(needs);
}

async function takeFetched(needs: UpdateNeeds): Promise<void> {
  const folder = incomingFolder(needs);
  if (!existsSync(join(folder, announcementName(needs.image.architecture)))) return;
  try {
    await takeRelease(needs, { folder, source: 'url', wish: { isByHand: false, isForced: false } });
  } catch (error) {
    if (!(error instanceof RefusedUpdateError)) throw error;
    needs.log.info({ code: error.code }, error.message);
  }
}

async function applyStaged(needs: UpdateNeeds, machine: Machine): Promise<string> {
  const { staged, ordered } = factsOf(needs);
  if (staged === undefined) return 'nothing to install';
  const { site, update } = needs.config;
  const order = ordered?.version === staged.version ? ordered : undefined;
  if (order === undefined && !update.automatic) return `${staged.version} waits until somebody says so`;
  const moment = { window: update.window, timeZone: site.time_zone, now: needs.clock.now() };
  const reason = reasonToWait(moment, occupationOf(site.state_directory, moment.now), order?.isNow === true);
  if (reason !== undefined) return `${staged.version} lies ready: ${reason}`;
  try {
    const manifest = await requireStaged(needs, staged, order !== undefined);
    return await installRelease(needs, machine, manifest);
  } catch (error) {
    if (!(error instanceof RefusedUpdateError)) throw error;
    await dropStaged(needs);
    await tellRefusal(needs, staged.source, error);
    return error.message;
  }
}

/** Days may have gone by since it was taken, and disks err. */
async function requireStaged(
  needs: UpdateNeeds,
  { version, isForced, source }: NonNullable<UpdateFacts['staged']>,
  isOrdered: boolean,
): Promise<Manifest> {
  const folder = stagingFolder(needs);
  const facts = factsOf(needs);
  const announcement = await readSmallFile(folder, announcementName(needs.image.architecture));
  if (announcement === undefined)
    throw new RefusedUpdateError('wrong_file', `${version} is gone from the disk`);
  const manifest = verifiedManifest(announcement, trustNow(needs, facts));
  requireSuitable(manifest, runningBox(needs, facts), { isByHand: isOrdered || source !== 'url', isForced });
  for (const file of manifest.files) await requireVerified(folder, file);
  return manifest;
}

async function installRelease(
  needs: UpdateNeeds,
  machine: Machine,
  { version: to }: Manifest,
): Promise<string> {
  const { version: from } = needs.image;
  const pending = { from, to, at: needs.clock.now(), bootId: machine.bootId, isInstalled: false };
  await needs.store.write((tx) => {
    saveUpdateFacts(tx, { pending });
    tx.journal({ kind: 'update_began', body: { from, to } });
  });
  try {
    await machine.install(to);
    if (compareVersions(to, from) < 0) await machine.setBack(from);
  } catch (error) {
    const words = `${to} could not be installed: ${error instanceof Error ? error.message : String(error)}`;
    await needs.store.write((tx) => {
      saveUpdateFacts(tx, { pending: undefined, trouble: { at: needs.clock.now(), words } });
      tx.journal({ kind: 'update_refused', body: { code: 'not_installed', source: 'box', words } });
    });
    throw new Error(words, { cause: error });
  }
  await needs.store.write((tx) => saveUpdateFacts(tx, { pending: { ...pending, isInstalled: true } }));
  await machine.restart();
  return `the box restarts into ${to}`;
}
