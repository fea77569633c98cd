/** What time does to registrations: phones that stay silent, bindings that run out, connections that nobody uses. */
import type { BindingRow } from '../store/bindings.ts';
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
  const late = rows.filter(
    (row) => row.state === 'registered' && row.local_expires_at + graceMs < now && !expired.includes(row),
  );
  return { late, expired };
}

export function sweepBindings(app: Application, onError: (error: unknown) => void): AsyncDisposable {
  return repeat(app.world.clock, everyMs, { work: () => sweep(app), onError });
}

async function sweep({ bindings, calls, flows, server, subscriptions, world }: Application): Promise<void> {
  const now = world.clock.now();
  subscriptions.sweep(now);
  const { late, expired } = dueChanges(bindings.all(), now);
  await bindings.mark(late, 'late', 'phone silent');
  for (const row of expired) {
    const { aor, registrar } = row;
    await bindings.remove(row, {
      kind: 'registration_lost',
      mac: row.mac ?? undefined,
      body: { aor, registrar, reason: 'expired' },
    });
  }
  const bound = new Set(
    [...bindings.all(), ...calls.all().map(({ binding }) => binding)].map(({ flow }) => flow),
  );
  for (const flow of flows.sweep(bound, now)) server.engine.closeFlow(flow);
}
