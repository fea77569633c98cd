/** DER, as far as X.509 certificates need it: ITU-T X.690. Written and read by tag, length and content. */
import { DecodeError } from './bytes.ts';

/** X.690, 8.2 to 8.23; the constructed ones with their bit. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One value. `content`: bytes, or values one after the other. */
export function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const head = [tag, ...derLength(length)];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const part of content) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** X.690, 8.1.3: seven bits, or the count of bytes and then those. */
function derLength(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return [0x80 | bytes.length, ...bytes];
}

export function derSequence(...content: readonly Uint8Array[]): Uint8Array {
  return der(derTag.sequence, ...content);
}

/** `1.2.840.10045.2.1`: the first two numbers in one, each in groups of seven bits (X.690, 8.19). */
export function derOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...others].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f));
    return groups;
  });
  return der(derTag.oid, Uint8Array.from(bytes));
}

/** `unusedBits` of the last byte say nothing (X.690, 8.6). */
export function derBits(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return der(derTag.bitString, Uint8Array.of(unusedBits), bytes);
}

/** To the second. From 2050 on with four digits of the year (RFC 5280, 4.1.2.5). */
export function derTime(at: Date): Uint8Array {
  const digits = at.toISOString().replaceAll(/\.\d+|[-:T]/g, '');
  return at.getUTCFullYear() < 2050
    ? der(derTag.utcTime, Buffer.from(digits.slice(2), 'latin1'))
    : der(derTag.generalizedTime, Buffer.from(digits, 'latin1'));
}

export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag and length too. */
  readonly whole: Uint8Array;
}

/** The values that stand one after the other in `bytes`. Throws {@link DecodeError} where one is cut off. */
export function readDer(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const { tag, begin, end } = readHead(bytes, at);
    values.push({ tag, content: bytes.subarray(begin, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return values;
}

function readHead(bytes: Uint8Array, at: number): { tag: number; begin: number; end: number } {
  const [tag = 0, short] = bytes.subarray(at, at + 2);
  if (short === undefined) throw new DecodeError('a value without a length', at);
  const count = short < 0x80 ? 0 : short & 0x7f;
  // A certificate has three at most; no length at all (0x80) is not DER.
  if (count > 4 || short === 0x80) throw new DecodeError('a length that is not DER', at + 1);
  const begin = at + 2 + count;
  const length =
    count === 0 ? short : bytes.subarray(at + 2, begin).reduce((sum, byte) => sum * 256 + byte, 0);
  if (begin + length > bytes.length) throw new DecodeError('a value that is cut off', at);
  return { tag, begin, end: begin + length };
}
