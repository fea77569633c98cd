/** One end of a SIP connection in a test: what came waits until it is taken. */
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import {
  decodeSipMessage,
  isRequest,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../appliance/protocol/sip-message.ts';
import { SipStream } from '../../appliance/protocol/sip-stream.ts';
import { until } from './command.ts';

/** One end of a connection (over UDP: one remote). */
export interface Peer {
  readonly port: number;
  readonly isClosed: boolean;
  /** What came and was not taken yet. */
  readonly waiting: readonly SipMessage[];
  send(text: string | Uint8Array): void;
  /** The next request of that method; others stay. */
  request(method: string): Promise<SipRequest>;
  response(status: number): Promise<SipResponse>;
  close(): void;
}

export function streamPeer(socket: Socket): Peer {
  // Each write is a segment of its own.
  socket.setNoDelay();
  const stream = new SipStream();
  const waiting: SipMessage[] = [];
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => {
    for (const frame of stream.push(chunk))
      if (frame.kind === 'message') waiting.push(decodeSipMessage(frame.bytes));
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
  });
  return {
    port: socket.localPort ?? 0,
    get isClosed() {
      return isClosed;
    },
    ...takers(waiting),
    send: (text) => socket.write(text),
    close: () => socket.destroy(),
  };
}

export function takers(waiting: SipMessage[]): Pick<Peer, 'waiting' | 'request' | 'response'> {
  const take = async (what: string, fits: (message: SipMessage) => boolean) => {
    const at = await until(what, () => (waiting.some(fits) ? { at: waiting.findIndex(fits) } : undefined), {
      timeoutMs: 4000,
      everyMs: 5,
      lastSeen: () =>
        waiting.map((message) => (isRequest(message) ? message.method : message.status)).join(', '),
    });
    return waiting.splice(at.at, 1)[0];
  };
  return {
    waiting,
    request: async (method) => {
      const found = await take(method, (message) => isRequest(message) && message.method === method);
      if (found === undefined || !isRequest(found)) throw new Error(`no ${method}`);
      return found;
    },
    response: async (status) => {
      const found = await take(`a ${status}`, (message) => !isRequest(message) && message.status === status);
      if (found === undefined || isRequest(found)) throw new Error(`no ${status}`);
      return found;
    },
  };
}

/** In pieces of these lengths, the last one again and again, each of which the other end has read before the next one is sent. */
export async function sendInPieces(
  peer: Peer,
  text: string,
  lengths: readonly number[] = [1],
): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const length = lengths[piece] ?? lengths.at(-1) ?? bytes.length;
    peer.send(bytes.subarray(at, at + length));
    at += length;
    await setImmediate();
  }
}
