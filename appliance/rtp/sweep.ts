/** Sessions that are silent for too long, or whose address of ours has gone: told to everybody who is connected, and ended when nobody claims them. */
import { ownAddresses } from '../net/card.ts';
import type { LineServer } from '../net/unix-lines.ts';
import { formatControl } from '../protocol/media-control.ts';
import { releaseSession, type Carried, type Relay } from './carried.ts';
import { countOf, isExpired, patienceMs } from './session.ts';

const sweepMs = 1000;
/** A silent session that nobody releases (its call is forgotten) goes by itself. */
const unclaimedMs = 30_000;
/** A card that is down for a moment takes its address along. */
const addressMs = 15_000;

export async function sweep(relay: Relay, control: LineServer, signal: AbortSignal): Promise<void> {
  const { clock, log } = relay.world;
  while (!signal.aborted) {
    try {
      const begin = clock.monotonic();
      await clock.sleep(sweepMs, signal);
      // We stood still: what came meanwhile is read first.
      if (clock.monotonic() - begin > 2 * sweepMs) continue;
      relay.quality.measure();
      await judge(relay, control);
    } catch (error) {
      if (signal.aborted) return;
      relay.counters.errors += 1;
      log.error({ err: error }, 'a silent session could not be ended');
    }
  }
}

async function judge(relay: Relay, control: LineServer): Promise<void> {
  const now = relay.world.clock.monotonic();
  const all = Array.from(relay.sessions.values()).filter(({ isReleased }) => !isReleased);
  const fresh = all.filter(({ reportedAt }) => reportedAt === undefined);
  const silent = fresh.filter(({ session }) => isExpired(session, now, relay.idleMs));
  // The kernel was asked a while ago.
  if (silent.length > 0) await relay.kernel.count();
  const dead = new Set(silent.filter(({ session }) => isExpired(session, now, relay.idleMs)));
  for (const carried of withoutAddress(relay, fresh)) dead.add(carried);
  for (const carried of dead) await report(relay, control, carried);
  for (const { session, reportedAt = now } of all)
    if (now - reportedAt > unclaimedMs) await releaseSession(relay, session.id);
}

/** Those that nobody can reach any more: their address was given to no card of this machine for a while. */
function withoutAddress({ world, idleMs }: Relay, sessions: readonly Carried[]): Carried[] {
  const now = world.clock.monotonic();
  const present = ownAddresses();
  return sessions.filter((carried) => {
    const isThere = (['phone', 'cloud'] as const).every((leg) =>
      present.has(carried.sockets.own(leg).address),
    );
    carried.awayAt = isThere ? undefined : (carried.awayAt ?? now);
    // Who waits for no media may wait for an address.
    const { session, awayAt } = carried;
    const limit = session.expectsMedia ? Math.min(addressMs, idleMs) : patienceMs(session, idleMs);
    return awayAt !== undefined && now - awayAt > limit;
  });
}

/** Who asked for it releases it, and gets its counts then. */
async function report(
  { world, store, counters }: Relay,
  control: LineServer,
  carried: Carried,
): Promise<void> {
  const now = world.clock.monotonic();
  const { session, phone, cloud, silentMs } = countOf(carried.session, now);
  carried.reportedAt = now;
  counters.sessions_idle += 1;
  control.broadcast(formatControl({ event: 'idle', session }));
  const body = {
    session,
    silent_seconds: Math.round(silentMs / 1000),
    from_phone: phone.packets,
    from_cloud: cloud.packets,
  };
  await store.write((tx) => tx.journal({ kind: 'media_idle', body }));
}
