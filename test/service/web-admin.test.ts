/** Who gets into a page that stands on a network. */
import { connect } from 'node:tls';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pageFingerprint } from '../../appliance/net/page-certificate.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { sessionAges } from '../../appliance/store/sessions.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { ask, openNetworkPage, type NetworkPage } from '../support/page.ts';

const password = 'correct horse battery';

/** The page with its first password; `cookie` is of the browser that chose it. */
async function setUpPage(more = '') {
  const page = await openNetworkPage({ more });
  const { port } = page.web.address;
  const { headers } = await ask({ port, body: { code: page.code, password } }, '/api/setup');
  return { ...page, port, cookie: cookieOf(headers) };
}

function cookieOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

const signIn = async (port: number, typed = password, localAddress = '127.0.0.1') =>
  await ask({ port, body: { password: typed }, localAddress }, '/api/sign-in');

function journalOf({ directory }: Pick<NetworkPage, 'directory'>): [string, string][] {
  using reader = openReader(directory, 'web');
  return (reader?.journalAfter(0, 100) ?? []).flatMap((row) => ('seq' in row ? [[row.kind, row.body]] : []));
}

describe('a box without a password', () => {
  it('shows the set-up form, answers monitors, and nothing else', async () => {
    const { web } = await openNetworkPage();
    const { port } = web.address;
    expect((await ask({ port }, '/')).text).toContain('Set up this box');
    for (const path of [
      '/api/status',
      '/api/phones',
      '/api/events',
      '/api/journal',
      '/api/orders',
      '/metrics',
    ])
      expect([path, (await ask({ port }, path)).status]).toEqual([path, 401]);
    expect((await ask({ port }, '/healthz')).status).toBe(503);
    const restart = await ask({ port, body: {} }, '/api/phones/00:15:65:aa:00:01/restart');
    expect(restart.status).toBe(401);
    expect(JSON.parse((await ask({ port }, '/api/access')).text)).toEqual({
      signedIn: false,
      isViewer: false,
      mayRead: false,
      mayOrder: false,
      wants: 'set-up',
      hasSettings: true,
    });
  });

  it('is opened once, by the code on its screen however it is spelled', async () => {
    const page = await openNetworkPage();
    const { port } = page.web.address;
    const spelled = page.code.toLowerCase().replaceAll('-', ' ');
    expect(page.code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/);
    const wrong = await ask({ port, body: { code: 'AAAA-AAAA-AAAA', password } }, '/api/setup');
    expect(wrong.status).toBe(403);
    const short = await ask({ port, body: { code: page.code, password: 'short' } }, '/api/setup');
    expect(short.status).toBe(400);
    const right = await ask({ port, body: { code: spelled, password } }, '/api/setup');
    expect(right.status).toBe(200);
    const again = await ask({ port, body: { code: page.code, password: 'another password' } }, '/api/setup');
    expect(again.status).toBe(409);
    expect(JSON.stringify(journalOf(page))).not.toContain(page.code);
    expect(journalOf(page).map(([kind]) => kind)).toEqual([
      'started',
      'sign_in_failed',
      'password_set',
      'signed_in',
    ]);
  });

  it('of two browsers with the code at the same time one chooses the password', async () => {
    const { web, code } = await openNetworkPage();
    const { port } = web.address;
    const answers = await Promise.all(
      ['127.0.0.1', '127.0.0.2'].map(
        async (localAddress, at) =>
          await ask({ port, localAddress, body: { code, password: `${password} ${at}` } }, '/api/setup'),
      ),
    );
    expect(answers.map(({ status }) => status)).toSatisfy(
      (codes: number[]) => codes.includes(200) && codes.includes(403),
    );
  });
});

describe('the password', () => {
  it('opens all of the page until signing out', async () => {
    const { port } = await setUpPage();
    const { status, headers } = await signIn(port);
    expect(status).toBe(200);
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^gatehouse=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
    const cookie = cookieOf(headers);
    expect((await ask({ port }, '/api/status', { cookie })).status).toBe(200);
    expect((await ask({ port }, '/', { cookie })).text).toContain('id="phone-rows"');
    expect((await ask({ port }, '/')).text).toContain('Sign in');
    const out = await ask({ port, body: {} }, '/api/sign-out', { cookie });
    expect(out.headers['set-cookie']).toEqual([expect.stringContaining('Max-Age=0')]);
    expect((await ask({ port }, '/api/status', { cookie })).status).toBe(401);
  });

  it.each([
    ['a wrong one', { password: 'not the password' }, 403],
    ['none', {}, 400],
    ['one with more beside it', { password, admin: true }, 400],
    ['one that fills the disk', { password: 'x'.repeat(5000) }, 413],
  ])('%s opens nothing', async (_title, body, status) => {
    const { port } = await setUpPage();
    const answer = await ask({ port, body }, '/api/sign-in');
    expect([answer.status, answer.headers['set-cookie']]).toEqual([status, undefined]);
  });

  it('is refused from a page of another site, and as a form', async () => {
    const { port } = await setUpPage();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${port + 1}` },
      { 'content-type': 'application/x-www-form-urlencoded' },
    ])
      expect((await ask({ port, body: { password } }, '/api/sign-in', headers)).status).toBe(403);
    const own = { origin: `http://127.0.0.1:${port}` };
    expect((await ask({ port, body: { password } }, '/api/sign-in', own)).status).toBe(200);
  });

  it('can be tried slower and slower from one address, and as before from another', async () => {
    const { port, clock } = await setUpPage();
    for (let at = 0; at < 4; at += 1) expect((await signIn(port, 'wrong')).status).toBe(403);
    const slowed = await signIn(port);
    expect([slowed.status, slowed.headers['retry-after']]).toEqual([429, '1']);
    expect((await signIn(port, password, '127.0.0.2')).status).toBe(200);
    await clock.advance(1000);
    expect((await signIn(port)).status).toBe(200);
  });

  it('is journaled when it is wrong, with the address and without what was typed', async () => {
    const page = await setUpPage();
    await signIn(page.port, 'a slip of the finger');
    const failed = journalOf(page).filter(([kind]) => kind === 'sign_in_failed');
    expect(failed).toEqual([['sign_in_failed', '{"remote":"127.0.0.1","by":"password"}']]);
    expect(JSON.stringify(journalOf(page))).not.toContain('finger');
  });

  it('that is changed ends every session but the one in which it was', async () => {
    const { port, cookie } = await setUpPage();
    const other = cookieOf((await signIn(port)).headers);
    const change = { current: password, password: 'another good password' };
    expect((await ask({ port, body: change }, '/api/password', { cookie: other })).status).toBe(200);
    expect((await ask({ port }, '/api/status', { cookie })).status).toBe(401);
    expect((await ask({ port }, '/api/status', { cookie: other })).status).toBe(200);
    expect((await signIn(port)).status).toBe(403);
    expect((await signIn(port, change.password)).status).toBe(200);
  });

  it('that is changed lets nobody stay who signed in with the former one at that moment', async () => {
    const { port, cookie } = await setUpPage();
    const change = { current: password, password: 'another good password' };
    const [changed, entered] = await Promise.all([
      ask({ port, body: change }, '/api/password', { cookie }),
      signIn(port, password, '127.0.0.2'),
    ]);
    expect(changed.status).toBe(200);
    expect((await ask({ port }, '/api/status', { cookie: cookieOf(entered.headers) })).status).toBe(401);
    expect((await ask({ port }, '/api/status', { cookie })).status).toBe(200);
  });

  it('stays when the one before is not told', async () => {
    const { port, cookie } = await setUpPage();
    const change = { current: 'guessed it wrong', password: 'another good password' };
    expect((await ask({ port, body: change }, '/api/password', { cookie })).status).toBe(403);
    expect((await signIn(port)).status).toBe(200);
  });
});

it('a session ends when nobody used it for long', async () => {
  const { port, cookie, clock } = await setUpPage();
  await clock.advance(sessionAges.idleMs + 1000);
  expect((await ask({ port }, '/api/status', { cookie })).status).toBe(401);
});

it('an invented cookie, and many at once, are nobody', async () => {
  const { port, cookie } = await setUpPage();
  for (const wrong of [
    'gatehouse=invented-token-that-is-long-enough-for-one',
    'gatehouse=',
    `gatehouse=${'a'.repeat(2000)}`,
    `gatehouse=x; ${cookie}`,
    cookie.replace('gatehouse', '__Host-gatehouse'),
  ])
    expect((await ask({ port }, '/api/status', { cookie: wrong })).status).toBe(401);
});

it('with open_reading everybody reads and nobody orders', async () => {
  const { port, cookie } = await setUpPage('open_reading = true\n');
  expect((await ask({ port }, '/api/status')).status).toBe(200);
  expect((await ask({ port }, '/')).text).toContain('id="phone-rows"');
  const restart = '/api/phones/00:15:65:aa:00:01/restart';
  expect((await ask({ port, body: {} }, restart)).status).toBe(401);
  expect((await ask({ port, body: {} }, restart, { cookie })).status).toBe(404);
  expect((await ask({ port }, '/api/orders')).status).toBe(401);
});

it('a monitor reads metrics with its token, and nothing else with it', async () => {
  const file = join(temporaryDirectory(), 'token');
  writeFileSync(file, 'a-token-for-monitoring\n');
  const { port } = await setUpPage(`metrics_token_file = "${file}"\n`);
  const authorization = 'Bearer a-token-for-monitoring';
  expect((await ask({ port }, '/metrics', { authorization })).text).toContain('gatehouse_phones');
  expect((await ask({ port }, '/metrics', { authorization: `${authorization}x` })).status).toBe(401);
  expect((await ask({ port }, '/api/status', { authorization })).status).toBe(401);
});

it('over HTTPS it shows the certificate whose fingerprint the screen has, and its cookie goes nowhere else', async () => {
  const { web, directory, code } = await openNetworkPage({ more: 'https_port = 0\n' });
  const port = web.secureAddress?.port ?? 0;
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  expect(socket.getPeerCertificate().fingerprint256).toBe(pageFingerprint(join(directory, 'web')));
  const body = JSON.stringify({ code, password });
  socket.write(
    `POST /api/setup HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  await new Promise((resolve) => socket.once('close', resolve));
  const answer = Buffer.concat(chunks).toString();
  expect(answer).toMatch(/^HTTP\/1\.1 200/);
  expect(answer).toMatch(
    /set-cookie: __Host-gatehouse=[\w-]+; Path=\/; HttpOnly; SameSite=Strict; Secure\r\n/i,
  );
});
