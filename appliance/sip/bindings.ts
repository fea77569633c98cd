/** The bindings of this box in memory, each change committed before anybody is told of it. */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import {
  readBindingRows,
  refreshBinding,
  removeBinding,
  saveBinding,
  shiftBindings,
  type BindingRow,
} from '../store/bindings.ts';
import type { JournalEntry } from '../store/journal.ts';
import type { Store, Transaction } from '../store/store.ts';
import { newBindingIndex } from './binding-index.ts';

export interface Bindings {
  readonly size: number;
  all(): readonly BindingRow[];
  byToken(token: string): BindingRow | undefined;
  byFlow(flow: string): BindingRow[];
  /** Of the connection that a request from a phone came on. */
  bySource(source: string, transport: string): BindingRow[];
  /** This phone's, for this AOR at this registrar. */
  ofPhone(phone: string, aor: string, registrar: string): BindingRow | undefined;
  /** Resolves when it is on disk. */
  save(row: BindingRow, journal?: JournalEntry): Promise<void>;
  /**
   * The phone asked again, and is known until then: at once in memory, soon on disk. After a restart every phone is `lost`
   * until it asks again, so nobody waits for it.
   */
  refresh(row: BindingRow, localExpiresAt: number): void;
  remove(row: BindingRow, journal: JournalEntry): Promise<void>;
  /** Changes the state at once, and on disk soon. */
  mark(rows: readonly BindingRow[], state: BindingRow['state'], reason: string): Promise<void>;
  /** The clock was set: all last as long as before. At once in memory. */
  shift(ms: number): Promise<void>;
}

/** Longer than any phone is told: whatever says more was written down while the clock was ahead. */
const longestLocalMs = 86_400_000;
/** What such a one has left; its phone has to ask again in any case. */
const leftMs = 3_600_000;

/** What stands in the store was upstream before we started: every connection to a registrar is gone, so all are `lost`. */
export function openBindings(
  store: Store,
  { now, onError }: { now: number; onError: (error: unknown) => void },
): Bindings {
  const rows = newRows(readBindingRows(store.db).map((row) => withinReach(row, now)));
  const mark: Bindings['mark'] = async (marked, state, reason) => {
    const changed = marked.filter((row) => row.state !== state).map((row) => ({ ...row, state }));
    if (changed.length === 0) return;
    for (const row of changed) rows.put(row);
    await store.write((tx) => {
      for (const row of changed) {
        saveBinding(tx.db, row);
        const { aor, registrar } = row;
        tx.journal({
          kind: 'registration_lost',
          mac: row.mac ?? undefined,
          body: { aor, registrar, reason },
        });
      }
    });
  };
  // Nobody waits for the disk before the first call for help.
  mark(rows.all(), 'lost', 'restart').catch(onError);
  const ofPhone: Bindings['ofPhone'] = (phone, aor, registrar) =>
    rows.byPhone.find(phone).find((row) => row.aor === aor && row.registrar === registrar);
  return {
    get size() {
      return rows.size;
    },
    all: rows.all,
    byToken: rows.get,
    byFlow: (flow) => rows.byFlow.find(flow),
    bySource: (source, transport) => rows.bySource.find(sourceKey({ source, transport })),
    ofPhone,
    save: async (given, journal) => {
      const before = rows.shifted;
      await store.write((tx) => {
        saveBinding(tx.db, given);
        if (journal !== undefined) tx.journal(journal);
      });
      const row = movedBy(given, rows.shifted - before);
      const replaced = ofPhone(row.phone, row.aor, row.registrar);
      if (replaced !== undefined) rows.remove(replaced);
      rows.put(row);
    },
    refresh: refreshing(store, rows, onError),
    remove: async (row, journal) => {
      await store.write((tx) => {
        removeBinding(tx.db, row.token);
        tx.journal(journal);
      });
      rows.remove(row);
    },
    mark,
    shift: async (ms) => {
      rows.shift(ms);
      await store.write(({ db }) => shiftBindings(db, ms));
    },
  };
}

function movedBy(row: BindingRow, ms: number): BindingRow {
  if (ms === 0) return row;
  const { registered_at: registeredAt, expires_at: expiresAt, local_expires_at: localExpiresAt } = row;
  return {
    ...row,
    registered_at: registeredAt + ms,
    expires_at: expiresAt + ms,
    local_expires_at: localExpiresAt + ms,
  };
}

function withinReach(row: BindingRow, now: number): BindingRow {
  if (row.local_expires_at <= now + longestLocalMs) return row;
  return { ...row, registered_at: now, expires_at: now + leftMs, local_expires_at: now };
}

type Rows = ReturnType<typeof newRows>;

function newRows(known: readonly BindingRow[]) {
  const byToken = new Map<string, BindingRow>();
  const byPhone = newBindingIndex(({ phone }) => phone);
  const byFlow = newBindingIndex(({ flow }) => flow);
  const bySource = newBindingIndex(sourceKey);
  const indexes = [byPhone, byFlow, bySource];
  const put = (row: BindingRow) => {
    const before = byToken.get(row.token);
    byToken.set(row.token, row);
    for (const index of indexes) index.put(row, before);
  };
  for (const row of known) put(row);
  let shifted = 0;
  return {
    shift: (ms: number) => {
      shifted += ms;
      for (const row of byToken.values()) put(movedBy(row, ms));
    },
    /** ms in all. */
    get shifted() {
      return shifted;
    },
    byPhone,
    byFlow,
    bySource,
    put,
    /** By its token, whatever else has changed of it. */
    remove: ({ token }: BindingRow) => {
      const row = byToken.get(token);
      if (row === undefined) return;
      byToken.delete(token);
      for (const index of indexes) index.remove(row);
    },
    get: (token: string) => byToken.get(token),
    all: () => Array.from(byToken.values()),
    get size() {
      return byToken.size;
    },
  };
}

function sourceKey({
  source,
  transport,
}: Pick<BindingRow, 'source'> & { readonly transport: string }): string {
  return `${transport} ${source}`;
}

function refreshing(store: Store, rows: Rows, onError: (error: unknown) => void): Bindings['refresh'] {
  /** Tokens whose time on disk is an old one. */
  const refreshed = new Set<string>();
  const write = ({ db }: Transaction) => {
    for (const token of refreshed) {
      const row = rows.get(token);
      if (row !== undefined) refreshBinding(db, token, row.local_expires_at);
    }
    refreshed.clear();
  };
  return ({ token }, localExpiresAt) => {
    const row = rows.get(token);
    if (row === undefined) return;
    rows.put({ ...row, local_expires_at: localExpiresAt });
    if (refreshed.size === 0) void store.soon(write).catch(onError);
    refreshed.add(token);
  };
}

const tokenKey = createSecretKey(randomBytes(32));

/**
 * Names a binding to its registrar; nobody who doesn't know it can call the phone through us. The same for the same phone and
 * AOR, so that an attempt and its repetition with credentials register one Contact; a binding keeps the one that it has.
 */
export function newToken(phone: string, aor: string, registrar: string): string {
  return createHmac('sha256', tokenKey).update(`${phone} ${aor} ${registrar}`).digest('hex').slice(0, 32);
}
