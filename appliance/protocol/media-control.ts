/** What `sip` says to `rtp` over its Unix socket: one JSON object a line, an answer each, and reports in between. */
import { DecodeError } from './bytes.ts';
import { isIpv4 } from './ipv4.ts';
import { readLegDescription, type LegDescription } from './media-description.ts';

/** The side of a session: `phone` is the phones' network, `cloud` the way to the registrar. */
export type LegName = 'phone' | 'cloud';

export const otherLeg = { phone: 'cloud', cloud: 'phone' } as const satisfies Record<LegName, LegName>;

/** Where the far end of a leg wants its media, and from where it may send. */
export interface Remote {
  readonly address: string;
  /** 0: it wants none. */
  readonly port: number;
  /** 0: no reports. */
  readonly rtcpPort: number;
  /** Addresses and networks (`52.112.0.0/14`) that media may come from; `*` for any (the far end is behind address translation). */
  readonly allow: readonly string[];
  /** Where its signalling comes from: media is sent to the networks beyond that card and the one of our own address alone. */
  readonly near?: string;
  /** T.38 and not RTP: its packets can't be told from others'. */
  readonly isUdptl?: boolean;
  /** Who signalled may have written another one's address as his own: until it is heard from there it gets little. */
  readonly isUnproven?: boolean;
}

/**
 * Addresses and networks that media of a leg may come from before its description has: who answers speaks at once, and is to be heard
 * although the answer is still on its way (RFC 3264 section 5.1).
 */
export type EarlySources = Readonly<Record<LegName, readonly string[]>>;

export interface PortPair {
  readonly rtp: number;
  readonly rtcp: number;
}

export interface LegCount {
  /** RTP packets from this leg's far end that were relayed. */
  readonly packets: number;
  readonly bytes: number;
  /** The same for RTCP. */
  readonly rtcp: number;
  /** From elsewhere, or not media at all: dropped. */
  readonly dropped: number;
}

export interface SessionCount {
  readonly session: string;
  readonly phone: LegCount;
  readonly cloud: LegCount;
  /** Milliseconds since the last media packet of either side (or since it was made). */
  readonly silentMs: number;
  /** Of a process before: nothing crosses before its legs are described again. */
  readonly needsKeys?: true;
}

export type MediaRequest =
  /** Reserves ports at these two addresses of ours; names those of a session that is there. */
  | {
      readonly id: number;
      readonly verb: 'allocate';
      readonly session: string;
      readonly phone: string;
      readonly cloud: string;
      readonly early?: EarlySources;
    }
  /** The far end of a leg is known or moved: who may send is learned anew. What is said of the leg besides counts first. */
  | {
      readonly id: number;
      readonly verb: 'update';
      readonly session: string;
      readonly leg: LegName;
      readonly remote: Remote;
      readonly description?: LegDescription;
    }
  /** What its descriptions say of a leg. Before `update`: no packet crosses in clear that keys are meant for. */
  | {
      readonly id: number;
      readonly verb: 'describe';
      readonly session: string;
      readonly leg: LegName;
      readonly description: LegDescription;
    }
  /** Ports at another address of ours for this leg, in the place of those that it has; the other leg keeps its own. Names both. */
  | {
      readonly id: number;
      readonly verb: 'move';
      readonly session: string;
      readonly leg: LegName;
      readonly address: string;
    }
  /** Whether silence means that the call is dead; not so while it rings or is held. */
  | { readonly id: number; readonly verb: 'expect'; readonly session: string; readonly media: boolean }
  | { readonly id: number; readonly verb: 'release'; readonly session: string }
  /** Of all sessions. */
  | { readonly id: number; readonly verb: 'stats' };

export type MediaReply =
  | {
      readonly id: number;
      readonly ok: true;
      readonly phone?: PortPair;
      readonly cloud?: PortPair;
      readonly sessions?: readonly SessionCount[];
    }
  | { readonly id: number; readonly ok: false; readonly error: string };

/** A session in which media is expected has been silent for too long. Told once. */
export interface MediaReport {
  readonly event: 'idle';
  readonly session: string;
}

/** Where the relay of this site listens. */
export function mediaSocketPath(stateDirectory: string): string {
  return `${stateDirectory}/rtp/rtp.sock`;
}

export function formatControl(message: MediaRequest | MediaReply | MediaReport): string {
  return JSON.stringify(message);
}

/** Throws {@link DecodeError}. */
export function parseMediaRequest(line: string): MediaRequest {
  const object = parseObject(line);
  const id = integer(object, 'id', Number.MAX_SAFE_INTEGER);
  const verb = text(object, 'verb');
  switch (verb) {
    case 'allocate':
      return {
        id,
        verb,
        session: session(object),
        phone: address(object, 'phone'),
        cloud: address(object, 'cloud'),
        ...(object['early'] === undefined ? {} : { early: early(child(object, 'early')) }),
      };
    case 'update':
      return {
        id,
        verb,
        session: session(object),
        leg: leg(object),
        remote: remote(child(object, 'remote')),
        ...(object['description'] === undefined
          ? {}
          : { description: readLegDescription(object['description']) }),
      };
    case 'describe':
      return {
        id,
        verb,
        session: session(object),
        leg: leg(object),
        description: readLegDescription(object['description']),
      };
    case 'move':
      return { id, verb, session: session(object), leg: leg(object), address: address(object, 'address') };
    case 'expect':
      return { id, verb, session: session(object), media: object['media'] === true };
    case 'release':
      return { id, verb, session: session(object) };
    case 'stats':
      return { id, verb };
    default:
      throw new DecodeError(`no such verb ${verb.slice(0, 20)}`);
  }
}

/** Throws {@link DecodeError}. */
export function parseMediaAnswer(line: string): MediaReply | MediaReport {
  const object = parseObject(line);
  if (object['event'] === 'idle') return { event: 'idle', session: session(object) };
  const id = integer(object, 'id', Number.MAX_SAFE_INTEGER);
  if (object['ok'] !== true) return { id, ok: false, error: text(object, 'error') };
  return {
    id,
    ok: true,
    ...(object['phone'] === undefined ? {} : { phone: ports(child(object, 'phone')) }),
    ...(object['cloud'] === undefined ? {} : { cloud: ports(child(object, 'cloud')) }),
    ...(object['sessions'] === undefined ? {} : { sessions: list(object, 'sessions').map(sessionCount) }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) throw new DecodeError('not JSON');
    throw error;
  }
  return fields(value);
}

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DecodeError('not an object');
  return value as Fields;
}

function child(object: Fields, name: string): Fields {
  return fields(object[name]);
}

function list(object: Fields, name: string): Fields[] {
  const value = object[name];
  if (!Array.isArray(value)) throw new DecodeError(`${name} is not a list`);
  return value.map(fields);
}

function text(object: Fields, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw new DecodeError(`${name} is not text`);
  return value;
}

function integer(object: Fields, name: string, maximum: number): number {
  const value = object[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > maximum) {
    throw new DecodeError(`${name} is not a number up to ${maximum}`);
  }
  return value;
}

function session(object: Fields): string {
  const name = text(object, 'session');
  if (!/^[\w.-]{1,80}$/.test(name)) throw new DecodeError('not a session name');
  return name;
}

function address(object: Fields, name: string): string {
  const value = text(object, name);
  if (!isIpv4(value)) throw new DecodeError(`${name} is not an IPv4 address`);
  return value;
}

function early(object: Fields): EarlySources {
  return { phone: sources(object, 'phone'), cloud: sources(object, 'cloud') };
}

function leg(object: Fields): LegName {
  const name = text(object, 'leg');
  if (name !== 'phone' && name !== 'cloud') throw new DecodeError('no such leg');
  return name;
}

function remote(object: Fields): Remote {
  return {
    address: address(object, 'address'),
    port: integer(object, 'port', 65_535),
    rtcpPort: integer(object, 'rtcpPort', 65_535),
    allow: sources(object, 'allow'),
    ...(object['near'] === undefined ? {} : { near: address(object, 'near') }),
    ...(object['isUdptl'] === true ? { isUdptl: true } : {}),
    ...(object['isUnproven'] === true ? { isUnproven: true } : {}),
  };
}

function sources(object: Fields, name: string): string[] {
  const value = object[name];
  if (
    !Array.isArray(value) ||
    value.length > 40 ||
    !value.every((entry) => entry === '*' || (typeof entry === 'string' && isNetwork(entry)))
  ) {
    throw new DecodeError(`${name} is not a list of addresses`);
  }
  return value as string[];
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '32', ...more] = text.split('/');
  return more.length === 0 && isIpv4(address) && /^(?:\d|[12]\d|3[0-2])$/.test(prefix);
}

function ports(object: Fields): PortPair {
  return { rtp: integer(object, 'rtp', 65_535), rtcp: integer(object, 'rtcp', 65_535) };
}

function legCount(object: Fields): LegCount {
  return {
    packets: integer(object, 'packets', Number.MAX_SAFE_INTEGER),
    bytes: integer(object, 'bytes', Number.MAX_SAFE_INTEGER),
    rtcp: integer(object, 'rtcp', Number.MAX_SAFE_INTEGER),
    dropped: integer(object, 'dropped', Number.MAX_SAFE_INTEGER),
  };
}

function sessionCount(object: Fields): SessionCount {
  return {
    session: session(object),
    phone: legCount(child(object, 'phone')),
    cloud: legCount(child(object, 'cloud')),
    silentMs: integer(object, 'silentMs', Number.MAX_SAFE_INTEGER),
    ...(object['needsKeys'] === true ? { needsKeys: true } : {}),
  };
}
