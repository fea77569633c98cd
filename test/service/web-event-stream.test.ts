/** One stream whose browser does not read, when its session ends. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { FastifyReply } from 'fastify';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { keepAliveMs, openEventStream } from '../../appliance/web/event-stream.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** Its answer has bytes that the kernel does not take, and who reads it is welcome no more. */
async function unread() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, raw] = (await once(server, 'request')) as [unknown, ServerResponse];
  const isWelcome = vi.fn(() => true);
  const reply = { hijack: () => undefined, raw } as unknown as FastifyReply;
  const stream = openEventStream(reply, { headers: {}, isWelcome });
  const tell = () => stream.tell({ event: 'journal', data: 'x'.repeat(100_000) });
  await vi.waitUntil(() => {
    tell();
    return raw.writableLength > 0;
  });
  isWelcome.mockReturnValue(false);
  return { raw, stream, tell };
}

it('news for it after its end is nothing that could end the part', async () => {
  const { raw, tell } = await unread();
  const failed = vi.fn();
  process.once('uncaughtException', failed);
  onTestFinished(() => void process.off('uncaughtException', failed));
  vi.advanceTimersByTime(keepAliveMs);
  expect([raw.writableEnded, raw.destroyed]).toEqual([true, false]);
  tell();
  await new Promise((resolve) => setImmediate(resolve));
  expect(failed).not.toHaveBeenCalled();
});

it('who does not read keeps no place by that', async () => {
  const { raw, stream } = await unread();
  vi.advanceTimersByTime(2 * keepAliveMs);
  expect(raw.destroyed).toBe(true);
  await expect(stream.ended).resolves.toBeUndefined();
});
