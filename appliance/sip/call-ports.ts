/** A call's ports at the media relay, and what that is told of its legs. */
import {
  otherLeg,
  type EarlySources,
  type LegName,
  type PortPair,
  type Remote,
} from '../protocol/media-control.ts';
import type { CallCrypto } from './call-crypto.ts';
import type { Media } from './media.ts';

/** Of a call for help, whose media goes on without the relay when that is not to be had: silence is better than no call. */
export interface Rescue {
  /** The ends were told each other's own addresses. Stays so for all ways that the call takes. */
  isDirect: boolean;
  /** It came over UDP, where anybody can write another one's address as his own. */
  readonly isForgeable: boolean;
  /** Somebody is where the caller says that he is, and has answered something that was sent there. */
  isProven: boolean;
  onError(error: unknown): void;
}

export interface Remotes {
  /** Undefined where it wants none that can be relayed. */
  of(leg: LegName, at: number): Remote | undefined;
  /** Of a leg that offered to multiplex RTCP, once the other one does not. */
  apart(leg: LegName, at: number): Remote | undefined;
}

interface PortsNeeds {
  readonly media: Media;
  readonly streams: ReturnType<typeof newStreams>;
  readonly remotes: Remotes;
  readonly crypto: CallCrypto;
  readonly rescue: Rescue | undefined;
}

/** Of a medium that a leg has taken out (port 0): nothing goes there, and nobody is heard. Its ports stay: it may come back. */
const ended: Remote = { address: '0.0.0.0', port: 0, rtcpPort: 0, allow: [] };

/** Ours, after the relay was told what a leg has said. Once an end knows them they hold, whatever becomes of the relay. */
export function newPorts({ media, streams, remotes, crypto, rescue }: PortsNeeds) {
  const tellLeg = newTeller(media, crypto);
  let areTold = false;
  const tell = async (
    from: LegName,
    at: number,
    { session, remote }: { session: string; remote: Remote },
  ) => {
    const other = otherLeg[from];
    // Told in this order, so that nothing crosses in clear that there are keys for.
    await Promise.all([tellLeg(session, [other, at]), tellLeg(session, [from, at], remote)]);
    const apart = remotes.apart(other, at);
    if (apart !== undefined) await media.update(session, other, apart);
  };
  const portsAt = async (from: LegName, at: number): Promise<PortPair | undefined> => {
    if (remotes.of(from, at) === undefined) {
      if (streams.has(at)) await rescued(rescue, media.update(streams.nameOf(at), from, ended));
      return undefined;
    }
    if (!streams.hasRoom(at)) return undefined;
    const lenient = areTold ? rescue : undefined;
    const open = await rescued(lenient, streams.open(at));
    // Looked at again: meanwhile the caller may have answered.
    const remote = remotes.of(from, at);
    if (open !== undefined && remote !== undefined)
      await rescued(lenient, tell(from, at, { session: open.session, remote }));
    return open?.ports[otherLeg[from]];
  };
  return {
    areTold: () => areTold,
    /** Of each medium, as the other leg is told; undefined: refused. */
    relayed: async (from: LegName, count: number): Promise<(PortPair | undefined)[]> => {
      const ports: (PortPair | undefined)[] = [];
      for (let at = 0; at < count; at += 1) ports.push(await portsAt(from, at));
      areTold = true;
      return ports;
    },
    proven: async () => {
      if (rescue === undefined) return;
      rescue.isProven = true;
      for (const [at] of streams.sessions()) {
        const open = await rescued(rescue, streams.open(at));
        const remote = remotes.of('phone', at);
        if (open !== undefined && remote !== undefined)
          await rescued(rescue, media.update(open.session, 'phone', remote));
      }
    },
    describeAgain: async () => {
      for (const [at, session] of streams.sessions())
        for (const leg of ['phone', 'cloud'] as const)
          await media.describe(session, leg, crypto.describe(leg, at));
    },
  };
}

/** What the relay fails at ends no call for help. */
export async function rescued<T>(rescue: Rescue | undefined, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (rescue === undefined) throw error;
    rescue.onError(error);
    return undefined;
  }
}

type Ports = Readonly<Record<LegName, PortPair>>;

/**
 * Sound, picture, and what is shown beside it; more are refused. So as many calls as may go on at once leave the relay room for calls
 * for help.
 */
const mostStreams = 3;

interface Places {
  /** Ours. */
  readonly addresses: Readonly<Record<LegName, string>>;
  /** Those that a process before us opened: the relay names their ports again. */
  readonly open: readonly number[];
  readonly early: () => EarlySources;
}

/** The relay's sessions of a call, by their places in its descriptions. */
export function newStreams(media: Media, call: string, { addresses, open, early }: Places) {
  const nameOf = (at: number) => `${call}.${at}`;
  const streams = new Map<number, Promise<Ports>>();
  const kept = new Set(open);
  /** Also those that are being asked for. */
  const places = new Set(open);
  const sessions = () => Array.from(places, (at) => [at, nameOf(at)] as const);
  let isReleased = false;
  return {
    sessions,
    nameOf,
    has: (at: number) => places.has(at),
    isReleased: () => isReleased,
    hasRoom: (at: number) => places.has(at) || places.size < mostStreams,
    /** What is there, or made now. */
    open: async (at: number): Promise<{ readonly session: string; readonly ports: Ports }> => {
      if (isReleased) throw new Error('the call is over');
      const session = nameOf(at);
      const asked = streams.get(at) ?? media.allocate(session, addresses, early());
      streams.set(at, asked);
      places.add(at);
      try {
        return { session, ports: await asked };
      } catch (error) {
        streams.delete(at);
        if (!kept.has(at)) places.delete(at);
        throw error;
      }
    },
    /** Other ports for that leg, at another address of ours; by place. */
    move: async (leg: LegName, address: string): Promise<(PortPair | undefined)[]> => {
      const moved: (PortPair | undefined)[] = [];
      for (const [at, session] of sessions()) {
        const ports = await media.move(session, leg, address);
        streams.set(at, Promise.resolve(ports));
        moved[at] = ports[leg];
      }
      return moved;
    },
    release: async () => {
      isReleased = true;
      const last = sessions();
      places.clear();
      return await releaseAll(
        media,
        last.map(([, session]) => session),
      );
    },
  };
}

/** Each by itself: one that the relay no longer has keeps no other. */
async function releaseAll(
  media: Media,
  sessions: readonly string[],
): Promise<Record<LegName, number> | undefined> {
  const released = await Promise.allSettled(sessions.map((session) => media.release(session)));
  const sum = { phone: 0, cloud: 0 };
  for (const outcome of released) {
    if (outcome.status === 'rejected') return undefined;
    sum.phone += outcome.value?.phone.packets ?? 0;
    sum.cloud += outcome.value?.cloud.packets ?? 0;
  }
  return sum;
}

/** What the relay knows of a leg at first. */
const nothing = JSON.stringify({ codecs: [] });

/** Tells the relay where a leg's far end is, and what is news in the descriptions of the leg. */
function newTeller(media: Media, crypto: CallCrypto) {
  const told = new Map<string, string>();
  return async (session: string, [leg, at]: [LegName, number], remote?: Remote): Promise<void> => {
    const description = crypto.describe(leg, at);
    const text = JSON.stringify(description);
    const isNews = (told.get(`${leg} ${session}`) ?? nothing) !== text;
    if (remote !== undefined) await media.update(session, leg, remote, isNews ? description : undefined);
    else if (isNews) await media.describe(session, leg, description);
    if (isNews) told.set(`${leg} ${session}`, text);
  };
}
