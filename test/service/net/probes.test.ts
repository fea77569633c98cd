/** The probes of `gatehouse check` against real servers on loopback, well-behaved and not. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { probeDhcp } from '../../../appliance/net/probe-dhcp.ts';
import { probeDns } from '../../../appliance/net/probe-dns.ts';
import { probeHttp } from '../../../appliance/net/probe-http.ts';
import { probeNtp } from '../../../appliance/net/probe-ntp.ts';
import { probePort } from '../../../appliance/net/probe-port.ts';
import { probeTcp, probeTls } from '../../../appliance/net/probe-tls.ts';
import { ensureAuthority, serverIdentity } from '../../../appliance/net/authority.ts';
import { listenTls } from '../../../appliance/net/tls.ts';
import { openUdp } from '../../../appliance/net/udp.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function httpServer(answer: RequestListener): Promise<string> {
  return `127.0.0.1:${await listening(createHttpServer(answer))}`;
}

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  return port;
}

it('DNS: a name of this machine has an address, one that cannot exist has none and says why', async () => {
  expect(await probeDns('localhost', 2000)).toMatchObject({ ipv4: ['127.0.0.1'] });
  expect(await probeDns('127.0.0.1', 2000)).toMatchObject({ ipv4: ['127.0.0.1'] });
  const none = await probeDns('-no name-', 2000);
  expect(none.ipv4).toEqual([]);
  expect(none.error).toMatch(/^[A-Z_]+$/);
});

it('HTTP: asks for / only, and tells status, headers and whether a web page came', async () => {
  const asked: string[] = [];
  const host = await httpServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(200, { via: '1.1 corp', 'content-type': 'text/html' }).end('<html>');
  });
  const finding = await probeHttp(host, 2000, () => 1000);
  expect(asked).toEqual(['GET /']);
  expect(finding).toMatchObject({ status: 200, isHtml: true, askedAt: 1000, headers: { via: '1.1 corp' } });
});

it('HTTP: a redirect is told, not followed', async () => {
  let asked = 0;
  const host = await httpServer((_request, response) => {
    asked += 1;
    response.writeHead(302, { location: 'http://login.example/' }).end();
  });
  expect(await probeHttp(host, 2000, Date.now)).toMatchObject({
    status: 302,
    isHtml: false,
    headers: { location: 'http://login.example/' },
  });
  expect(asked).toBe(1);
});

it('HTTP: nobody there, garbage and silence are words, not errors', async () => {
  expect(await probeHttp(`127.0.0.1:${await closedPort()}`, 2000, Date.now)).toMatch(/ECONNREFUSED/);
  const garbage = await listening(
    createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0\r\n')),
  );
  expect(await probeHttp(`127.0.0.1:${garbage}`, 2000, Date.now)).toEqual(expect.any(String));
  const silent = await listening(createServer((socket) => socket.on('error', () => undefined).resume()));
  expect(await probeHttp(`127.0.0.1:${silent}`, 200, Date.now)).toMatch(/200 ms/);
});

it('TLS: tells how far it comes, and whose certificate is in the way', async () => {
  const directory = temporaryDirectory();
  await ensureAuthority(directory, '127.0.0.1', systemClock);
  const identity = serverIdentity(directory, '127.0.0.1');
  await using server = await listenTls({ address: '127.0.0.1', port: 0 }, identity, (connection) =>
    connection.end(),
  );
  const target = { host: '127.0.0.1', port: server.local.port };
  expect(await probeTls({ ...target, trust: [identity.ca] }, 2000)).toMatchObject({ reached: 'trusted' });
  expect(await probeTls({ ...target, trust: [] }, 2000)).toMatchObject({
    reached: 'certificate',
    error: expect.stringMatching(/SIGNED|VERIFY|ISSUER/) as string,
    issuer: expect.stringMatching(/Gatehouse/) as string,
  });
  expect(await probeTls({ host: 'localhost', port: target.port, trust: [identity.ca] }, 2000)).toMatchObject({
    reached: 'certificate',
  });
});

async function probe(port: number, ms = 2000) {
  return await probeTls({ host: '127.0.0.1', port, trust: [] }, ms);
}

it('TLS: nobody there, a server without TLS and silence are told apart', async () => {
  expect(await probe(await closedPort())).toEqual({ reached: 'tcp', error: 'ECONNREFUSED' });
  const plain = await listening(
    createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  expect(await probe(plain)).toMatchObject({ reached: 'handshake' });
  const silent = await listening(createServer((socket) => socket.on('error', () => undefined).resume()));
  expect(await probe(silent, 200)).toEqual({ reached: 'handshake', error: 'TIMEOUT' });
});

it('TCP: somebody takes the connection, or nobody', async () => {
  expect(await probeTcp('127.0.0.1', await listening(createServer((socket) => socket.destroy())), 2000)).toBe(
    true,
  );
  expect(await probeTcp('127.0.0.1', await closedPort(), 2000)).toBe(false);
});

it('NTP: the difference of the clocks, from the answer to this very request of who knows the time', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address();
  const at = Date.UTC(2026, 0, 5, 12);
  server.on('message', (request, from) => {
    const answer = Buffer.alloc(48);
    answer[0] = 0x24;
    answer[1] = 2;
    request.copy(answer, 24, 40, 48);
    answer.writeUInt32BE(at / 1000 + 2_208_988_800, 40);
    const forged = Buffer.from(answer);
    forged.fill(0, 24, 32);
    const lost = Buffer.from(answer);
    lost[1] = 16;
    lost.writeUInt32BE(0, 40);
    for (const bytes of [Buffer.from('x'), forged, lost, answer]) server.send(bytes, from.port, from.address);
  });
  for (const server of ['127.0.0.1', 'localhost'])
    expect(await probeNtp(server, { timeoutMs: 2000, now: () => at + 7000, port })).toBe(7000);
});

it('NTP: nobody who answers is undefined', async () => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void silent.close());
  await once(silent, 'listening');
  expect(
    await probeNtp('127.0.0.1', { timeoutMs: 100, now: Date.now, port: silent.address().port }),
  ).toBeUndefined();
});

it('DHCP: each server is told once; answers to others and garbage are passed over', async () => {
  await using socket = await openUdp({ address: '127.0.0.1', port: 0 });
  await using server = await openUdp({ address: '127.0.0.1', port: 0 });
  server.onDatagram((discover, from) => {
    const offers = [
      offerTo(discover, '10.0.0.9'),
      offerTo(discover, '10.0.0.9'),
      offerTo(discover, '10.0.0.8'),
    ];
    const stranger = offerTo(discover, '10.0.0.7');
    stranger[4] = (stranger[4] ?? 0) ^ 0xff;
    for (const bytes of [Buffer.from('garbage'), stranger, ...offers]) server.post(bytes, from);
  });
  const offers = await probeDhcp(socket, { mac: '02:67:68:00:00:01', waitMs: 300, to: server.address() });
  expect(offers.map((offer) => offer.serverIdentifier)).toEqual(['10.0.0.9', '10.0.0.8']);
});

/** RFC 2131: the request turned round, with message type 2 and a server identifier. */
function offerTo(discover: Uint8Array, server: string): Buffer {
  const offer = Buffer.alloc(300);
  offer.set(discover.subarray(0, 240));
  offer[0] = 2;
  offer.set([53, 1, 2, 54, 4, ...server.split('.').map(Number), 255], 240);
  return offer;
}

it('ports: free, in use, not ours to have', async () => {
  const taken = await listening(createServer());
  const tcp = { protocol: 'tcp', address: '127.0.0.1' } as const;
  expect(await probePort({ ...tcp, port: taken })).toBe('EADDRINUSE');
  expect(await probePort({ ...tcp, port: await closedPort() })).toBeUndefined();
  expect(await probePort({ ...tcp, address: '192.0.2.77', port: 0 })).toBe('EADDRNOTAVAIL');
  await using udp = await openUdp({ address: '127.0.0.1', port: 0 });
  expect(await probePort({ ...tcp, protocol: 'udp', port: udp.address().port })).toBe('EADDRINUSE');
});
