/** One medium of one call: who may send, where it goes on, and whether anybody still does. No socket, no clock. */
import type { LegName, Remote, SessionCount } from '../protocol/media-control.ts';
import { packetKind } from '../protocol/rtp.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export type Component = 'rtp' | 'rtcp';

interface Leg {
  remote: Remote | undefined;
  /** Where the far end was heard from first; nobody else is, from then on. */
  readonly latched: { rtp: Endpoint | undefined; rtcp: Endpoint | undefined };
  readonly count: { packets: number; bytes: number; rtcp: number; dropped: number };
}

export interface Session {
  readonly id: string;
  readonly legs: Readonly<Record<LegName, Leg>>;
  lastMediaAt: number;
  expectsMedia: boolean;
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
}

/** A call on hold may be silent this many times longer than one with people talking. */
const heldFactor = 60;

export function newSession(id: string, now: number): Session {
  return { id, legs: { phone: newLeg(), cloud: newLeg() }, lastMediaAt: now, expectsMedia: false };
}

/** The far end of a leg as signalled. The same again changes nothing; another one is learned anew. */
export function setRemote(session: Session, leg: LegName, remote: Remote): void {
  const own = session.legs[leg];
  const before = own.remote;
  own.remote = remote;
  if (
    before?.address === remote.address &&
    before.port === remote.port &&
    before.rtcpPort === remote.rtcpPort
  )
    return;
  own.latched.rtp = undefined;
  own.latched.rtcp = undefined;
}

/** What to do with a packet; undefined: nothing. */
export function onPacket(session: Session, arrival: Arrival, now: number): Forward | undefined {
  const { leg, component, from, packet } = arrival;
  const own = session.legs[leg];
  const kind = packetKind(packet);
  if (kind === 'other' || !isFromFarEnd(own, arrival, kind === 'rtp')) {
    own.count.dropped += 1;
    return undefined;
  }
  if (kind === 'rtp' || kind === 'rtcp') {
    session.lastMediaAt = now;
    if (component === 'rtp' ? kind === 'rtp' : kind === 'rtcp') own.latched[component] = from;
  }
  const other: LegName = leg === 'phone' ? 'cloud' : 'phone';
  const to = session.legs[other].latched[component] ?? declared(session.legs[other].remote, component);
  if (to === undefined) return undefined;
  if (kind === 'rtp') {
    own.count.packets += 1;
    own.count.bytes += packet.length;
  } else if (kind === 'rtcp') own.count.rtcp += 1;
  return { leg: other, component, to };
}

/** Whether the call has been silent for so long that it must be dead. */
export function isExpired(session: Session, now: number, idleMs: number): boolean {
  return now - session.lastMediaAt > idleMs * (session.expectsMedia ? 1 : heldFactor);
}

export function countOf({ id, legs, lastMediaAt }: Session, now: number): SessionCount {
  return {
    session: id,
    phone: { ...legs.phone.count },
    cloud: { ...legs.cloud.count },
    silentMs: Math.max(0, now - lastMediaAt),
  };
}

function newLeg(): Leg {
  return {
    remote: undefined,
    latched: { rtp: undefined, rtcp: undefined },
    count: { packets: 0, bytes: 0, rtcp: 0, dropped: 0 },
  };
}

/**
 * The first good RTP packet from an allowed address decides (symmetric RTP, RFC 4961). After it only its sender is heard,
 * and the one place that was signalled, should the phone have begun from another.
 */
function isFromFarEnd(leg: Leg, { component, from }: Arrival, isRtp: boolean): boolean {
  const { remote } = leg;
  if (remote === undefined) return false;
  const known = leg.latched[component];
  if (known !== undefined && isSame(known, from)) return true;
  const signalled = declared(remote, component);
  if (signalled !== undefined && isSame(signalled, from)) return true;
  if (known !== undefined || !(remote.allow.includes('*') || remote.allow.includes(from.address)))
    return false;
  return component === 'rtcp' || isRtp;
}

function declared(remote: Remote | undefined, component: Component): Endpoint | undefined {
  if (remote === undefined || remote.port === 0 || remote.address === '0.0.0.0') return undefined;
  return { address: remote.address, port: component === 'rtp' ? remote.port : remote.rtcpPort };
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
