/** What SRTP's two crypto-suites compute: AES in counter mode, HMAC-SHA1 and session keys, RFC 3711 sections 4.1 to 4.3. */
import { createCipheriv, createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { masterBytes } from '../protocol/srtp.ts';

const blockBytes = 16;
const keyBytes = 16;
const saltBytes = 14;
const authBytes = 20;
/** The last two bytes of an IV count them (section 4.1.1). */
const mostBlocks = 65_536;

/** Labels of section 4.3.2: encryption, authentication, salt. */
const labels = { rtp: [0, 1, 2], rtcp: [3, 4, 5] } as const;

export interface SessionKeys {
  readonly encryption: Uint8Array;
  readonly authentication: Uint8Array;
  readonly salt: Uint8Array;
}

/** Session keys of a master key and salt, at a key derivation rate of 0. */
export function deriveKeys(master: Uint8Array, kind: 'rtp' | 'rtcp'): SessionKeys {
  if (master.length !== masterBytes) throw new TypeError(`a master key and salt has ${masterBytes} bytes`);
  const stream = newKeystream(master.subarray(0, keyBytes));
  const derive = (label: number, length: number) => {
    const iv = new Uint8Array(blockBytes);
    iv.set(master.subarray(keyBytes));
    iv[7] = (iv[7] ?? 0) ^ label;
    return new Uint8Array(stream(iv, length));
  };
  const [encryption, authentication, salt] = labels[kind];
  return {
    encryption: derive(encryption, keyBytes),
    authentication: derive(authentication, authBytes),
    salt: derive(salt, saltBytes),
  };
}

/** As many bytes of keystream; of an IV the last two bytes count blocks and must be 0. */
export type Keystream = (iv: Uint8Array, length: number) => Uint8Array;

/** One cipher for all packets: making one for each would cost several times what it computes. */
export function newKeystream(key: Uint8Array): Keystream {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  let counters = new Uint8Array(16 * blockBytes);
  return (iv, length) => {
    const blocks = Math.ceil(length / blockBytes);
    if (blocks > mostBlocks) throw new RangeError(`${length} bytes for one IV`);
    if (counters.length < blocks * blockBytes) counters = new Uint8Array(blocks * blockBytes);
    for (let block = 0; block < blocks; block += 1) {
      counters.set(iv, block * blockBytes);
      counters[block * blockBytes + 14] = block >> 8;
      counters[block * blockBytes + 15] = block;
    }
    return cipher.update(counters.subarray(0, blocks * blockBytes)).subarray(0, length);
  };
}

export interface PacketCipher {
  /** Encrypts or decrypts from `start` on, in place. */
  apply(packet: Uint8Array, start: number, from: { ssrc: number; index: number }): void;
  /** The authentication tag of a packet and what follows it unsent (the roll-over counter of SRTP). */
  tag(packet: Uint8Array, rollover: number | undefined): Uint8Array;
  /** Compares as many bytes as `tag` has, without telling by its time where they differ. */
  isGenuine(packet: Uint8Array, rollover: number | undefined, tag: Uint8Array): boolean;
}

export function newPacketCipher({ encryption, authentication, salt }: SessionKeys): PacketCipher {
  const keystream = newKeystream(encryption);
  const key: KeyObject = createSecretKey(authentication);
  const iv = new Uint8Array(blockBytes);
  const view = new DataView(iv.buffer);
  const counter = new Uint8Array(4);
  const tag: PacketCipher['tag'] = (packet, rollover) => {
    const hmac = createHmac('sha1', key).update(packet);
    if (rollover !== undefined) {
      new DataView(counter.buffer).setUint32(0, rollover);
      hmac.update(counter);
    }
    return hmac.digest();
  };
  return {
    apply: (packet, start, { ssrc, index }) => {
      // IV = salt * 2^16 XOR ssrc * 2^64 XOR index * 2^16 (section 4.1.1)
      iv.set(salt);
      view.setUint32(4, view.getUint32(4) ^ ssrc);
      view.setUint16(8, view.getUint16(8) ^ Math.floor(index / 2 ** 32));
      view.setUint32(10, view.getUint32(10) ^ (index % 2 ** 32));
      const stream = keystream(iv, packet.length - start);
      for (let at = 0; at < stream.length; at += 1) {
        packet[start + at] = (packet[start + at] ?? 0) ^ (stream[at] ?? 0);
      }
    },
    tag,
    isGenuine: (packet, rollover, given) =>
      timingSafeEqual(tag(packet, rollover).subarray(0, given.length), given),
  };
}
