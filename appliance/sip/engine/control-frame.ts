/** Frames of drachtio's control protocol: `<bytes>#<meta|meta…>` and, after CRLF, perhaps a SIP message. */
import { DecodeError } from '../../protocol/bytes.ts';

export interface ControlFrame {
  /** The first is the sender's id for the frame. */
  readonly tokens: readonly string[];
  /** Empty when there is none. */
  readonly message: Uint8Array;
}

const longestFrame = 4_194_304;
const digits = /^[1-9]\d{0,6}$/;

/** A `|` or CRLF in a token would make another frame of it: TypeError. */
export function encodeControlFrame({ tokens, message }: ControlFrame): Uint8Array {
  for (const token of tokens)
    if (/[|\r\n]/.test(token)) throw new TypeError('a token of a control frame has no | and no line end');
  const head = message.length === 0 ? tokens.join('|') : `${tokens.join('|')}\r\n`;
  const length = Buffer.byteLength(head) + message.length;
  const start = `${length}#`;
  const frame = Buffer.allocUnsafe(start.length + length);
  frame.set(message, frame.write(start + head));
  return frame;
}

/** Cuts frames out of what arrives. */
export class ControlReader {
  #pending: Buffer = Buffer.alloc(0);

  /** Throws {@link DecodeError} for what is no frame; the connection is of no use then. */
  push(chunk: Uint8Array): ControlFrame[] {
    this.#pending =
      this.#pending.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : Buffer.concat([this.#pending, chunk]);
    const frames: ControlFrame[] = [];
    for (;;) {
      const mark = this.#pending.indexOf('#');
      if (mark === -1 && this.#pending.length > 8) throw new DecodeError('control frame without a length');
      if (mark === -1) return frames;
      const length = this.#pending.toString('latin1', 0, mark);
      if (!digits.test(length) || Number(length) > longestFrame)
        throw new DecodeError('control frame with a bad length');
      const end = mark + 1 + Number(length);
      if (this.#pending.length < end) return frames;
      frames.push(parseFrame(this.#pending.subarray(mark + 1, end)));
      this.#pending = this.#pending.subarray(end);
    }
  }
}

function parseFrame(payload: Buffer): ControlFrame {
  const end = payload.indexOf('\r\n');
  const meta = payload.toString('utf8', 0, end === -1 ? payload.length : end);
  return { tokens: meta.split('|'), message: end === -1 ? new Uint8Array() : payload.subarray(end + 2) };
}
