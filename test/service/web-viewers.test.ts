/** People who may look at the page of a box and change nothing: a password of their own. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { openReader } from '../../appliance/store/reader.ts';
import { sessionAges } from '../../appliance/store/sessions.ts';
import { keptForAdmin, maxWatchers } from '../../appliance/web/live.ts';
import { openDesk, type Desk } from '../support/desk.ts';
import { ask } from '../support/page.ts';

const looks = 'battery horse correct';
/** The admin's. */
const current = 'correct horse battery';

async function signIn({ port }: Desk, password = looks) {
  const { status, headers } = await ask({ port, body: { password } }, '/api/sign-in');
  return { status, cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '' };
}

/** A page whose admin lets people look, and the browser of one of them. */
async function openLooking() {
  const desk = await openDesk();
  expect((await desk.post('/api/viewers', { current, password: looks })).status).toBe(200);
  const { status, cookie } = await signIn(desk);
  expect(status).toBe(200);
  const status_ = async (path: string, as = cookie) =>
    (await ask({ port: desk.port }, path, { cookie: as })).status;
  return { ...desk, looking: cookie, statusOf: status_ };
}

function journalOf({ directory }: Desk) {
  using reader = openReader(directory, 'web');
  return (reader?.journalAfter(0, 100) ?? []).flatMap((row) => ('body' in row ? [[row.kind, row.body]] : []));
}

describe('who signs in with the password of those who only look', () => {
  it('reads all that is shown on the status page, with names', async () => {
    const { port, looking, statusOf } = await openLooking();
    for (const path of ['/api/status', '/api/phones', '/api/calls', '/api/journal', '/api/emergency'])
      expect([path, await statusOf(path)]).toEqual([path, 200]);
    expect((await ask({ port }, '/', { cookie: looking })).text).toContain('id="phone-rows"');
    const access = await ask({ port }, '/api/access', { cookie: looking });
    expect(JSON.parse(access.text)).toMatchObject({
      signedIn: false,
      isViewer: true,
      mayRead: true,
      mayOrder: false,
    });
  });

  it('orders nothing, and gets at no page, setting or file of the admin', async () => {
    const { port, post, looking, statusOf } = await openLooking();
    const paths = [
      '/api/settings',
      '/api/settings/keys',
      '/api/orders',
      '/api/network',
      '/api/update',
      '/api/viewers',
      '/api/backup/file',
    ];
    for (const path of paths) expect([path, await statusOf(path)]).not.toEqual([path, 200]);
    const orders: [string, object][] = [
      ['/api/phones/00:15:65:aa:00:01/restart', {}],
      ['/api/viewers', { password: 'another password of theirs' }],
      ['/api/password', { current: looks, password: 'a new password' }],
      ['/api/update/look', {}],
      ['/api/reset', { password: looks }],
    ];
    for (const [path, body] of orders)
      expect([path, (await post(path, body, looking)).status]).toEqual([path, 401]);
    for (const path of ['/box', '/settings', '/firmware', '/ask'])
      expect((await ask({ port }, path, { cookie: looking })).text).toContain('sign-in.js');
  });

  it('is out by signing out, after two hours without a look, and after twelve', async () => {
    const { port, clock, looking, statusOf, ...desk } = await openLooking();
    expect((await ask({ port, body: {} }, '/api/sign-out', { cookie: looking })).status).toBe(200);
    expect(await statusOf('/api/status')).toBe(401);
    const again = async () => (await signIn({ ...desk, port, clock })).cookie;
    const idle = await again();
    clock.set(clock.now() + sessionAges.idleMs + 1);
    expect(await statusOf('/api/status', idle)).toBe(401);
    const busy = await again();
    const hours = sessionAges.mostMs / 3_600_000;
    const seen: number[] = [];
    for (let hour = 0; hour < hours; hour += 1) {
      seen.push(await statusOf('/api/status', busy));
      clock.set(clock.now() + 3_600_000);
    }
    expect(seen).toEqual(Array.from({ length: hours }, () => 200));
    clock.set(clock.now() + 1);
    expect(await statusOf('/api/status', busy)).toBe(401);
  });

  it('is out once a clock that stood far ahead is right again', async () => {
    const { clock, statusOf, ...desk } = await openLooking();
    const right = clock.now();
    clock.set(Date.UTC(2099, 0, 1));
    const { cookie } = await signIn({ ...desk, clock });
    expect(await statusOf('/api/status', cookie)).toBe(200);
    clock.set(right);
    expect(await statusOf('/api/status', cookie)).toBe(401);
  });

  it('guesses the password of the admin no faster than a stranger', async () => {
    const desk = await openLooking();
    const guesses: number[] = [];
    for (const tried of ['one', 'two', 'three', looks, 'four', 'five'])
      guesses.push((await signIn(desk, tried)).status);
    expect(guesses).toEqual([403, 403, 403, 200, 403, 429]);
  });

  it('leaves room among those who watch for the admin', async () => {
    const { port, cookie, looking } = await openLooking();
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const watch = async (as: string) =>
      (await fetch(`http://127.0.0.1:${port}/api/events`, { headers: { cookie: as }, signal: abort.signal }))
        .status;
    const walls = await Promise.all(Array.from({ length: maxWatchers }, async () => await watch(looking)));
    expect(walls.filter((status) => status === 503)).toHaveLength(keptForAdmin);
    expect(await watch(cookie)).toBe(200);
  });

  it('is out when their password is changed or taken away', async () => {
    const { post, looking, statusOf, ...desk } = await openLooking();
    await post('/api/viewers', { current, password: 'another password of theirs' });
    expect(await statusOf('/api/status')).toBe(401);
    const { cookie } = await signIn({ ...desk, post }, 'another password of theirs');
    expect(await statusOf('/api/status', cookie)).toBe(200);
    expect((await post('/api/viewers', {})).status).toBe(200);
    expect(await statusOf('/api/status', cookie)).toBe(401);
    expect((await signIn({ ...desk, post }, 'another password of theirs')).status).toBe(403);
    expect(looking).not.toBe(cookie);
  });
});

it('the admin is told whether people may look; it is journaled without the password', async () => {
  const desk = await openLooking();
  const told = async () =>
    JSON.parse((await ask({ port: desk.port }, '/api/viewers', { cookie: desk.cookie })).text) as object;
  expect(await told()).toEqual({ mayLook: true });
  await desk.post('/api/viewers', {});
  expect(await told()).toEqual({ mayLook: false });
  const rows = journalOf(desk);
  expect(rows.map(([kind]) => kind)).toEqual([
    'started',
    'password_set',
    'signed_in',
    'viewers_password_set',
    'signed_in',
    'viewers_password_removed',
  ]);
  expect(rows[4]?.[1]).toContain('"by":"viewers"');
  expect(JSON.stringify(rows)).not.toContain(looks);
});

it('whoever finds a browser of the admin signed in lets nobody look, and guesses no password there', async () => {
  const desk = await openDesk();
  const password = looks;
  expect((await desk.post('/api/viewers', { password })).status).toBe(403);
  const guesses: number[] = [];
  for (let guess = 0; guess < 4; guess += 1)
    guesses.push((await desk.post('/api/viewers', { current: `guess ${guess}`, password })).status);
  expect(guesses).toEqual([403, 403, 403, 429]);
  expect((await ask({ port: desk.port }, '/api/viewers', { cookie: desk.cookie })).text).toContain('false');
});

it('the two passwords are never the same, and short ones are refused', async () => {
  const { post } = await openLooking();
  expect(await post('/api/viewers', { current, password: current })).toMatchObject({
    status: 400,
    body: { error: { message: 'This is the password of the admin: choose another one.' } },
  });
  expect(await post('/api/viewers', { current, password: 'short' })).toMatchObject({ status: 400 });
  expect(await post('/api/password', { current, password: looks })).toMatchObject({
    status: 400,
    body: { error: { message: 'This is the password of those who only look: choose another one.' } },
  });
});
