/** Answers that are too large for memory: what of them waits, and what becomes of them when the peer goes. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { listenHttp } from '../../../appliance/net/http-server.ts';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { until } from '../../support/command.ts';

const address = '127.0.0.1';
const chunkBytes = 100_000;
const chunks = 100;

/** Gives out chunks of one byte each, all in the same memory. */
async function openListener({ isSecure = false } = {}) {
  const seen = { chunks: 0, ended: 0, errors: [] as unknown[], isBroken: false };
  const memory = Buffer.alloc(chunkBytes);
  async function* fill(): AsyncGenerator<Uint8Array> {
    for (; seen.chunks < chunks; seen.chunks += 1) {
      if (seen.isBroken && seen.chunks === 3) throw new Error('the file was changed');
      yield memory.fill(seen.chunks);
    }
  }
  const authority = await newCloudAuthority();
  const identity = { ...(await authority.certificateFor([address])), ca: authority.ca };
  const listener = await listenHttp({
    on: { address, port: 0 },
    ...(isSecure ? { identity: () => identity } : {}),
    mostBodyBytes: 0,
    handle: async () => ({
      status: 200,
      headers: [],
      body: new Uint8Array(),
      stream: {
        length: chunks * chunkBytes,
        chunks: fill(),
        [Symbol.dispose]: () => (seen.ended += 1),
      },
    }),
    onError: (error) => seen.errors.push(error),
  });
  onTestFinished(async () => await listener[Symbol.asyncDispose]());
  const open = (): Socket =>
    isSecure
      ? connectTls({ host: address, port: listener.port, ca: authority.ca })
      : connect({ host: address, port: listener.port });
  return { seen, open };
}

const ask = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

test.each([
  ['in clear', false],
  ['over TLS', true],
])(
  'chunks that share their memory arrive as they were, %s, also to who takes them slowly',
  async (...[, isSecure]) => {
    const { seen, open } = await openListener({ isSecure });
    const socket = open();
    socket.write(ask);
    const received: Buffer[] = [];
    for await (const part of socket as AsyncIterable<Buffer>) {
      received.push(part);
      // Behind what the kernel takes, so that the next chunks have to wait.
      if (received.length % 16 === 0) await new Promise(setImmediate);
    }
    const all = Buffer.concat(received);
    const body = all.subarray(all.indexOf('\r\n\r\n') + 4);
    expect(body.length).toBe(chunks * chunkBytes);
    const wrong = Array.from({ length: chunks }, (_, at) =>
      body.subarray(at * chunkBytes, (at + 1) * chunkBytes).every((byte) => byte === at),
    ).indexOf(false);
    expect(wrong).toBe(-1);
    expect([seen.ended, seen.errors]).toEqual([1, []]);
  },
);

test('nothing more is made for a peer that takes nothing, and it ends with the peer', async () => {
  const { seen, open } = await openListener();
  const socket = open();
  socket.pause();
  socket.write(ask);
  await until('the first chunks', () => seen.chunks > 0 || undefined, { timeoutMs: 5000, everyMs: 5 });
  let last = -1;
  await until(
    'a standstill',
    () => {
      const isStill = seen.chunks === last;
      last = seen.chunks;
      return isStill || undefined;
    },
    { timeoutMs: 5000, everyMs: 100 },
  );
  expect(seen.chunks).toBeLessThan(chunks);
  socket.destroy();
  await until('the end of the stream', () => seen.ended === 1 || undefined, { timeoutMs: 5000, everyMs: 5 });
  expect(seen.errors).toEqual([]);
});

test('a stream that breaks cuts the connection, so that nobody takes half of it for the whole', async () => {
  const { seen, open } = await openListener();
  seen.isBroken = true;
  const socket = open().on('error', () => undefined);
  let received = 0;
  socket.on('data', (part: Buffer) => (received += part.length));
  socket.write(ask);
  await once(socket, 'close');
  expect(received).toBeLessThan(chunks * chunkBytes);
  expect(seen.ended).toBe(1);
  expect(String(seen.errors[0])).toContain('the file was changed');
});
