/** Requests that may be repeated share connections: what that must never cost, against a server that says raw bytes. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { askUpstream, newKeptConnections } from '../../../appliance/net/http-upstream.ts';
import { loopbackLookup } from '../../support/provisioning-site.ts';

/** `connection` and `request` count from 1, the second on its connection. */
type Said = (socket: Socket, asked: { target: string; connection: number; request: number }) => void;

async function startSite(say: Said) {
  const sockets: Socket[] = [];
  /** `connection request target` of each. */
  const asked: string[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket);
    let request = 0;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      request += 1;
      const target = chunk.toString('latin1').split(' ')[1] ?? '';
      asked.push(`${connection} ${request} ${target}`);
      say(socket, { target, connection, request });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const kept = newKeptConnections({ scheme: 'http', lookup: loopbackLookup });
  return {
    asked,
    sockets,
    /** What is kept has heard from the server, or was closed by it. */
    freeSocketSaid: async () => {
      const free = Object.values(kept.freeSockets).flatMap((some) => some ?? []);
      await vi.waitFor(() => {
        for (const socket of free) expect(socket.bytesRead > 100 || socket.destroyed).toBe(true);
      });
    },
    get: async (target: string) => {
      const { status, body } = await askUpstream({
        scheme: 'http',
        host: 'one.example',
        port: (server.address() as AddressInfo).port,
        method: 'GET',
        target,
        headers: [
          ['Host', 'one.example'],
          ['Connection', 'keep-alive'],
        ],
        timeoutMs: 5000,
        mostBytes: 100,
        lookup: loopbackLookup,
        kept,
      });
      return `${status} ${body.toString()}`;
    },
    [Symbol.asyncDispose]: async () => {
      kept.destroy();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const answer = (body: string, more = '') =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const echo: Said = (socket, { target }) => socket.write(answer(target));

it('one after the other they go over one connection, at the same time over one each', async () => {
  await using site = await startSite(echo);
  expect([await site.get('/a'), await site.get('/b')]).toEqual(['200 /a', '200 /b']);
  expect(site.sockets.length).toBe(1);
  expect(await Promise.all([site.get('/c'), site.get('/d')])).toEqual(['200 /c', '200 /d']);
  expect(site.sockets.length).toBe(2);
});

it('a server that says that it closes is believed', async () => {
  await using site = await startSite((socket, { target }) =>
    socket.write(answer(target, 'Connection: close\r\n')),
  );
  expect([await site.get('/a'), await site.get('/b')]).toEqual(['200 /a', '200 /b']);
  expect(site.asked).toEqual(['1 1 /a', '2 1 /b']);
});

it('a request that meets the end of a used connection goes once more, over one of its own', async () => {
  await using site = await startSite((socket, asked) => {
    if (asked.request > 1) socket.destroy();
    else echo(socket, asked);
  });
  expect([await site.get('/a'), await site.get('/b')]).toEqual(['200 /a', '200 /b']);
  expect(site.asked).toEqual(['1 1 /a', '1 2 /b', '2 1 /b']);
});

it('the end of a fresh connection is a failure, also the second time', async () => {
  await using site = await startSite((socket, asked) => {
    if (asked.target === '/a') echo(socket, asked);
    else socket.destroy();
  });
  await expect(site.get('/b')).rejects.toMatchObject({ kind: 'unreachable' });
  expect(site.asked).toEqual(['1 1 /b']);
  await site.get('/a');
  await expect(site.get('/b')).rejects.toMatchObject({ kind: 'unreachable' });
  expect(site.asked).toEqual(['1 1 /b', '2 1 /a', '2 2 /b', '3 1 /b']);
});

it('an answer that was begun is not asked for again', async () => {
  await using site = await startSite((socket, asked) => {
    if (asked.target === '/a') echo(socket, asked);
    else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
  });
  await site.get('/a');
  await expect(site.get('/b')).rejects.toMatchObject({ kind: 'unreachable' });
  expect(site.asked).toEqual(['1 1 /a', '1 2 /b']);
});

it("an answer too many that comes with one is nobody's", async () => {
  await using site = await startSite((socket, asked) => {
    if (asked.target === '/a') socket.write(answer('/a') + answer('not yours'));
    else echo(socket, asked);
  });
  // The first may be lost by it.
  expect(['200 /a', 'lost']).toContain(await site.get('/a').catch(() => 'lost'));
  expect(await site.get('/b')).toBe('200 /b');
  expect(site.asked).toEqual(['1 1 /a', '2 1 /b']);
});

it('a connection that says something unasked is not used again', async () => {
  await using site = await startSite(echo);
  await site.get('/a');
  const [first] = site.sockets;
  first?.write(answer('not yours'));
  await site.freeSocketSaid();
  expect(await site.get('/b')).toBe('200 /b');
  expect(site.asked).toEqual(['1 1 /a', '2 1 /b']);
});

it('an answer too long ends its connection, and the next one is not read out of the rest', async () => {
  await using site = await startSite((socket, asked) => {
    if (asked.target === '/a')
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(101)}`);
    else echo(socket, asked);
  });
  await expect(site.get('/a')).rejects.toMatchObject({ kind: 'refused' });
  expect(await site.get('/b')).toBe('200 /b');
  expect(site.asked).toEqual(['1 1 /a', '2 1 /b']);
});
