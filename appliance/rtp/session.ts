/**
 * One medium of one call: who may send, where it goes on, and whether anybody still does. No socket, no clock. All times are of a clock
 * that nobody sets.
 */
import { contains, parseCidr } from '../protocol/ipv4.ts';
import { otherLeg, type LegName, type Remote, type SessionCount } from '../protocol/media-control.ts';
import { packetKind, type PacketKind } from '../protocol/rtp.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export type Component = 'rtp' | 'rtcp';

interface Leg {
  remote: Remote | undefined;
  /** Where the far end was heard from first; nobody else is, from then on. */
  readonly latched: { rtp: Endpoint | undefined; rtcp: Endpoint | undefined };
  /** When it was heard from there last. */
  readonly heardAt: { rtp: number; rtcp: number };
  /** Sent to where its far end wants its media and was not heard from, while it is not known to be there. */
  unheardBytes: number;
  readonly count: { packets: number; bytes: number; rtcp: number; dropped: number };
}

export interface Session {
  readonly id: string;
  readonly legs: Readonly<Record<LegName, Leg>>;
  lastMediaAt: number;
  expectsMedia: boolean;
  /** Counts changes of what decides where packets go. */
  revision: number;
}

/** Send the packet on, from our port of this leg and component. */
export interface Forward {
  readonly leg: LegName;
  readonly component: Component;
  readonly to: Endpoint;
}

export interface Arrival {
  readonly leg: LegName;
  readonly component: Component;
  readonly from: Endpoint;
  readonly packet: Uint8Array;
  /** Asked only of a packet from where the far end may be: keys say whether it is from there. Left out: nobody can tell. */
  readonly isGenuine?: () => boolean;
}

/** Nothing is sent there. */
const nowhere = { address: '0.0.0.0', port: 0, rtcpPort: 0 };
/** A call on hold may be silent this many times longer than one with people talking. */
const heldFactor = 60;
/**
 * So much goes to a far end that may know nothing of the call, some ten seconds of sound: whoever forges its address makes us send it
 * that for one message. A call for help is heard meanwhile, and whoever made it answers long before.
 */
export const mostUnheardBytes = 100_000;
/** Silent for this long: a far end may have got another port from its router, and is learned anew. */
export const relatchMs = 10_000;

export function newSession(id: string, now: number): Session {
  return {
    id,
    legs: { phone: newLeg(), cloud: newLeg() },
    lastMediaAt: now,
    expectsMedia: false,
    revision: 0,
  };
}

/** Whether this is where the far end was heard from, or where it said that it would be. */
export function isFarEnd(
  { legs }: Session,
  { leg, component, from }: Omit<Arrival, 'packet' | 'isGenuine'>,
): boolean {
  const { latched, remote } = legs[leg];
  const known = latched[component];
  if (known !== undefined && isSame(known, from)) return true;
  const signalled = declared(remote, component);
  return signalled !== undefined && isSame(signalled, from);
}

/** The far end of a leg as signalled. The same again changes nothing; another one is learned anew. */
export function setRemote(session: Session, leg: LegName, remote: Remote): void {
  const own = session.legs[leg];
  const before = own.remote;
  own.remote = remote;
  // Only the process after us has to hear of it.
  if (before?.isUnproven !== remote.isUnproven) session.revision += 1;
  if (
    before?.address === remote.address &&
    before.port === remote.port &&
    before.rtcpPort === remote.rtcpPort &&
    before.isUdptl === remote.isUdptl
  )
    return;
  session.revision += 1;
  own.latched.rtp = undefined;
  own.latched.rtcp = undefined;
}

/** Before a leg's far end is signalled it may speak from here already. */
export function expectFrom(session: Session, leg: LegName, allow: readonly string[]): void {
  if (allow.length > 0) setRemote(session, leg, { ...nowhere, allow });
}

/** What to do with a packet; undefined: nothing. */
export function onPacket(session: Session, arrival: Arrival, now: number): Forward | undefined {
  const { leg, component, packet, isGenuine = () => true } = arrival;
  const own = session.legs[leg];
  const kind = kindOf(packet, own.remote);
  const isHeard = isFarEnd(session, arrival) || mayBeFarEnd(own, arrival, { isRtp: kind === 'rtp', now });
  if (kind === 'other' || !isHeard || !isGenuine()) {
    own.count.dropped += 1;
    return undefined;
  }
  if (kind === 'rtp' || kind === 'rtcp') {
    session.lastMediaAt = now;
    if (component === 'rtp' ? kind === 'rtp' : kind === 'rtcp') latch(session, arrival, now);
  }
  const other = otherLeg[leg];
  const to = session.legs[other].latched[component] ?? unheard(session.legs[other], component, packet);
  if (to === undefined) return undefined;
  if (kind === 'rtp') {
    own.count.packets += 1;
    own.count.bytes += packet.length;
  } else if (kind === 'rtcp') own.count.rtcp += 1;
  return { leg: other, component, to };
}

/** RTP packets of a leg that went on without us. `bytes` are those of RTP. */
export function onRelayed(
  session: Session,
  leg: LegName,
  { packets, bytes, now }: { packets: number; bytes: number; now: number },
): void {
  if (packets === 0) return;
  const own = session.legs[leg];
  session.lastMediaAt = own.heardAt.rtp = now;
  own.count.packets += packets;
  own.count.bytes += bytes;
}

function latch(session: Session, { leg, component, from }: Arrival, now: number): void {
  const own = session.legs[leg];
  const known = own.latched[component];
  own.heardAt[component] = now;
  if (known !== undefined && isSame(known, from)) return;
  own.latched[component] = from;
  session.revision += 1;
}

/** T.38 over UDPTL has no marks of its own: whatever comes is its medium. */
function kindOf(packet: Uint8Array, remote: Remote | undefined): PacketKind {
  return remote?.isUdptl === true ? 'rtp' : packetKind(packet);
}

/** Whether the call has been silent for so long that it must be dead. */
export function isExpired(session: Session, now: number, idleMs: number): boolean {
  return now - session.lastMediaAt > patienceMs(session, idleMs);
}

export function patienceMs({ expectsMedia }: Session, idleMs: number): number {
  return expectsMedia ? idleMs : idleMs * heldFactor;
}

export function countOf({ id, legs, lastMediaAt }: Session, now: number): SessionCount {
  return {
    session: id,
    phone: { ...legs.phone.count },
    cloud: { ...legs.cloud.count },
    silentMs: Math.max(0, Math.round(now - lastMediaAt)),
  };
}

function newLeg(): Leg {
  return {
    remote: undefined,
    latched: { rtp: undefined, rtcp: undefined },
    heardAt: { rtp: 0, rtcp: 0 },
    unheardBytes: 0,
    count: { packets: 0, bytes: 0, rtcp: 0, dropped: 0 },
  };
}

/**
 * The first good RTP packet from an allowed address decides (symmetric RTP, RFC 4961). After it nobody else is heard, until its sender
 * has been silent for long; but for the one place that was signalled, should the phone have begun from another.
 */
function mayBeFarEnd(
  leg: Leg,
  { component, from }: Arrival,
  { isRtp, now }: { isRtp: boolean; now: number },
): boolean {
  const { remote } = leg;
  // Nothing can be sent to port 0.
  if (remote === undefined || from.port === 0) return false;
  if (leg.latched[component] !== undefined && now - leg.heardAt[component] <= relatchMs) return false;
  return isAllowed(remote, from.address) && (component === 'rtcp' || isRtp);
}

function isAllowed({ allow }: Remote, address: string): boolean {
  return allow.some((entry) => entry === '*' || contains(parseCidr(entry), address));
}

/** Where it said that it would be. */
function unheard(leg: Leg, component: Component, packet: Uint8Array): Endpoint | undefined {
  const to = declared(leg.remote, component);
  if (to === undefined || leg.remote?.isUnproven !== true) return to;
  if (leg.unheardBytes + packet.length > mostUnheardBytes) return undefined;
  leg.unheardBytes += packet.length;
  return to;
}

function declared(remote: Remote | undefined, component: Component): Endpoint | undefined {
  if (remote === undefined || remote.port === 0 || remote.address === '0.0.0.0') return undefined;
  // `a=rtcp:0`: it wants no reports.
  const port = component === 'rtp' ? remote.port : remote.rtcpPort;
  return port === 0 ? undefined : { address: remote.address, port };
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
