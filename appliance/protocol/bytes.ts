/** Reading and writing of network byte order, and the one error that says "the wire is wrong". */

/** Thrown by every decoder for input that breaks its protocol. `offset` counts bytes from the start of the input. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly offset: number;
  constructor(message: string, offset = 0) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

/** One character a byte; NULs at the end belong to the sender's language, not to the value (RFC 2132 section 2). */
export function latin1Text(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('latin1');
}

/** Both, one after the other, in memory of their own. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** Big-endian, of bytes that are there: a DataView costs more than all else that is read from a small packet. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Likewise. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return ((uint16At(bytes, at) << 16) | uint16At(bytes, at + 2)) >>> 0;
}

/** A cursor over bytes; every read past the end is a {@link DecodeError}, never `undefined`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  uint8(): number {
    return this.bytes[this.#advance(1)] ?? 0;
  }

  uint16(): number {
    return uint16At(this.bytes, this.#advance(2));
  }

  uint32(): number {
    return uint32At(this.bytes, this.#advance(4));
  }

  /** A view on the same memory: copy it before keeping it. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  #advance(length: number): number {
    if (length > this.remaining) {
      throw new DecodeError(`${length} bytes wanted, ${this.remaining} left`, this.offset);
    }
    const start = this.offset;
    this.offset += length;
    return start;
  }
}
