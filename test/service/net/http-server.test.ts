import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { listenHttp, type HttpAnswer } from '../../../appliance/net/http-server.ts';
import { until } from '../../support/command.ts';
import { newCloudAuthority } from '../../cloud/certificates.ts';

const address = '127.0.0.1';

test('a head that comes a byte at a time is cut off in time', async () => {
  await using listener = await listenHttp({
    on: { address, port: 0 },
    mostBodyBytes: 10,
    headMs: 1000,
    handle: async () => ({ status: 200, headers: [], body: Buffer.from('never') }),
    onError: () => undefined,
  });
  const socket = connect({ host: address, port: listener.port }).on('error', () => undefined);
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  await once(socket, 'connect');
  socket.write('GET /');
  const drip = setInterval(() => socket.write('a'), 100);
  await once(socket, 'close');
  clearInterval(drip);
  expect(Buffer.concat(received).toString()).not.toContain('never');
  expect(listener.refused()).toBe(1);
});

test('who asks and never reads the answer is cut off in time', async () => {
  await using listener = await listenHttp({
    on: { address, port: 0 },
    mostBodyBytes: 10,
    idleMs: 100,
    handle: async () => ({ status: 200, headers: [], body: Buffer.alloc(32 * 1024 * 1024) }),
    onError: () => undefined,
  });
  const socket = connect({ host: address, port: listener.port }).on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  socket.pause();
  await new Promise((resolve) => {
    setTimeout(resolve, 600);
  });
  let received = 0;
  socket.on('data', (chunk: Buffer) => (received += chunk.length));
  socket.resume();
  await once(socket, 'close');
  expect(received).toBeLessThan(32 * 1024 * 1024);
});

test('a handler that throws is a 500 for that request, and the next one is served', async () => {
  const errors: unknown[] = [];
  let isFirst = true;
  await using listener = await listenHttp({
    on: { address, port: 0 },
    mostBodyBytes: 10,
    handle: async () => {
      if (!isFirst) return { status: 200, headers: [['X-Case', 'kept']], body: Buffer.from('ok') };
      isFirst = false;
      throw new Error('ours');
    },
    onError: (error) => errors.push(error),
  });
  const first = await fetch(`http://${address}:${listener.port}/`);
  const second = await fetch(`http://${address}:${listener.port}/`);
  expect([first.status, second.status, await second.text()]).toEqual([500, 200, 'ok']);
  expect(errors).toMatchObject([{ message: 'ours' }]);
});

test('each answer says when it was made, unless the handler says it', async () => {
  const told = 'Tue, 01 Jan 2030 00:00:00 GMT';
  const answers: Record<string, HttpAnswer> = {
    '/plain': { status: 200, headers: [], body: Buffer.from('ok') },
    '/none': { status: 404, headers: [], body: Buffer.alloc(0) },
    '/unchanged': { status: 304, headers: [], body: Buffer.alloc(0) },
    '/told': { status: 200, headers: [['DATE', told]], body: Buffer.from('ok') },
    '/stream': {
      status: 200,
      headers: [],
      body: Buffer.alloc(0),
      stream: { length: 4, chunks: Readable.from([Buffer.from('part')]), [Symbol.dispose]: () => undefined },
    },
  };
  await using listener = await listenHttp({
    on: { address, port: 0 },
    mostBodyBytes: 10,
    handle: async ({ target }) => {
      const answer = answers[target];
      if (answer === undefined) throw new Error('ours');
      return answer;
    },
    onError: () => undefined,
  });
  const ask = async (bytes: string) => {
    const socket = connect({ host: address, port: listener.port });
    socket.end(bytes);
    return (await text(socket)).match(/^date: .*$/gim) ?? [];
  };
  const heads = ['/plain', '/none', '/unchanged', '/stream', '/wrong'].map((target) =>
    ask(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
  );
  for (const dates of await Promise.all([...heads, ask('NOT HTTP\r\n\r\n')])) {
    expect(dates).toHaveLength(1);
    expect(Math.abs(Date.parse(dates[0]?.slice('Date: '.length) ?? '') - Date.now())).toBeLessThan(600_000);
  }
  expect(await ask('GET /told HTTP/1.0\r\n\r\n')).toEqual([`DATE: ${told}`]);
});

test('a body longer than allowed is not read', async () => {
  await using listener = await listenHttp({
    on: { address, port: 0 },
    mostBodyBytes: 10,
    handle: async () => ({ status: 200, headers: [], body: Buffer.alloc(0) }),
    onError: () => undefined,
  });
  const answer = await fetch(`http://${address}:${listener.port}/`, {
    method: 'PUT',
    body: 'x'.repeat(100_000),
  }).then(
    ({ status }) => status,
    () => 'cut off',
  );
  expect([413, 'cut off']).toContain(answer);
});

test('of a PUT the handler reads the body, and of a GET there is none', async () => {
  await using listener = await listenHttp({
    on: { address, port: 0 },
    mostBodyBytes: 100_000,
    handle: async ({ body }) => ({ status: 200, headers: [], body: await buffer(Readable.from(body)) }),
    onError: () => undefined,
  });
  const url = `http://${address}:${listener.port}/`;
  const put = await fetch(url, { method: 'PUT', body: 'x'.repeat(70_000) });
  expect(await put.text()).toBe('x'.repeat(70_000));
  expect(await (await fetch(url)).text()).toBe('');
});

test('who holds every connection that a stranger can have keeps no phone out', async () => {
  const phone = '127.0.9.9';
  await using listener = await listenHttp({
    on: { address, port: 0 },
    mostBodyBytes: 10,
    isKnown: (asker) => asker === phone,
    handle: async () => ({ status: 200, headers: [['Connection', 'close']], body: Buffer.from('served') }),
    onError: () => undefined,
  });
  const { port } = listener;
  const open = (localAddress: string) =>
    connect({ host: address, port, localAddress }).on('error', () => undefined);
  const strangers = Array.from({ length: 600 }, (_, at) => open(`127.0.${10 + (at >> 7)}.${(at & 127) + 1}`));
  await until('those that are too many are closed', () => listener.refused() === 88 || undefined, {
    timeoutMs: 10_000,
  });
  const asked = open(phone);
  asked.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await text(asked)).toMatch(/^HTTP\/1\.1 200 [^]*served$/);
  for (const stranger of strangers) stranger.destroy();
});

test('each connection is shown the certificate of the address that it came to, a renewed one without a restart', async () => {
  const authority = await newCloudAuthority();
  const certificate = async (name: string) => authority.certificateFor([name]);
  const identities = new Map([
    [address, await certificate('first.example')],
    ['127.0.0.2', await certificate('second.example')],
  ]);
  await using listener = await listenHttp({
    on: { address: '0.0.0.0', port: 0 },
    identity: (localAddress) => identities.get(localAddress) ?? { cert: '', key: '' },
    mostBodyBytes: 10,
    handle: async () => ({ status: 200, headers: [], body: Buffer.alloc(0) }),
    onError: () => undefined,
  });
  const shown = async (host: string) => {
    const socket = connectTls({
      host,
      port: listener.port,
      ca: authority.ca,
      checkServerIdentity: () => undefined,
    });
    await once(socket, 'secureConnect');
    const { subjectaltname } = socket.getPeerCertificate();
    socket.destroy();
    return subjectaltname;
  };
  expect(await shown(address)).toBe('DNS:first.example');
  expect(await shown('127.0.0.2')).toBe('DNS:second.example');
  expect(await shown(address)).toBe('DNS:first.example');
  identities.set(address, await certificate('new.example'));
  expect(await shown(address)).toBe('DNS:new.example');
});

test('a port that is taken is an error of the start', async () => {
  const options = {
    mostBodyBytes: 10,
    handle: async () => ({ status: 200, headers: [], body: Buffer.alloc(0) }),
    onError: () => undefined,
  };
  await using first = await listenHttp({ on: { address, port: 0 }, ...options });
  await expect(listenHttp({ on: { address, port: first.port }, ...options })).rejects.toThrow(/EADDRINUSE/);
});
