/** What `sip` tells `rtp` of a leg besides where it is: its codecs, and keys of SDES. Keys stay in memory on both sides. */
import { DecodeError } from './bytes.ts';
import type { RtpCodec } from './sdp-codecs.ts';
import type { SdesKey } from './sdp-crypto.ts';
import { isSrtpSuite } from './srtp.ts';

export interface LegDescription {
  readonly codecs: readonly RtpCodec[];
  readonly keys?: LegKeys;
}

export interface LegKeys {
  /** What its far end encrypts with. */
  readonly receive: SdesKey;
  /** What the box encrypts with toward it. Without: packets cross untouched, and only reports are read. */
  readonly send?: SdesKey;
}

const mostCodecs = 64;

/** Throws {@link DecodeError}, which never quotes what it read. */
export function readLegDescription(value: unknown): LegDescription {
  const { codecs, keys } = object(value);
  if (!Array.isArray(codecs) || codecs.length > mostCodecs) throw new DecodeError('not a list of codecs');
  if (keys === undefined) return { codecs: codecs.map(codec) };
  const { receive, send } = object(keys);
  return {
    codecs: codecs.map(codec),
    keys: { receive: key(receive), ...(send === undefined ? {} : { send: key(send) }) },
  };
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new DecodeError('not an object');
  return value as Readonly<Record<string, unknown>>;
}

function codec(value: unknown): RtpCodec {
  const { payloadType, name, clockRate } = object(value);
  if (typeof name !== 'string' || name.length > 32) throw new DecodeError('not the name of a codec');
  if (!isBetween(payloadType, 0, 127) || !isBetween(clockRate, 1, 1_000_000))
    throw new DecodeError('no such payload type or clock rate');
  return { payloadType, name, clockRate };
}

function key(value: unknown): SdesKey {
  const { suite, inline } = object(value);
  if (typeof suite !== 'string' || !isSrtpSuite(suite)) throw new DecodeError('no such crypto-suite');
  if (typeof inline !== 'string' || !/^[A-Za-z0-9+/]{40}$/.test(inline)) throw new DecodeError('not a key');
  return { suite, inline };
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
