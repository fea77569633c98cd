/** One part's journal on its way to the cloud: read, send, and only when the cloud has it, move the cursor. */
import { readFileSync } from 'node:fs';
import type { CloudConfig } from '../config.ts';
import type { HttpsPoster } from '../net/https-post.ts';
import { newCursor, readCursor, saveCursor, type Cursor } from '../store/cursors.ts';
import type { StoreName } from '../store/journal-kinds.ts';
import type { JournalGap, JournalRow, Reader } from '../store/reader.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../world.ts';
import { verdictOf, waitMs, type Verdict } from './backoff.ts';
import { newBatch, type Batch } from './batch.ts';

export interface Shipper {
  readonly part: StoreName;
  /** There may be more to send. */
  wake(reader: Reader): void;
  /** Somebody reached the cloud again: what failed for want of it is tried at once. */
  hurry(): void;
  /** The reader was closed. */
  forget(): void;
  /** Rows in the journal that the cloud has not confirmed; 0 while the journal can't be read. */
  lag(): number;
  /** `undefined`: going well. */
  problem(): string | undefined;
  readonly done: Promise<void>;
}

export interface ShipperNeeds {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly store: Store;
  readonly poster: HttpsPoster;
  readonly site: string;
  readonly config: CloudConfig;
  readonly counters: Record<
    'rows_shipped' | 'batches_shipped' | 'gaps_shipped' | 'retries' | 'refusals' | 'errors',
    number
  >;
  /** After each try. */
  readonly onVerdict: (part: StoreName, verdict: Verdict) => void;
  /** From 0 to 1. */
  readonly random: () => number;
}

interface ShipperState {
  reader: Reader | undefined;
  cursor: Cursor | undefined;
  problem: string | undefined;
  wake: AbortController;
  hurry: AbortController;
  mostRows: number;
}

export function startShipper(part: StoreName, needs: ShipperNeeds): Shipper {
  const state: ShipperState = {
    reader: undefined,
    cursor: undefined,
    problem: undefined,
    wake: new AbortController(),
    hurry: new AbortController(),
    mostRows: needs.config.batch_rows,
  };
  return {
    part,
    wake: (reader) => {
      state.reader = reader;
      state.wake.abort();
    },
    hurry: () => {
      state.hurry.abort();
    },
    forget: () => {
      state.reader = undefined;
    },
    lag: () =>
      state.reader === undefined ? 0 : Math.max(state.reader.lastSeq() - (state.cursor?.seq ?? 0), 0),
    problem: () => state.problem,
    done: ship(part, needs, state),
  };
}

/** Without news, look again: a wake-up that came between looking and sleeping is not lost for long. */
const lookAgainMs = 5000;

async function ship(part: StoreName, needs: ShipperNeeds, state: ShipperState): Promise<void> {
  const { clock, signal } = needs;
  let failures = 0;
  while (!signal.aborted) {
    let verdict: Verdict | undefined;
    try {
      verdict = await shipOnce(part, needs, state);
    } catch (error) {
      if (signal.aborted) break;
      verdict = { kind: 'later', reason: error instanceof Error ? error.message : String(error) };
    }
    if (verdict !== undefined) needs.onVerdict(part, verdict);
    if (verdict?.kind === 'taken') {
      failures = 0;
      state.problem = undefined;
      continue;
    }
    if (verdict === undefined) {
      await clock.sleep(lookAgainMs, AbortSignal.any([signal, state.wake.signal])).catch(() => undefined);
      state.wake = new AbortController();
      continue;
    }
    failures += 1;
    needs.counters.retries += 1;
    if (verdict.kind === 'refused') needs.counters.refusals += 1;
    state.problem = verdict.reason;
    state.mostRows =
      verdict.kind === 'smaller' ? Math.max(1, Math.floor(state.mostRows / 2)) : state.mostRows;
    state.hurry = new AbortController();
    const mayHurry = verdict.kind === 'later' && verdict.retryAfterMs === undefined;
    const either = mayHurry ? AbortSignal.any([signal, state.hurry.signal]) : signal;
    await clock.sleep(waitMs(verdict, failures, needs.random()), either).catch(() => undefined);
  }
}

/** `undefined`: nothing to send. Rejects when the cloud, the journal or our own file can't be had. */
async function shipOnce(
  part: StoreName,
  needs: ShipperNeeds,
  state: ShipperState,
): Promise<Verdict | undefined> {
  const { reader } = state;
  if (reader === undefined) return undefined;
  const cursor = await currentCursor(part, needs, { reader, state });
  const found = reader.journalAfter(cursor.seq, state.mostRows);
  const batch = newBatch(needs.site, cursor, found);
  if (batch === undefined) return undefined;
  const verdict = await send(batch, needs);
  if (verdict.kind === 'taken') {
    const next = { ...cursor, seq: batch.to, rowAt: atOf(found, batch.to) };
    await needs.store.write(({ db }) => saveCursor(db, next, needs.clock.now()));
    state.cursor = next;
    state.mostRows = Math.min(state.mostRows * 2, needs.config.batch_rows);
    needs.counters.batches_shipped += 1;
    needs.counters.rows_shipped += found.filter((row) => 'seq' in row && row.seq <= batch.to).length;
    needs.counters.gaps_shipped += found.filter((row) => !('seq' in row) && row.to <= batch.to).length;
  }
  return verdict;
}

/** The journal's name is on disk before its first row leaves: after a crash the same rows go under the same name. */
async function currentCursor(
  part: StoreName,
  { store, clock }: ShipperNeeds,
  { reader, state }: { reader: Reader; state: ShipperState },
): Promise<Cursor> {
  const known = state.cursor ?? readCursor(store.db, part);
  if (known !== undefined && isSameJournal(known, reader)) return (state.cursor = known);
  const fresh = newCursor(part);
  await store.write(({ db }) => saveCursor(db, fresh, clock.now()));
  return (state.cursor = fresh);
}

/** A part's file that was deleted starts again at 1, while we remember more. */
function isSameJournal({ seq, rowAt }: Cursor, reader: Reader): boolean {
  if (reader.lastSeq() < seq) return false;
  const [row] = seq === 0 || rowAt === null ? [] : reader.journalAfter(seq - 1, 1);
  return row === undefined || !('seq' in row) || row.seq !== seq || row.at === rowAt;
}

function atOf(rows: readonly (JournalRow | JournalGap)[], seq: number): number | null {
  const row = rows.find((each) => 'seq' in each && each.seq === seq);
  return row !== undefined && 'seq' in row ? row.at : null;
}

async function send(
  { body, idempotencyKey }: Batch,
  { poster, config, signal, clock }: ShipperNeeds,
): Promise<Verdict> {
  const token = readToken(config.token_file);
  const answer = await poster.post('/v1/journal', {
    headers: {
      'content-type': 'application/json',
      'idempotency-key': idempotencyKey,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body,
    signal,
  });
  return verdictOf(answer, clock.now());
}

/** Read for each request: a new token needs no restart. */
function readToken(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`cloud.token_file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(`cloud.token_file ${file} holds no token`);
  return token;
}
