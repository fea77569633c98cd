/** The media relay: sessions made and ended by `sip` over a Unix socket, their packets carried by the kernel or between two sockets. */
import type { Config } from '../config/schema.ts';
import { serveLines } from '../net/unix-lines.ts';
import { formatControl, mediaSocketPath } from '../protocol/media-control.ts';
import { readMediaSessions, removeMediaSession, type MediaSessionRow } from '../store/media-sessions.ts';
import { openStore, type Store } from '../store/store.ts';
import { tellStart } from '../store/tell-start.ts';
import { version, type Health, type Part, type World } from '../world.ts';
import { flowsOf, listen, newCarried, newCounters, type Carried, type Relay } from './carried.ts';
import { openKernelPath, type KernelPath } from './kernel.ts';
import { newPortPool, type PortPool } from './ports.ts';
import { openQuality, type Quality } from './quality.ts';
import { answer, maxSessions } from './requests.ts';
import { onRelayed } from './session.ts';
import { reopenMediaSockets } from './sockets.ts';
import { sessionOf } from './stored-session.ts';
import { newSurroundings } from './surroundings.ts';
import { sweep } from './sweep.ts';

/** Throws when the control socket or the store can't be opened; a full disk or a broken file is no reason. */
export async function startRtpRelay(world: World, config: Config): Promise<Part> {
  const store = openStore({
    directory: config.site.state_directory,
    part: 'rtp',
    clock: world.clock,
    isReplaced: true,
    isSyncedApart: true,
    isSyncFailureTold: true,
  });
  await tellStart(store, { log: world.log, release: version });
  const pool = newPortPool(config.rtp.first_port, config.rtp.last_port);
  const quality = openQuality({ world, store, directory: config.site.state_directory });
  const sessions = await adoptSessions({ world, store, quality }, pool);
  const byPort: Relay['byPort'] = new Map();
  const relay: Relay = {
    world,
    config: config.rtp,
    around: newSurroundings(world.clock),
    store,
    pool,
    sessions,
    changing: new Map(),
    byPort,
    quality,
    kernel: await openKernel(world, config, { pool, sessions, byPort }),
    idleMs: config.rtp.idle_seconds * 1000,
    counters: { ...newCounters(), sessions_adopted: sessions.size },
  };
  for (const carried of sessions.values()) listen(relay, carried);
  const path = mediaSocketPath(config.site.state_directory);
  const control = await serveLines(path, (line, peer) => {
    void answer(relay, line).then((reply) => peer.send(formatControl(reply)));
  });
  const stop = new AbortController();
  const sweeping = sweep(relay, control, stop.signal);
  return {
    health: () => healthOf(relay),
    counters: () => ({
      ...relay.counters,
      ...relay.kernel.counters(),
      ...quality.counters,
      sessions: sessions.size,
      ports_used: pool.used * 2,
    }),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await sweeping;
      await control[Symbol.asyncDispose]();
      // Sessions that are left outlive us: in the store, and in the kernel.
      await relay.kernel[Symbol.asyncDispose]();
      for (const { sockets } of sessions.values()) await sockets[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
}

/** Sessions of a process before us, at the same ports. Those whose ports can't be had are over. */
async function adoptSessions(
  { world, store, quality }: { world: World; store: Store; quality: Quality },
  pool: PortPool,
): Promise<Map<string, Carried>> {
  const sessions = new Map<string, Carried>();
  const now = () => world.clock.monotonic();
  const lost: MediaSessionRow[] = [];
  for (const row of readMediaSessions(store.db)) {
    const { session, ours, bridged } = sessionOf(row, now());
    try {
      const sockets = await reopenMediaSockets({ pool, now }, ours);
      const carried = newCarried(session, { sockets, quality: quality.open(row.id) });
      carried.crossing.resume(bridged);
      sessions.set(row.id, carried);
    } catch (error) {
      world.log.warn({ err: error, session: row.id }, 'a media session could not be taken over');
      lost.push(row);
    }
  }
  if (lost.length > 0 || sessions.size > 0) {
    const told = store.write((tx) => {
      for (const { id } of lost) removeMediaSession(tx.db, id);
      tx.journal({ kind: 'media_adopted', body: { sessions: sessions.size, lost: lost.length } });
    });
    await told.catch((error: unknown) => world.log.error({ err: error }, 'adoption not written down'));
  }
  return sessions;
}

async function openKernel(
  world: World,
  { rtp }: Config,
  { pool, sessions, byPort }: Pick<Relay, 'pool' | 'sessions' | 'byPort'>,
): Promise<KernelPath> {
  const flows = Array.from(sessions, ([id, carried]) => [id, flowsOf(carried)] as const);
  return await openKernelPath(
    world,
    {
      wanted: rtp.kernel_path,
      first: rtp.first_port,
      last: rtp.last_port,
      idleMs: rtp.idle_seconds * 1000,
      onRelayed: ({ session: id, leg, packets, bytes }) => {
        const carried = sessions.get(id);
        if (carried === undefined) return;
        onRelayed(carried.session, leg, { packets, bytes, now: world.clock.monotonic() });
        carried.quality.onCarried(leg, packets, world.clock.now());
      },
      onSample: ({ port, header, atMs }) => byPort.get(port)?.(header, atMs),
      reservePort: (port) => pool.reserve(port),
      releasePort: (port) => pool.release(port, world.clock.monotonic()),
    },
    new Map(flows.flatMap(([id, pair]) => (pair === undefined ? [] : [[id, pair]]))),
  );
}

function healthOf({ sessions, pool, kernel }: Relay): Health {
  if (pool.used < pool.size && sessions.size < maxSessions) return kernel.health();
  return { state: 'degraded', reason: 'all media ports are in use: new calls are refused' };
}
