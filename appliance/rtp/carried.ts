/** A session with its sockets: packets in, packets out, and what decides where they go kept in store and kernel. */
import type { Config } from '../config/schema.ts';
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';
import { packetKind } from '../protocol/rtp.ts';
import type { LegName } from '../protocol/media-control.ts';
import { removeMediaSession, saveMediaSession } from '../store/media-sessions.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import { newCrossing, type Crossing } from './crossing.ts';
import { kernelFlows, type FlowPair } from './kernel-flows.ts';
import type { KernelPath } from './kernel.ts';
import type { Surroundings } from './reach.ts';
import type { PortPool } from './ports.ts';
import type { Quality } from './quality.ts';
import { isFarEnd, onPacket, type Component, type Session } from './session.ts';
import type { MediaSockets } from './sockets.ts';
import type { SessionQuality } from './session-quality.ts';
import { rowOf } from './stored-session.ts';

export interface Carried {
  readonly session: Session;
  readonly sockets: MediaSockets;
  readonly crossing: Crossing;
  readonly quality: SessionQuality;
  /** When it was reported as silent. */
  reportedAt: number | undefined;
  /** Since when one of its addresses is no longer this machine's. */
  awayAt: number | undefined;
  /** Of the session, when store and kernel were told. */
  toldRevision: number;
  /** It will be written down in a moment, as it is then. */
  isNoted: boolean;
  isReleased: boolean;
}

export function newCarried(
  session: Session,
  { sockets, quality }: Pick<Carried, 'sockets' | 'quality'>,
): Carried {
  return {
    session,
    sockets,
    quality,
    crossing: newCrossing(quality),
    reportedAt: undefined,
    awayAt: undefined,
    toldRevision: session.revision,
    isNoted: false,
    isReleased: false,
  };
}

export interface Relay {
  readonly world: World;
  readonly config: Pick<Config['rtp'], 'first_port' | 'last_port' | 'cloud_networks'>;
  readonly around: (own: string) => Surroundings;
  readonly store: Store;
  readonly pool: PortPool;
  readonly kernel: KernelPath;
  readonly quality: Quality;
  readonly sessions: Map<string, Carried>;
  /** Those that are being made or released when asked to, until that is done. */
  readonly changing: Map<string, Promise<unknown>>;
  /** Who wants to know of what the kernel relayed from a port of ours, by that port. */
  readonly byPort: Map<number, (header: Uint8Array, atMs: number) => void>;
  readonly idleMs: number;
  readonly counters: ReturnType<typeof newCounters>;
}

export function newCounters() {
  return {
    sessions_opened: 0,
    /** Of a process before this one. */
    sessions_adopted: 0,
    /** A leg got ports at another address. */
    sessions_moved: 0,
    sessions_idle: 0,
    refused: 0,
    malformed: 0,
    /** A description named an address that its leg has no business with. */
    led_astray: 0,
    /** Through this process; the others went through the kernel. */
    packets: 0,
    dropped: 0,
    /** Of a bridged leg: not genuine, or there before. */
    srtp_refused: 0,
    flooded: 0,
    send_errors: 0,
    errors: 0,
  };
}

/** More than any stream sends to one port, and so many of all others there: what is beyond is not looked at. */
const packetRate = { burst: 3000, perSecond: 3000 };

export function listen(relay: Relay, carried: Carried): void {
  for (const leg of ['phone', 'cloud'] as const) listenTo(relay, carried, leg);
}

function listenTo(relay: Relay, carried: Carried, leg: LegName): void {
  const { quality, sockets } = carried;
  for (const component of ['rtp', 'rtcp'] as const) listenOn(relay, carried, { leg, component });
  relay.byPort.set(sockets.own(leg).port, (header, atMs) => quality.onSample(leg, header, atMs));
}

/**
 * The leg's far end is to send to other ports of ours. It is known by where it sends from, so that the other end is heard there until it
 * has been told. Throws when there are no ports, or the address isn't ours.
 */
export async function moveLeg(relay: Relay, carried: Carried, to: { leg: LegName; address: string }) {
  const { leg, address } = to;
  const { sockets } = carried;
  const before = sockets.own(leg);
  if (before.address === address) return;
  await using _before = await sockets.move(leg, address);
  relay.byPort.delete(before.port);
  listenTo(relay, carried, leg);
  carried.awayAt = undefined;
  relay.counters.sessions_moved += 1;
  follow(relay, carried);
}

function listenOn(relay: Relay, carried: Carried, at: { leg: LegName; component: Component }): void {
  const { session, sockets, crossing } = carried;
  const { counters, kernel, world } = relay;
  const budgets = { farEnd: newTokenBucket(packetRate), others: newTokenBucket(packetRate) };
  const socket = sockets.port(at.leg, at.component);
  socket.onError(() => {
    // ICMP says that nobody listens there yet: usual at the start and the end of a call.
    counters.send_errors += 1;
  });
  socket.onDatagram((packet, from) => {
    const now = world.clock.monotonic();
    // Whoever sprays the port has a budget of his own, and takes nothing from the call.
    const budget = isFarEnd(session, { ...at, from }) ? budgets.farEnd : budgets.others;
    if (!takeToken(budget, now)) {
      counters.flooded += 1;
      return;
    }
    let clear: Uint8Array | undefined;
    let isForged = false;
    const isGenuine = () => {
      clear = crossing.open(at.leg, packet, world.clock.now());
      isForged = clear === undefined;
      return !isForged;
    };
    const forward = onPacket(session, { ...at, from, packet, isGenuine }, now);
    const onward = forward && clear && crossing.seal(at.leg, clear);
    if (session.revision !== carried.toldRevision) follow(relay, carried);
    if (forward === undefined || onward === undefined) {
      counters[isForged || forward !== undefined ? 'srtp_refused' : 'dropped'] += 1;
      return;
    }
    counters.packets += 1;
    if (packetKind(packet) === 'rtp') kernel.stray(session.id, at.leg);
    sockets.port(forward.leg, forward.component).post(onward, forward.to);
  });
}

/** Where packets go has changed: the kernel learns it, and the process after us. */
export function follow(relay: Relay, carried: Carried): void {
  const { session, isReleased } = carried;
  if (isReleased) return;
  carried.toldRevision = session.revision;
  void relay.kernel.change(session.id, flowsOf(carried));
  keep(relay, carried);
}

/**
 * Not waited for: a call must not wait for a disk, and one that a crash makes us forget ends by its silence. Keys are in memory
 * only: the process after us is told them by who made the call.
 */
export function keep({ store, counters, world }: Relay, carried: Carried): void {
  if (carried.isNoted) return;
  carried.isNoted = true;
  const writing = store.soon(({ db }) => {
    carried.isNoted = false;
    const { session, sockets, crossing, isReleased } = carried;
    const ours = { phone: sockets.own('phone'), cloud: sockets.own('cloud') };
    if (isReleased) removeMediaSession(db, session.id);
    else saveMediaSession(db, rowOf(session, ours, crossing.bridged()));
  });
  writing.catch((error: unknown) => {
    counters.errors += 1;
    world.log.warn({ err: error }, 'a media session could not be written down');
  });
}

/** Undefined while packets must be changed on their way, or a side has not been heard. */
export function flowsOf({ session, sockets, crossing }: Carried): FlowPair | undefined {
  if (crossing.isBridge()) return undefined;
  return kernelFlows(session, { phone: sockets.own('phone'), cloud: sockets.own('cloud') });
}

/** The last packets are counted when it resolves. Throws when nobody knows it. */
export async function releaseSession(relay: Relay, id: string): Promise<void> {
  const carried = known(relay, id);
  carried.isReleased = true;
  keep(relay, carried);
  await relay.kernel.forget(id);
  relay.quality.close(id);
  for (const leg of ['phone', 'cloud'] as const) relay.byPort.delete(carried.sockets.own(leg).port);
  await carried.sockets[Symbol.asyncDispose]();
  relay.sessions.delete(id);
}

export function known(relay: Relay, id: string): Carried {
  const found = relay.sessions.get(id);
  if (found === undefined || found.isReleased) throw new Error(`no session ${id}`);
  return found;
}
