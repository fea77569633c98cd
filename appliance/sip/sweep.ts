/** What time does to registrations: phones that stay silent, bindings that run out, connections that nobody uses. */
import type { BindingRow } from '../store/bindings.ts';
import { shiftOpenCalls } from '../store/calls.ts';
import type { JournalEntry } from '../store/journal.ts';
import { repeat } from '../world.ts';
import type { Application } from './application.ts';

const everyMs = 2000;
/** Phones are late by a moment now and then. */
const graceMs = 10_000;

export interface BindingChanges {
  readonly late: readonly BindingRow[];
  readonly expired: readonly BindingRow[];
}

export function dueChanges(rows: readonly BindingRow[], now: number): BindingChanges {
  const expired = rows.filter(
    (row) => row.expires_at + graceMs < now && row.local_expires_at + graceMs < now,
  );
  const isExpired = new Set(expired);
  const late = rows.filter(
    (row) => row.state === 'registered' && row.local_expires_at + graceMs < now && !isExpired.has(row),
  );
  return { late, expired };
}

export function sweepBindings(app: Application, onError: (error: unknown) => void): AsyncDisposable {
  return repeat(app.world.clock, everyMs, { work: () => sweep(app), onError });
}

async function sweep(app: Application): Promise<void> {
  const { bindings, calls, flows, server, subscriptions, time, world } = app;
  await followClock(app);
  const now = time.now();
  subscriptions.sweep(world.clock.monotonic());
  const { late, expired } = dueChanges(bindings.all(), now);
  await bindings.mark(late, 'late', 'phone silent');
  // Together: each by itself would wait for a commit.
  await Promise.all(expired.map((row) => bindings.remove(row, expiry(row))));
  const bound = new Set(
    [...bindings.all(), ...calls.all().map(({ binding }) => binding)].map(({ flow }) => flow),
  );
  for (const flow of flows.sweep(bound, world.clock.monotonic())) server.engine.closeFlow(flow);
}

function expiry({ aor, registrar, mac }: BindingRow): JournalEntry {
  const body = { aor, registrar, reason: 'expired' };
  return { kind: 'registration_lost', mac: mac ?? undefined, body };
}

/** Registrations and calls last as long as before, and began as long ago. */
async function followClock({ bindings, calls, store, time, world }: Application): Promise<void> {
  const ms = time.follow();
  if (ms === 0) return;
  world.log.warn({ seconds: Math.round(ms / 1000) }, 'the clock was set');
  const shifted = bindings.shift(ms);
  for (const call of calls.all()) {
    call.startedAt += ms;
    if (call.answeredAt !== undefined) call.answeredAt += ms;
  }
  await Promise.all([shifted, store.write(({ db }) => shiftOpenCalls(db, ms))]);
}
