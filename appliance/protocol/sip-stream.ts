/** Messages out of a byte stream: RFC 3261 section 18.3 (Content-Length decides) and the keep-alives of RFC 5626 section 3.5.1. */
import {
  contentLength,
  findHeadEnd,
  headLines,
  parseHeaderLine,
  sipLimits,
  SipSyntaxError,
} from './sip-message.ts';

export type SipFrame =
  /** A whole message, to be decoded. */
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** An empty line between messages: two of them are a ping, one is a pong. */
  | { readonly kind: 'empty-line' }
  /** Where the next message begins can't be known any more: answer `bytes` if it is a request, then close. */
  | { readonly kind: 'broken'; readonly bytes: Uint8Array; readonly error: SipSyntaxError };

const nothing = new Uint8Array();

export class SipStream {
  #pending: Uint8Array = nothing;
  /** Where `pending` stands, with room behind it: who sends byte by byte makes us copy each byte a few times, not each time. */
  #room: Uint8Array = nothing;
  /** Up to here no end of the header was found. */
  #searched = 0;
  #needed: number | undefined;
  #isBroken = false;

  /** Bytes of a message that isn't complete yet. */
  get pendingBytes(): number {
    return this.#pending.length;
  }

  /** After a `broken` frame nothing comes any more. */
  push(chunk: Uint8Array): SipFrame[] {
    if (this.#isBroken) return [];
    this.#append(chunk);
    const frames: SipFrame[] = [];
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) return frames;
      frames.push(frame);
      if (frame.kind === 'broken') {
        this.#isBroken = true;
        this.#pending = nothing;
        this.#room = nothing;
        return frames;
      }
    }
  }

  #append(chunk: Uint8Array): void {
    const { length } = this.#pending;
    if (length === 0) {
      this.#pending = chunk;
      this.#room = nothing;
      return;
    }
    // What was given out before stays as it is: only what is behind it is written.
    if (this.#room.length < length + chunk.length) {
      const room = Buffer.allocUnsafeSlow(2 * length + chunk.length);
      room.set(this.#pending);
      this.#room = room;
    }
    this.#room.set(chunk, length);
    this.#pending = this.#room.subarray(0, length + chunk.length);
  }

  #next(): SipFrame | undefined {
    if (this.#needed === undefined) {
      if (this.#pending[0] === 13 && (this.#pending.length === 1 || this.#pending[1] === 10)) {
        if (this.#pending.length === 1) return undefined;
        this.#take(2);
        return { kind: 'empty-line' };
      }
      const error = this.#measure();
      if (error !== undefined) return { kind: 'broken', bytes: this.#pending, error };
    }
    if (this.#needed === undefined || this.#pending.length < this.#needed) return undefined;
    return { kind: 'message', bytes: this.#take(this.#needed) };
  }

  /** Finds how long the message is; says what is wrong when that can't be known. */
  #measure(): SipSyntaxError | undefined {
    const end = findHeadEnd(this.#pending, Math.max(0, this.#searched - 3));
    this.#searched = this.#pending.length;
    if ((end ?? this.#pending.length) > sipLimits.headerBytes)
      return new SipSyntaxError('header too large', 0, 513);
    if (end === undefined) return undefined;
    try {
      const head = Buffer.from(this.#pending.subarray(0, end)).toString('utf8');
      const lengths = headLines(head)
        .filter((line) => /^(?:l|content-length)[ \t]*:/i.test(line))
        .map(parseHeaderLine);
      const length = contentLength(lengths);
      if (length === undefined) return new SipSyntaxError('no Content-Length');
      if (length > sipLimits.bodyBytes) return new SipSyntaxError('body too large', end, 513);
      this.#needed = end + 4 + length;
      return undefined;
    } catch (error) {
      if (error instanceof SipSyntaxError) return error;
      throw error;
    }
  }

  #take(length: number): Uint8Array {
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    if (this.#room.length > 0) this.#room = this.#room.subarray(length);
    this.#needed = undefined;
    this.#searched = 0;
    return taken;
  }
}
