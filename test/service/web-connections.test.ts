/** Connections to the page are shared out: a machine that takes all it gets keeps nobody out. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { ask, openPage } from '../support/page.ts';

/** Connections of one machine, each with the beginning of a request that never ends. */
async function hoard(port: number, { localAddress, count }: { localAddress: string; count: number }) {
  const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1', localAddress }));
  const closed = new Set<Socket>();
  for (const socket of sockets) {
    socket.on('error', () => undefined).on('close', () => closed.add(socket));
    socket.resume();
  }
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
  for (const socket of sockets) socket.write('GET /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ');
  return { open: () => sockets.length - closed.size };
}

it('an admin gets in while another machine holds all the connections that it can get', async () => {
  const { web } = await openPage();
  const { port } = web.address;
  const { open } = await hoard(port, { localAddress: '127.0.0.9', count: 400 });
  expect((await ask({ port, localAddress: '127.0.0.2' }, '/api/status')).status).toBe(200);
  expect(open()).toBeLessThanOrEqual(100);
});

it('many machines that do so keep nobody out either', async () => {
  const { web } = await openPage();
  const { port } = web.address;
  for (let at = 10; at < 40; at += 1) await hoard(port, { localAddress: `127.0.0.${at}`, count: 20 });
  for (let at = 0; at < 5; at += 1)
    expect((await ask({ port, localAddress: '127.0.0.2' }, '/api/status')).status).toBe(200);
});
