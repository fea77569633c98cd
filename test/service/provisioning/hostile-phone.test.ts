import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { sendBytes, sendFixture } from '../../support/phone-http.ts';
import { address, startSite, type ProvisioningSite } from '../../support/provisioning.ts';

/** The status that another phone gets, at another address, while something goes on. */
async function otherPhone(site: ProvisioningSite): Promise<number> {
  const phone = { fixture: 'yealink-4-mac', mac: '00:15:65:aa:bb:07', from: '127.0.0.7' };
  return (await sendFixture({ ...phone, url: `${site.url}/` })).status;
}

function open(site: ProvisioningSite, from: string): Socket {
  return connect({ host: address, port: site.part.httpPort, localAddress: from }).on(
    'error',
    () => undefined,
  );
}

const audiocodes = 'User-Agent: AUDC-IPPhone/2.2.16.681\r\nConnection: close\r\n';

test.each([
  '/../../etc/passwd',
  '/..%2f..%2fetc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/%252e%252e/etc/passwd',
  '/..\\..\\etc\\passwd',
  '/usea.dm.sdg.teams.microsoft.com/../../x',
])('%s climbs nowhere', async (path) => {
  await using site = await startSite();
  const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\n${audiocodes}\r\n`);
  expect((await sendBytes(bytes, { url: site.url, from: '127.0.1.1' })).status).toBe(400);
  expect(site.part.counters().requests_refused).toBe(1);
  expect(site.cloud.requests).toEqual([]);
  expect(await otherPhone(site)).toBe(200);
});

test('200 phones that send a head byte by byte are cut off, and others are served meanwhile', async () => {
  await using site = await startSite({ headMs: 2000 });
  const slow = Array.from({ length: 200 }, (_, at) => open(site, `127.0.2.${at + 1}`));
  await Promise.all(slow.map(async (socket) => once(socket, 'connect')));
  for (const socket of slow) socket.write('GET / HTTP/1.1\r\nX-Slow: ');
  const drip = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write('x');
  }, 200);
  const ends = Promise.all(slow.map(async (socket) => text(socket).catch(() => '')));
  expect(await otherPhone(site)).toBe(200);
  expect(slow.filter(({ closed }) => closed)).toEqual([]);
  await ends;
  clearInterval(drip);
  expect(site.part.counters()).toMatchObject({ connections_refused: 200, errors: 0 });
  expect(await otherPhone(site)).toBe(200);
});

test.each([
  ['a lone CR', 'X-A: 1\rX-Injected: 1'],
  ['a lone LF', 'X-A: 1\nX-Injected: 1'],
  ['a folded line', 'X-A: 1\r\n X-Injected: 1'],
  ['a NUL', 'X-A: \0X-Injected: 1'],
  ['a length beside chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
])('a header with %s is refused and never reaches the cloud', async (_, line) => {
  await using site = await startSite();
  const head = `GET /00908faabb05.cfg HTTP/1.1\r\nHost: x\r\n${line}\r\n${audiocodes}\r\n`;
  const bytes = Buffer.from(head, 'latin1');
  expect((await sendBytes(bytes, { url: site.url, from: '127.0.3.1' })).status).toBe(400);
  expect(site.part.counters().connections_refused).toBe(1);
  expect(site.cloud.requests).toEqual([]);
  expect(await otherPhone(site)).toBe(200);
});

const log =
  'PUT /0004f2aabb02-app.log HTTP/1.1\r\nHost: x\r\nUser-Agent: FileTransport PolycomVVX-VVX_500-UA/5.9.7.4477\r\n';

test.each([
  ['chunked badly', 'Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n', 400],
  ['with two lengths', 'Content-Length: 2\r\nContent-Length: 9\r\n\r\nab', 400],
  ['one byte longer than allowed', `Content-Length: 2097153\r\n\r\n${'x'.repeat(2_097_153)}`, 413],
])('a log %s gets its status and harms nobody', async (_, rest, status) => {
  await using site = await startSite();
  const answer = await sendBytes(Buffer.from(log + rest), { url: site.url, from: '127.0.4.1' });
  expect(answer.status).toBe(status);
  expect(await otherPhone(site)).toBe(200);
  expect(site.cloud.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  expect(site.part.counters().errors).toBe(0);
});

test('a log that stops in the middle keeps nobody waiting, and is nothing when its phone goes', async () => {
  await using site = await startSite();
  const phone = open(site, '127.0.4.1');
  await once(phone, 'connect');
  phone.write(`${log}Content-Length: 500\r\n\r\nabc`);
  expect(await otherPhone(site)).toBe(200);
  phone.destroy();
  await once(phone, 'close');
  expect(await otherPhone(site)).toBe(200);
  expect(site.part.counters().errors).toBe(0);
});

test('a phone that closes its half after the request gets its answer, though the cloud takes longer', async () => {
  await using site = await startSite();
  const phone = open(site, '127.0.4.1');
  phone.end(`GET /00908faabb06.cfg HTTP/1.1\r\n${audiocodes}\r\n`);
  expect(await text(phone)).toMatch(/^HTTP\/1\.1 200 /);
});

test('what follows a log on its connection is a request of its own', async () => {
  await using site = await startSite();
  const phone = open(site, '127.0.4.1');
  phone.write(`${log}Content-Length: 2\r\n\r\nabGET /../x HTTP/1.1\r\nConnection: close\r\n\r\n`);
  const statuses = (await text(phone)).match(/^HTTP\/1\.1 \d+/gm);
  expect(statuses).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  expect(await otherPhone(site)).toBe(200);
});

test.each([
  ['HTTP/1.0', 'GET /00908faabb06.cfg HTTP/1.0\r\n'],
  ['no Host', 'GET /00908faabb06.cfg HTTP/1.1\r\n'],
  ['a Host without its port', 'GET /00908faabb06.cfg HTTP/1.1\r\nHost: 127.0.0.1\r\n'],
  ['its MAC in capitals', 'GET /00908FAABB06.cfg HTTP/1.1\r\nHost: x\r\n'],
])('a phone with %s is served like any other', async (_, line) => {
  await using site = await startSite();
  const bytes = Buffer.from(`${line}${audiocodes}\r\n`);
  expect((await sendBytes(bytes, { url: site.url, from: '127.0.5.1' })).status).toBe(200);
  const [, host] = site.cloud.requests.at(-1)?.headers.find(([name]) => name === 'Host') ?? [];
  expect(host).toMatch(/^[a-z]+(?:\.[a-z]+)*\.sdg\.teams\.microsoft\.com$/);
});
