/** The media of one call: descriptions rewritten to our ports as they cross, and the relay told what they said. */
import { otherLeg, type EarlySources, type LegName, type Remote } from '../protocol/media-control.ts';
import {
  directionOf,
  formatSdp,
  isMultiplexed,
  isRelayed,
  isUdptl,
  parseSdp,
  relayedSdp,
  targetOf,
  type Sdp,
} from '../protocol/sdp.ts';
import { newCallCrypto, type Latest } from './call-crypto.ts';
import { isIpv4 } from '../protocol/ipv4.ts';
import type { Config } from '../config/schema.ts';
import type { BindingRow } from '../store/bindings.ts';
import { addressOf } from './application.ts';
import { newCloudOrigin } from './cloud-origin.ts';
import { newPorts, newStreams, rescued, type Remotes, type Rescue } from './call-ports.ts';
import type { Media } from './media.ts';

export interface CallMedia {
  /**
   * A description from this leg as the other one gets it. Throws DecodeError for one that can't be read,
   * SdpRefusedError, and Error when the relay has no ports.
   */
  relay(from: LegName, sdp: string): Promise<string>;
  /** The other end refuses what this leg offered last: what it said before goes on (RFC 3261 section 14.1). */
  takeBack(from: LegName): Promise<void>;
  /**
   * Ports at another address of ours for the leg to the cloud. `told`: what its far end has taken last; gives what it is to be told now,
   * undefined when that is nothing new. Rejects as `relay` does.
   */
  moveCloud(address: string, told: string): Promise<string | undefined>;
  /** What this leg said last, as it came. */
  heard(leg: LegName): string | undefined;
  /** Of a call for help: the phone has answered, and is where it says. */
  proven(): Promise<void>;
  /** The relay has lost what it was told of the legs, and with it their keys. Rejects when it can't be told. */
  describeAgain(): Promise<void>;
  /** The call is up: from now on silence ends it, unless it is held. */
  answered(): Promise<void>;
  /** Also those whose ports the relay was asked for and hasn't named yet. */
  sessions(): readonly string[];
  /** Ours. */
  readonly addresses: Readonly<Record<LegName, string>>;
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

/** Of a call between a phone and its registrar. */
export function sidesToward(
  { site, rtp }: Pick<Config, 'site' | 'rtp'>,
  phone: Pick<BindingRow, 'transport' | 'source' | 'local_address'>,
): Record<LegName, LegSide> {
  return {
    phone: phoneSide(site.address, phone),
    cloud: { address: phone.local_address, isSecure: true, peer: undefined, networks: rtp.cloud_networks },
  };
}

export type Sides = Readonly<Record<LegName, LegSide>> & {
  readonly rescue?: Rescue | undefined;
  /** Of a call that is up. */
  readonly kept?: KeptMedia;
};

/** What a call's media can be gone on with by the process after us. */
export interface KeptMedia {
  /** What each leg said last. */
  readonly heard: Readonly<Record<LegName, string>>;
  /** What it was told last. */
  readonly told: Readonly<Record<LegName, string>>;
}

/** Throws DecodeError for kept descriptions that can't be read. */
export function newCallMedia(media: Media, call: string, sides: Sides): CallMedia {
  const { rescue, kept } = sides;
  const addresses = { phone: sides.phone.address, cloud: sides.cloud.address };
  const told = kept && bothParsed(kept.told);
  const streams = newStreams(media, call, { addresses, open: relayedIn(told), early: earlySources(sides) });
  const latest: Latest = kept ? bothParsed(kept.heard) : {};
  const before: Latest = {};
  const crypto = newCallCrypto(isSecure(sides), rescue !== undefined, { latest, told });
  const origin = newCloudOrigin(told?.cloud, latest.phone);
  const ports = newPorts({ media, streams, remotes: newRemotes(latest, sides), crypto, rescue });
  let isUp = kept !== undefined;
  // A line that is bad for a minute ends no call for help.
  const maySilenceEnd = (at: number) => isUp && rescue === undefined && isTalking(latest, at);
  const expectMedia = async () => {
    for (const [at, session] of streams.sessions()) await media.expect(session, maySilenceEnd(at));
  };
  return {
    relay: async (from, text) => {
      const sdp = parseSdp(text);
      const crossing = crypto.cross(from, sdp);
      const isPlain = isRaw(from, sides, latest);
      const direct = () => formatSdp(isPlain ? sdp : crossing);
      if (latest[from] !== undefined) before[from] = latest[from];
      latest[from] = sdp;
      if (rescue?.isDirect === true) return direct();
      try {
        const own = await ports.relayed(from, sdp.media.length);
        if (isUp) await rescued(rescue, expectMedia());
        return formatSdp(origin.after(from, relayedSdp(crossing, addresses[otherLeg[from]], own)));
      } catch (error) {
        if (rescue === undefined || ports.areTold() || streams.isReleased()) throw error;
        rescue.onError(error);
        rescue.isDirect = true;
        // Of ports that it has given nobody was told.
        void streams.release();
        return direct();
      }
    },
    takeBack: async (from) => {
      const sdp = before[from];
      if (sdp === undefined || rescue?.isDirect === true) return;
      latest[from] = sdp;
      await rescued(rescue, ports.relayed(from, sdp.media.length));
      if (isUp) await rescued(rescue, expectMedia());
    },
    moveCloud: async (address, text) => {
      const to = { address, ports: await streams.move('cloud', address) };
      addresses.cloud = address;
      return origin.moved(parseSdp(text), to, latest.phone);
    },
    proven: ports.proven,
    describeAgain: ports.describeAgain,
    heard: (leg) => latest[leg] && formatSdp(latest[leg]),
    answered: async () => {
      isUp = true;
      await rescued(rescue, expectMedia());
    },
    sessions: () => streams.sessions().map(([, session]) => session),
    addresses,
    release: streams.release,
  };
}

/** Of a gateway whose name nobody could look up yet the relay could make nothing. */
function peerOf({ peer }: LegSide): string | undefined {
  return peer !== undefined && isIpv4(peer) ? peer : undefined;
}

function likelySources(side: LegSide): readonly string[] {
  const peer = peerOf(side);
  return peer === undefined ? (side.networks ?? []) : [peer];
}

/** None where the box ends SRTP on one side: what comes before its keys could not be read, nor be told from what needs none. */
function earlySources({ phone, cloud }: Sides): () => EarlySources {
  const isBridge = phone.isSecure !== cloud.isSecure;
  return () => ({
    phone: isBridge ? [] : likelySources(phone),
    cloud: isBridge ? [] : likelySources(cloud),
  });
}

/** An offer of a leg in clear that the box doesn't relay: keys of ours would be no use to whoever is not behind us then. */
function isRaw(from: LegName, sides: Sides, latest: Latest): boolean {
  const to = otherLeg[from];
  return latest[to] === undefined && !sides[from].isSecure && sides[to].isSecure;
}

function isSecure({ phone, cloud }: Sides): Record<LegName, boolean> {
  return { phone: phone.isSecure, cloud: cloud.isSecure };
}

function bothParsed({ phone, cloud }: Readonly<Record<LegName, string>>): Record<LegName, Sdp> {
  return { phone: parseSdp(phone), cloud: parseSdp(cloud) };
}

/** Places of the media that have ports of ours. */
function relayedIn(told: Readonly<Record<LegName, Sdp>> | undefined): number[] {
  if (told === undefined) return [];
  const { phone, cloud } = told;
  return Array.from(phone.media.keys()).filter((at) => [phone, cloud].some((sdp) => sdp.media[at]?.port));
}

/** Where each leg wants its media, by what both have said last. */
function newRemotes(latest: Latest, sides: Sides): Remotes {
  /** Until the other end has answered, what was offered counts. */
  const multiplexes = (at: number) =>
    [latest.phone, latest.cloud].every((sdp) => {
      const entry = sdp?.media[at];
      return entry === undefined || isMultiplexed(entry);
    });
  const of = (leg: LegName, at: number): Remote | undefined => {
    const sdp = latest[leg];
    const entry = sdp?.media[at];
    if (sdp === undefined || entry === undefined || !isRelayed(entry)) return undefined;
    const target = targetOf(sdp, entry, multiplexes(at));
    if (target === undefined) return undefined;
    const peer = peerOf(sides[leg]);
    const allow = allowed(target.address, sides[leg]);
    return {
      ...target,
      allow,
      ...(peer === undefined ? {} : { near: peer }),
      ...(isUdptl(entry) ? { isUdptl: true } : {}),
      ...(leg === 'phone' && sides.rescue?.isProven === false ? { isUnproven: true } : {}),
    };
  };
  const apart = (leg: LegName, at: number): Remote | undefined => {
    const entry = latest[leg]?.media[at];
    return entry !== undefined && isMultiplexed(entry) && !multiplexes(at) ? of(leg, at) : undefined;
  };
  return { of, apart };
}

const unspecified = '0.0.0.0';

/**
 * The signalled address and the one that signalling comes from. A far end that signals a private address from a public one
 * is behind address translation, and its media may come from any of its networks.
 */
function allowed(address: string, side: LegSide): Remote['allow'] {
  const peer = peerOf(side);
  const { networks = ['*'] } = side;
  // On hold as in RFC 2543 it names none, and may play music.
  const isElsewhere = isPrivate(address) || address === unspecified;
  if (peer === undefined) return isElsewhere ? [address, ...networks] : [address];
  if (isPrivate(address) && !isPrivate(peer)) return ['*'];
  return peer === address ? [address] : [address, peer];
}

function isPrivate(address: string): boolean {
  return /^(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
    address,
  );
}

/** A camera may be covered, and nobody sends what it doesn't see: where there is sound, it alone says whether anybody is there. */
function isDecisive(latest: Latest, at: number): boolean {
  const sounds = [latest.phone, latest.cloud].map((sdp) =>
    (sdp?.media ?? []).flatMap(({ kind, port }, place) => (kind === 'audio' && port > 0 ? [place] : [])),
  );
  const inBoth = (sounds[0] ?? []).filter((place) => sounds[1]?.includes(place));
  return inBoth.length === 0 || inBoth.includes(at);
}

/** Both want to hear and to be heard: only then silence means something. */
function isTalking(latest: Latest, at: number): boolean {
  if (!isDecisive(latest, at)) return false;
  return [latest.phone, latest.cloud].every((sdp) => {
    const entry = sdp?.media[at];
    if (sdp === undefined || entry === undefined) return false;
    const target = targetOf(sdp, entry);
    return target !== undefined && target.address !== unspecified && directionOf(sdp, entry) === 'sendrecv';
  });
}
