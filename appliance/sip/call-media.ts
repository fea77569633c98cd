/** The media of one call: descriptions rewritten to our ports as they cross, and the relay told what they said. */
import { otherLeg, type LegName, type PortPair, type Remote } from '../protocol/media-control.ts';
import {
  directionOf,
  formatSdp,
  isRelayed,
  isUdptl,
  parseSdp,
  relayedSdp,
  targetOf,
} from '../protocol/sdp.ts';
import { newCallCrypto, type CallCrypto, type Latest } from './call-crypto.ts';
import type { BindingRow } from '../store/bindings.ts';
import { addressOf } from './application.ts';
import type { Media } from './media.ts';

export interface CallMedia {
  /**
   * A description from this leg as the other one gets it. Throws DecodeError for one that can't be read,
   * SdpRefusedError, and Error when the relay has no ports.
   */
  relay(from: LegName, sdp: string): Promise<string>;
  /** The call is up: from now on silence ends it, unless it is held. */
  answered(): Promise<void>;
  /** Also those whose ports the relay was asked for and hasn't named yet. */
  readonly sessions: readonly string[];
  /** Ours, of both sides. */
  readonly addresses: readonly string[];
  /**
   * For good. RTP packets relayed, by the leg that they came from; undefined when the relay doesn't say: it lets go what it still has
   * when the two compare.
   */
  release(): Promise<Readonly<Record<LegName, number>> | undefined>;
}

export interface LegSide {
  /** Ours, that the far end shall send to. */
  readonly address: string;
  /**
   * Whether keys may go there: its signalling is encrypted all the way, and it has SRTP. Of a call with one such leg the box
   * ends SRTP itself.
   */
  readonly isSecure: boolean;
  /** Where its signalling comes from: its media may come from there too. */
  readonly peer: string | undefined;
  /** Where its media comes from when it signals a private address; anywhere when left out. */
  readonly networks?: readonly string[];
}

export function phoneSide(
  address: string,
  { transport, source }: Pick<BindingRow, 'transport' | 'source'>,
): LegSide {
  return { address, isSecure: transport === 'tls', peer: addressOf(source) };
}

/** Of a call between a phone and its registrar. `peer`: where the phone's signalling comes from. */
export function sidesToward(
  address: string,
  phone: Pick<BindingRow, 'transport' | 'source' | 'local_address'>,
): Record<LegName, LegSide> {
  return {
    phone: phoneSide(address, phone),
    cloud: { address: phone.local_address, isSecure: true, peer: undefined },
  };
}

export function newCallMedia(
  media: Media,
  call: string,
  sides: Readonly<Record<LegName, LegSide>>,
): CallMedia {
  const addresses = { phone: sides.phone.address, cloud: sides.cloud.address };
  const streams = newStreams(media, call, addresses);
  const latest: Latest = {};
  const crypto = newCallCrypto({ phone: sides.phone.isSecure, cloud: sides.cloud.isSecure }, latest);
  const describe = newDescriber(media, crypto);
  let isUp = false;
  const expectMedia = async () => {
    for (const [at, session] of streams.sessions())
      await media.expect(session, isUp && isTalking(latest, at));
  };
  return {
    relay: async (from, text) => {
      const other = otherLeg[from];
      const sdp = parseSdp(text);
      const crossing = crypto.cross(from, sdp);
      latest[from] = sdp;
      const ports: (PortPair | undefined)[] = [];
      for (const [at, entry] of sdp.media.entries()) {
        const target = isRelayed(entry) ? targetOf(sdp, entry) : undefined;
        if (target === undefined) {
          ports.push(undefined);
          continue;
        }
        const { session, ports: own } = await streams.open(at);
        const allow = allowed(target.address, sides[from]);
        const remote = { ...target, allow, ...(isUdptl(entry) ? { isUdptl: true } : {}) };
        // Told in this order, so that nothing crosses in clear that there are keys for.
        await Promise.all([
          describe(from, at, session),
          describe(other, at, session),
          media.update(session, from, remote),
        ]);
        ports.push(own[other]);
      }
      if (isUp) await expectMedia();
      return formatSdp(relayedSdp(crossing, sides[other].address, ports));
    },
    answered: async () => {
      isUp = true;
      await expectMedia();
    },
    get sessions() {
      return streams.sessions().map(([, session]) => session);
    },
    addresses: Object.values(addresses),
    release: streams.release,
  };
}

type Ports = Readonly<Record<LegName, PortPair>>;

/** The relay's sessions of a call, by their places in its descriptions. */
function newStreams(media: Media, call: string, addresses: Readonly<Record<LegName, string>>) {
  const streams = new Map<number, Promise<Ports>>();
  const nameOf = (at: number) => `${call}.${at}`;
  const sessions = () => Array.from(streams.keys(), (at) => [at, nameOf(at)] as const);
  let isReleased = false;
  return {
    sessions,
    /** What is there, or made now. */
    open: async (at: number): Promise<{ readonly session: string; readonly ports: Ports }> => {
      if (isReleased) throw new Error('the call is over');
      const session = nameOf(at);
      const asked = streams.get(at) ?? media.allocate(session, addresses);
      streams.set(at, asked);
      try {
        return { session, ports: await asked };
      } catch (error) {
        streams.delete(at);
        throw error;
      }
    },
    release: async () => {
      isReleased = true;
      const last = sessions();
      streams.clear();
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

/** Tells the relay what is news in the descriptions of a leg. */
function newDescriber(media: Media, crypto: CallCrypto) {
  const told = new Map<string, string>();
  return async (leg: LegName, at: number, session: string): Promise<void> => {
    const description = crypto.describe(leg, at);
    const text = JSON.stringify(description);
    if ((told.get(`${leg} ${session}`) ?? nothing) === text) return;
    await media.describe(session, leg, description);
    told.set(`${leg} ${session}`, text);
  };
}

/**
 * The signalled address and the one that signalling comes from. A far end that signals a private address from a public one
 * is behind address translation, and its media may come from any of its networks.
 */
function allowed(address: string, { peer, networks = ['*'] }: LegSide): Remote['allow'] {
  if (peer === undefined) return isPrivate(address) ? [address, ...networks] : [address];
  if (isPrivate(address) && !isPrivate(peer)) return ['*'];
  return peer === address ? [address] : [address, peer];
}

function isPrivate(address: string): boolean {
  return /^(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
    address,
  );
}

/** Both want to hear and to be heard: only then silence means something. */
function isTalking(latest: Latest, at: number): boolean {
  return [latest.phone, latest.cloud].every((sdp) => {
    const entry = sdp?.media[at];
    if (sdp === undefined || entry === undefined) return false;
    const target = targetOf(sdp, entry);
    return target !== undefined && target.address !== '0.0.0.0' && directionOf(sdp, entry) === 'sendrecv';
  });
}
