/** What `sip` asks for over the control socket. */
import { DecodeError } from '../protocol/bytes.ts';
import {
  parseMediaRequest,
  type MediaReply,
  type MediaRequest,
  type Remote,
  type SessionCount,
} from '../protocol/media-control.ts';
import {
  follow,
  keep,
  known,
  listen,
  moveLeg,
  newCarried,
  releaseSession,
  type Carried,
  type Relay,
} from './carried.ts';
import { withinReach } from './reach.ts';
import { countOf, expectFrom, newSession, setRemote, type Session } from './session.ts';
import { openMediaSockets, type MediaSockets } from './sockets.ts';

/** Four sockets a session: well below what a process may open. */
export const maxSessions = 1000;

export async function answer(relay: Relay, line: string): Promise<MediaReply> {
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
  const now = relay.world.clock.monotonic();
  switch (request.verb) {
    case 'allocate': {
      const { phone, cloud } = await inOrder(relay, request.session, () => allocate(relay, request));
      return { id, ok: true, phone, cloud };
    }
    case 'update': {
      const carried = known(relay, request.session);
      const isOther = describe(carried, request);
      setRemote(carried.session, request.leg, reachable(relay, carried, request));
      if (isOther || carried.session.revision !== carried.toldRevision) follow(relay, carried);
      return { id, ok: true };
    }
    case 'describe': {
      const carried = known(relay, request.session);
      if (describe(carried, request)) follow(relay, carried);
      return { id, ok: true };
    }
    case 'move': {
      const { phone, cloud } = await inOrder(relay, request.session, () => move(relay, request));
      return { id, ok: true, phone, cloud };
    }
    case 'expect': {
      const carried = known(relay, request.session);
      const { session } = carried;
      if (request.media && !session.expectsMedia) session.lastMediaAt = now;
      session.expectsMedia = request.media;
      keep(relay, carried);
      return { id, ok: true };
    }
    case 'release': {
      const session = await inOrder(relay, request.session, () => release(relay, request.session));
      return { id, ok: true, sessions: [countOf(session, now)] };
    }
    case 'stats':
      break;
  }
  // Who compares must hear of all that was asked for before.
  await Promise.allSettled(relay.changing.values());
  // One that was told to be silent may have been told to nobody: it goes by itself.
  const there = Array.from(relay.sessions.values()).filter(
    ({ isReleased, reportedAt }) => !isReleased && reportedAt === undefined,
  );
  return { id, ok: true, sessions: there.map((carried) => statusOf(carried, now)) };
}

function statusOf({ session, crossing }: Carried, now: number): SessionCount {
  return { ...countOf(session, now), ...(crossing.needsKeys() ? { needsKeys: true } : {}) };
}

function reachable(
  { around, config, counters, world }: Relay,
  { sockets, session: { id } }: Carried,
  { leg, remote }: MediaRequest & { verb: 'update' },
): Remote {
  const ours = {
    address: sockets.own(leg).address,
    firstPort: config.first_port,
    lastPort: config.last_port,
    cloudNetworks: config.cloud_networks,
  };
  const reached = withinReach(remote, ours, around(ours.address));
  if (reached !== remote) {
    counters.led_astray += 1;
    world.log.warn({ session: id, leg, address: remote.address }, 'a description names another network');
  }
  return reached;
}

/** True when its packets go another way then: changed here, or not any more. */
function describe(
  { crossing }: Carried,
  { leg, description }: MediaRequest & { verb: 'update' | 'describe' },
): boolean {
  const wasBridge = crossing.isBridge();
  if (description !== undefined) crossing.describe(leg, description);
  return crossing.isBridge() !== wasBridge;
}

/** What is asked of one session is done in that order: it may be released while its ports are still being opened. */
async function inOrder<T>({ changing }: Relay, session: string, work: () => Promise<T>): Promise<T> {
  const mine = Promise.resolve(changing.get(session)).then(work, work);
  changing.set(session, mine);
  try {
    return await mine;
  } finally {
    if (changing.get(session) === mine) changing.delete(session);
  }
}

async function allocate(
  relay: Relay,
  request: MediaRequest & { verb: 'allocate' },
): Promise<ReturnType<MediaSockets['ports']>> {
  const { session: id, phone, cloud, early } = request;
  const { clock } = relay.world;
  const there = relay.sessions.get(id);
  if (there !== undefined) return portsAgain(there, request);
  if (relay.sessions.size >= maxSessions) throw new Error(`${maxSessions} sessions are open: no more`);
  const sockets = await openMediaSockets(
    { pool: relay.pool, now: () => clock.monotonic() },
    { phone, cloud },
  );
  const session = newSession(id, clock.monotonic());
  for (const leg of ['phone', 'cloud'] as const) expectFrom(session, leg, early?.[leg] ?? []);
  const carried = newCarried(session, { sockets, quality: relay.quality.open(id) });
  relay.sessions.set(id, carried);
  listen(relay, carried);
  keep(relay, carried);
  relay.counters.sessions_opened += 1;
  return sockets.ports();
}

/** The process that asked for them before is gone, and its call goes on. */
function portsAgain(
  { sockets, session }: Carried,
  { phone, cloud }: MediaRequest & { verb: 'allocate' },
): ReturnType<MediaSockets['ports']> {
  if (sockets.own('phone').address !== phone || sockets.own('cloud').address !== cloud)
    throw new Error(`session ${session.id} is there already, at other addresses`);
  return sockets.ports();
}

async function move(
  relay: Relay,
  request: MediaRequest & { verb: 'move' },
): Promise<ReturnType<MediaSockets['ports']>> {
  const carried = known(relay, request.session);
  await moveLeg(relay, carried, request);
  return carried.sockets.ports();
}

async function release(relay: Relay, id: string): Promise<Session> {
  const { session } = known(relay, id);
  await releaseSession(relay, id);
  return session;
}
