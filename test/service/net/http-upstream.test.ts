import { once } from 'node:events';
import { createServer } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect, it } from 'vitest';
import { askUpstream } from '../../../appliance/net/http-upstream.ts';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { loopbackLookup } from '../../support/provisioning-site.ts';

const authority = await newCloudAuthority();

interface Seen {
  readonly isResumed: boolean;
  readonly port: number | undefined;
}

async function startServer(name: string, port = 0) {
  const seen: Seen[] = [];
  const server = createServer(await authority.certificateFor([name]), ({ socket }, response) => {
    seen.push({ isResumed: (socket as TLSSocket).isSessionReused(), port: socket.remotePort });
    response.end('x');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    seen,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const ask = async (host: string, port: number, ca: readonly string[]) =>
  askUpstream({
    scheme: 'https',
    host,
    port,
    ca,
    method: 'GET',
    target: '/',
    headers: [
      ['Host', host],
      ['Connection', 'close'],
    ],
    timeoutMs: 10_000,
    mostBytes: 100,
    lookup: loopbackLookup,
  });

it('each request has a connection of its own, which takes up the TLS session of the last one', async () => {
  await using server = await startServer('one.example');
  const ca = [authority.ca];
  for (let at = 0; at < 3; at += 1) expect((await ask('one.example', server.port, ca)).status).toBe(200);
  expect(server.seen.map(({ isResumed }) => isResumed)).toEqual([false, true, true]);
  expect(new Set(server.seen.map(({ port }) => port)).size).toBe(3);
});

it('a session is nothing to a server of another name, nor to another list of authorities', async () => {
  await using server = await startServer('one.example');
  const ca = [authority.ca];
  await ask('one.example', server.port, ca);
  await expect(ask('two.example', server.port, ca)).rejects.toThrow(/not trusted/);
  await expect(ask('one.example', server.port, [(await newCloudAuthority()).ca])).rejects.toThrow(
    /not trusted/,
  );
});

it('who takes the place of a server that gave a session has to show its own certificate', async () => {
  const ca = [authority.ca];
  const first = await startServer('one.example');
  await ask('one.example', first.port, ca);
  await first[Symbol.asyncDispose]();
  await using second = await startServer('two.example', first.port);
  await expect(ask('one.example', second.port, ca)).rejects.toThrow(/not trusted/);
  expect(second.seen).toEqual([]);
});

it('the first words of a TLS connection find room in one packet', async () => {
  const listener = createTcp().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const asking = ask('a-rather-long-name.dm.sdg.teams.example', port, [authority.ca]);
  const [socket] = (await once(listener, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  listener.close();
  await expect(asking).rejects.toThrow('a-rather-long-name');
  // A TLS record's head, whole, and the segment of an Ethernet packet with some room for a tunnel.
  expect(hello.length).toBe(hello.readUInt16BE(3) + 5);
  expect(hello.length).toBeLessThan(1300);
});
