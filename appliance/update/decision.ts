/** Whether a release that is signed as it should be is for this box, now. Pure. */
import type { Manifest } from './manifest.ts';
import { RefusedUpdateError, type RefusalCode } from './refusal.ts';
import { compareVersions } from './release-version.ts';

/** What counts of the box. */
export interface RunningBox {
  readonly architecture: string;
  /** Of the running release. */
  readonly version: string;
  /** The highest of those that proved themselves here, and of the image's own. */
  readonly floor: string;
  /** Versions that were tried and taken back. */
  readonly failed: readonly string[];
  /** By part: how many migrations a release must know to use its file (`PRAGMA application_id`). */
  readonly dataFloors: Readonly<Record<string, number>>;
}

/** Who wants it. */
export interface Wish {
  /** A person asked for this release, and not the timer. */
  readonly isByHand: boolean;
  /** A signed-in administrator wants it although it is older. */
  readonly isForced: boolean;
}

/** Throws a RefusedUpdateError. */
export function requireSuitable(manifest: Manifest, box: RunningBox, { isByHand, isForced }: Wish): void {
  const { version, architecture, updatesFrom } = manifest;
  if (architecture !== box.architecture)
    refuse('wrong_architecture', `${version} is for ${architecture}, this box is ${box.architecture}`);
  if (compareVersions(version, box.floor) < 0)
    refuse(
      'below_floor',
      `${version} has known holes: this box takes nothing below ${box.floor}, forced or not`,
    );
  const order = compareVersions(version, box.version);
  if (order === 0) refuse('same_version', `${version} is what runs`);
  if (order < 0 && !isForced) refuse('downgrade', `${version} is older than ${box.version}, which runs`);
  if (compareVersions(box.version, updatesFrom) < 0)
    refuse('data', `${version} goes on with data of ${updatesFrom} or later: update to that first`);
  const unknown = Object.entries(box.dataFloors).find(
    ([part, needed]) => needed > (manifest.migrations[part] ?? 0),
  );
  if (unknown !== undefined)
    refuse(
      'data',
      `${version} can't read the data of ${unknown[0]} any more: ${box.version} has changed it for good`,
    );
  if (box.failed.includes(version) && !isByHand)
    refuse(
      'failed_before',
      `${version} was tried here and taken back: it is not tried again unless somebody asks`,
    );
}

function refuse(code: RefusalCode, words: string): never {
  throw new RefusedUpdateError(code, words);
}
