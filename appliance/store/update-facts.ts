/** What the box remembers of updates, in box's file: one row, changed as a whole. Written by root alone. */
import { one, run, type Database } from './database.ts';
import type { Transaction } from './store.ts';

export interface UpdateFacts {
  /** The highest security floor of a release that proved itself here. */
  readonly floor?: string;
  /** The highest list of revoked release keys that was seen. */
  readonly revocations?: { readonly number: number; readonly keys: readonly string[] };
  /** A release that lies ready. Times are ms since 1970. */
  readonly staged?: {
    readonly version: string;
    readonly source: UpdateSource;
    readonly at: number;
    readonly isForced: boolean;
  };
  /** Of the page's upload with this id: its announcement is good, and these files belong to it. */
  readonly offered?: {
    readonly upload: string;
    readonly files: readonly { readonly name: string; readonly bytes: number }[];
  };
  /** An administrator allows an older release until then. */
  readonly olderUntil?: number;
  /** Somebody said that this one is to be installed. */
  readonly ordered?: { readonly version: string; readonly isNow: boolean; readonly at: number };
  /** Installed, and not proved yet. `bootId`: of the boot in which it was installed. */
  readonly pending?: {
    readonly from: string;
    readonly to: string;
    readonly at: number;
    readonly bootId: string;
    /** False: it was being written. */
    readonly isInstalled: boolean;
    /** Why the last boot into it was not good. */
    readonly trouble?: string;
  };
  /** Versions that were taken back here, with the reason. */
  readonly failed?: readonly FailedRelease[];
  readonly last?: {
    readonly from: string;
    readonly to: string;
    readonly at: number;
    readonly outcome: 'good' | 'rolled_back';
    readonly reason?: string;
  };
  /** Why the last thing that was offered was not taken, or installing did not work. */
  readonly trouble?: { readonly at: number; readonly words: string };
}

export interface FailedRelease {
  readonly version: string;
  readonly reason: string;
}

export type UpdateSource = 'url' | 'stick' | 'page' | 'folder';

/** Empty before the first, and for a file of a release that knew none. */
export function readUpdateFacts(db: Database): UpdateFacts {
  const table = one(db, `SELECT 1 FROM sqlite_schema WHERE name = 'update_facts'`);
  if (table === undefined) return {};
  const row = one<{ body: string }>(db, 'SELECT body FROM update_facts WHERE id = 1');
  return row === undefined ? {} : (JSON.parse(row.body) as UpdateFacts);
}

/** What is undefined is forgotten; what is not named stays. */
export function saveUpdateFacts(
  { db }: Pick<Transaction, 'db'>,
  changes: { readonly [Name in keyof UpdateFacts]: UpdateFacts[Name] | undefined },
): void {
  const body = JSON.stringify({ ...readUpdateFacts(db), ...changes });
  run(db, 'INSERT OR REPLACE INTO update_facts (id, body) VALUES (1, ?)', [body]);
}
