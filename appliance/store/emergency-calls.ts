/** Calls for help and tests of them, with all that is kept as evidence. Owned by sip. */
import { all, one, run, type Database } from './database.ts';
import type { Placement } from './placements.ts';

export interface HelpWay {
  /** `cloud`, `gateway`, `attendants` or `everybody`. */
  readonly way: string;
  /** ms since 1970, as the others. */
  readonly at: number;
  /** `trying`, `answered`, or why it did not take the call. */
  outcome: string;
}

export interface HelpNotice {
  /** `phone`, `webhook`, `syslog` or `mail`. */
  readonly by: string;
  /** Number, host or mail address; of a webhook no more than its host. */
  readonly to: string;
  tries: number;
  /** What came of it; absent while it is still tried. */
  result?: string;
  isDelivered: boolean;
  at: number;
}

export interface EmergencyCall {
  /** That of the call. */
  readonly id: string;
  readonly kind: 'help' | 'test';
  readonly at: number;
  readonly number: string;
  readonly name: string;
  readonly caller: {
    readonly aor: string;
    readonly phone: string;
    readonly source: string;
    readonly transport: string;
    readonly contact: string;
    readonly mac?: string;
  };
  readonly place?: Placement;
  readonly callback?: string;
  readonly outcome?: string;
  readonly answeredAt?: number;
  readonly endedAt?: number;
  readonly ways: readonly HelpWay[];
  readonly notices: readonly HelpNotice[];
}

/** Older ones are forgotten. */
const kept = 2000;

export function saveEmergencyCall(db: Database, call: EmergencyCall): void {
  run(db, 'INSERT OR REPLACE INTO emergency_call (id, at, body) VALUES (?, ?, ?)', [
    call.id,
    call.at,
    JSON.stringify(call),
  ]);
  run(
    db,
    'DELETE FROM emergency_call WHERE at < (SELECT at FROM emergency_call ORDER BY at DESC LIMIT 1 OFFSET ?)',
    [kept],
  );
}

/** Latest first. Empty for a file of a release before them. */
export function readEmergencyCalls(
  db: Database,
  { since = 0, limit }: { since?: number; limit: number },
): EmergencyCall[] {
  const table = one(db, `SELECT 1 FROM sqlite_schema WHERE name = 'emergency_call'`);
  if (table === undefined) return [];
  return all<{ body: string }>(
    db,
    'SELECT body FROM emergency_call WHERE at >= ? ORDER BY at DESC, id LIMIT ?',
    [since, limit],
  ).map(({ body }) => JSON.parse(body) as EmergencyCall);
}
