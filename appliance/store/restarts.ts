/** What came of orders to restart a phone: the last one of each. Owned by sip. */
import { all, one, run, type Database } from './database.ts';

/** `asked`: it has not answered yet, or sip was stopped meanwhile. */
export const restartOutcomes = [
  'asked',
  'accepted',
  'refused',
  'no answer',
  'not reached',
  'not registered',
  'in a call',
  'not offered',
] as const;

export type RestartOutcome = (typeof restartOutcomes)[number];

export interface Restart {
  readonly mac: string;
  /** Of the order, ms since 1970. */
  readonly givenAt: number;
  readonly at: number;
  readonly outcome: RestartOutcome;
  /** SIP status of the phone's answer. */
  readonly status?: number;
}

interface Row {
  readonly mac: string;
  readonly given_at: number;
  readonly at: number;
  readonly outcome: RestartOutcome;
  readonly status: number | null;
}

export function saveRestart(db: Database, { mac, givenAt, at, outcome, status }: Restart): void {
  run(db, 'INSERT OR REPLACE INTO restart (mac, given_at, at, outcome, status) VALUES (?, ?, ?, ?, ?)', [
    mac,
    givenAt,
    at,
    outcome,
    status ?? null,
  ]);
}

export function readRestarts(db: Database): Restart[] {
  return all<Row>(db, 'SELECT mac, given_at, at, outcome, status FROM restart').map(fromRow);
}

export function readRestart(db: Database, mac: string): Restart | undefined {
  const row = one<Row>(db, 'SELECT mac, given_at, at, outcome, status FROM restart WHERE mac = ?', [mac]);
  return row && fromRow(row);
}

function fromRow({ mac, given_at: givenAt, at, outcome, status }: Row): Restart {
  return { mac, givenAt, at, outcome, ...(status === null ? {} : { status }) };
}
