/** Asking a time server once: SNTP client messages, RFC 4330. */
import { ByteReader, DecodeError } from './bytes.ts';

/** 1900 to 1970. */
const epochOffsetSeconds = 2_208_988_800;
const era = 2 ** 32;

export interface NtpAnswer {
  /** Server's time when it answered, ms since 1970. */
  readonly transmittedAt: number;
  /** 1 has a clock of its own; 16 is not synchronised. */
  readonly stratum: number;
}

/** Version 4, mode client. `nonce` is eight bytes in the place of our own time; the server sends them back. */
export function encodeNtpRequest(nonce: Uint8Array): Uint8Array {
  if (nonce.length !== 8) throw new TypeError('the nonce of an NTP request has eight bytes');
  const bytes = new Uint8Array(48);
  bytes[0] = (4 << 3) | 3;
  bytes.set(nonce, 40);
  return bytes;
}

/** Throws DecodeError for anything but a server's answer to this request. Times are in the era of `now`. */
export function decodeNtpAnswer(bytes: Uint8Array, nonce: Uint8Array, now: number): NtpAnswer {
  const reader = new ByteReader(bytes);
  // 2 bits leap indicator, 3 bits version, 3 bits mode
  const mode = reader.uint8() & 7;
  if (mode !== 4) throw new DecodeError(`NTP mode ${mode} is no server's answer`, 0);
  const stratum = reader.uint8();
  reader.skip(22);
  if (!Buffer.from(reader.take(8)).equals(Buffer.from(nonce)))
    throw new DecodeError('NTP answer to another request', 24);
  reader.skip(8);
  const seconds = reader.uint32();
  const fraction = reader.uint32();
  // A kiss-o'-death has stratum 0: the server doesn't tell the time.
  if (stratum === 0) throw new DecodeError('the NTP server refuses to answer', 1);
  const unix = seconds - epochOffsetSeconds;
  const eras = Math.round((now / 1000 - unix) / era);
  return { stratum, transmittedAt: (unix + eras * era) * 1000 + (fraction / era) * 1000 };
}
