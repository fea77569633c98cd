/** The media relay: sessions made and ended by `sip` over a Unix socket, their packets carried between two sockets. */
import type { Config } from '../config-schema.ts';
import { serveLines, type LineServer } from '../net/unix-lines.ts';
import { DecodeError } from '../protocol/bytes.ts';
import {
  formatControl,
  mediaSocketPath,
  parseMediaRequest,
  type LegName,
  type MediaReply,
  type MediaRequest,
} from '../protocol/media-control.ts';
import { packetKind } from '../protocol/rtp.ts';
import { openStore, type Store } from '../store/store.ts';
import { version, type Health, type Part, type World } from '../world.ts';
import { newPortPool, type PortPool } from './ports.ts';
import {
  countOf,
  isExpired,
  newSession,
  onPacket,
  setRemote,
  type Component,
  type Session,
} from './session.ts';
import { openMediaSockets, type MediaSockets } from './sockets.ts';
import { newSrtpLegs, type SrtpLegs } from './srtp-legs.ts';

/** Four sockets a session: well below what a process may open. */
const maxSessions = 1000;
const sweepMs = 1000;
/** A silent session that nobody releases (its call is forgotten) goes by itself. */
const unclaimedMs = 30_000;

interface Carried {
  readonly session: Session;
  readonly sockets: MediaSockets;
  readonly srtp: SrtpLegs;
  reportedAt: number | undefined;
}

interface Relay {
  readonly world: World;
  readonly store: Store;
  readonly pool: PortPool;
  readonly sessions: Map<string, Carried>;
  readonly idleMs: number;
  readonly counters: {
    sessions_opened: number;
    sessions_idle: number;
    refused: number;
    malformed: number;
    packets: number;
    dropped: number;
    /** Of a bridged leg: not genuine, or there before. */
    srtp_refused: number;
    send_errors: number;
    errors: number;
  };
}

/** Throws when the control socket or the store can't be opened. */
export async function startRtpRelay(world: World, config: Config): Promise<Part> {
  const store = openStore({ directory: config.site.state_directory, part: 'rtp', clock: world.clock });
  await store.write((tx) => tx.journal({ kind: 'started', body: { release: version } }));
  const relay: Relay = {
    world,
    store,
    pool: newPortPool(config.rtp.first_port, config.rtp.last_port),
    sessions: new Map(),
    idleMs: config.rtp.idle_seconds * 1000,
    counters: {
      sessions_opened: 0,
      sessions_idle: 0,
      refused: 0,
      malformed: 0,
      packets: 0,
      dropped: 0,
      srtp_refused: 0,
      send_errors: 0,
      errors: 0,
    },
  };
  const path = mediaSocketPath(config.site.state_directory);
  const control = await serveLines(path, (line, peer) => {
    void answer(relay, line).then((reply) => peer.send(formatControl(reply)));
  });
  const stop = new AbortController();
  const sweeping = sweep(relay, control, stop.signal);
  return {
    health: () => healthOf(relay),
    counters: () => ({ ...relay.counters, sessions: relay.sessions.size, ports_used: relay.pool.used * 2 }),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await sweeping;
      await control[Symbol.asyncDispose]();
      for (const id of relay.sessions.keys()) await releaseSession(relay, id);
      store[Symbol.dispose]();
    },
  };
}

function healthOf({ sessions, pool }: Relay): Health {
  if (pool.used < pool.size && sessions.size < maxSessions) return { state: 'ok' };
  return { state: 'degraded', reason: 'all media ports are in use: new calls are refused' };
}

async function answer(relay: Relay, line: string): Promise<MediaReply> {
  let request: MediaRequest;
  try {
    request = parseMediaRequest(line);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    relay.counters.malformed += 1;
    return { id: 0, ok: false, error: error.message };
  }
  try {
    return await act(relay, request);
  } catch (error) {
    relay.counters.refused += 1;
    const reason = error instanceof Error ? error.message : String(error);
    relay.world.log.warn({ verb: request.verb, err: error }, 'media request refused');
    return { id: request.id, ok: false, error: reason };
  }
}

async function act(relay: Relay, request: MediaRequest): Promise<MediaReply> {
  const { id } = request;
  const now = relay.world.clock.now();
  switch (request.verb) {
    case 'allocate': {
      const { phone, cloud } = await allocate(relay, request);
      return { id, ok: true, phone, cloud };
    }
    case 'update':
      setRemote(known(relay, request.session).session, request.leg, request.remote);
      return { id, ok: true };
    case 'describe':
      known(relay, request.session).srtp.setKeys(request.leg, request.description.keys);
      return { id, ok: true };
    case 'expect': {
      const { session } = known(relay, request.session);
      if (request.media && !session.expectsMedia) session.lastMediaAt = now;
      session.expectsMedia = request.media;
      return { id, ok: true };
    }
    case 'release': {
      const { session } = known(relay, request.session);
      await releaseSession(relay, request.session);
      return { id, ok: true, sessions: [countOf(session, now)] };
    }
    case 'stats':
      break;
  }
  return {
    id,
    ok: true,
    sessions: Array.from(relay.sessions.values(), ({ session }) => countOf(session, now)),
  };
}

async function allocate(
  relay: Relay,
  request: MediaRequest & { verb: 'allocate' },
): Promise<MediaSockets['ports']> {
  const { session: id, phone, cloud } = request;
  const { clock } = relay.world;
  if (relay.sessions.has(id)) throw new Error(`session ${id} is there already`);
  if (relay.sessions.size >= maxSessions) throw new Error(`${maxSessions} sessions are open: no more`);
  const sockets = await openMediaSockets({ pool: relay.pool, now: () => clock.now() }, { phone, cloud });
  const session = newSession(id, clock.now());
  const carried: Carried = { session, sockets, srtp: newSrtpLegs(), reportedAt: undefined };
  relay.sessions.set(id, carried);
  for (const leg of ['phone', 'cloud'] as const)
    for (const component of ['rtp', 'rtcp'] as const) carry(relay, carried, { leg, component });
  relay.counters.sessions_opened += 1;
  return sockets.ports;
}

function carry(
  relay: Relay,
  { session, sockets, srtp }: Carried,
  at: { leg: LegName; component: Component },
): void {
  const socket = sockets.port(at.leg, at.component);
  socket.onError(() => {
    // ICMP says that nobody listens there yet: usual at the start and the end of a call.
    relay.counters.send_errors += 1;
  });
  socket.onDatagram((packet, from) => {
    const forward = onPacket(session, { ...at, from, packet }, relay.world.clock.now());
    if (forward === undefined) {
      relay.counters.dropped += 1;
      return;
    }
    const kind = packetKind(packet);
    const isMedia = kind === 'rtp' || kind === 'rtcp';
    const onward = isMedia ? srtp.convert(at.leg, kind, packet) : srtp.isBridge ? undefined : packet;
    if (onward === undefined) {
      relay.counters.srtp_refused += 1;
      return;
    }
    relay.counters.packets += 1;
    sockets.port(forward.leg, forward.component).post(onward, forward.to);
  });
}

async function releaseSession(relay: Relay, id: string): Promise<void> {
  const { sockets } = known(relay, id);
  relay.sessions.delete(id);
  await sockets[Symbol.asyncDispose]();
}

function known(relay: Relay, id: string): Carried {
  const found = relay.sessions.get(id);
  if (found === undefined) throw new Error(`no session ${id}`);
  return found;
}

/** Tells everybody who is connected what is silent for too long. */
async function sweep(relay: Relay, control: LineServer, signal: AbortSignal): Promise<void> {
  const { clock, log } = relay.world;
  while (!signal.aborted) {
    try {
      await clock.sleep(sweepMs, signal);
      const now = clock.now();
      for (const [id, carried] of relay.sessions) {
        if (carried.reportedAt === undefined) {
          if (isExpired(carried.session, now, relay.idleMs)) await report(relay, control, carried);
        } else if (now - carried.reportedAt > unclaimedMs) await releaseSession(relay, id);
      }
    } catch (error) {
      if (signal.aborted) return;
      relay.counters.errors += 1;
      log.error({ err: error }, 'a silent session could not be ended');
    }
  }
}

/** Who asked for it releases it, and gets its counts then. */
async function report(
  { world, store, counters }: Relay,
  control: LineServer,
  carried: Carried,
): Promise<void> {
  const now = world.clock.now();
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
