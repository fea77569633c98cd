/** Updates on the page: what stands there, and what its admin orders. */
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { carryOutOrders } from '../../appliance/box/carry-out.ts';
import { orderHandlers } from '../../appliance/box/orders.ts';
import { parseConfig } from '../../appliance/config.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { openStore } from '../../appliance/store/store.ts';
import { saveUpdateFacts } from '../../appliance/store/update-facts.ts';
import { systemClock } from '../../appliance/world.ts';
import { ask, openNetworkPage } from '../support/page.ts';

const password = 'correct horse battery';

async function signedIn() {
  const page = await openNetworkPage({ more: '[update]\nurl = "https://releases.example/box"\n' });
  const { port } = page.web.address;
  const { headers } = await ask({ port, body: { code: page.code, password } }, '/api/setup');
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const store = openStore({ directory: page.directory, part: 'box', clock: systemClock });
  onTestFinished(() => store[Symbol.dispose]());
  return { ...page, port, cookie, store };
}

it('whoever is not signed in sees nothing of updates and orders none', async () => {
  const { port } = await signedIn();
  for (const path of ['/api/update', '/api/update/look', '/api/update/older'])
    expect([path, (await ask(path === '/api/update' ? { port } : { port, body: {} }, path)).status]).toEqual([
      path,
      401,
    ]);
});

it('the page shows what runs, what lies ready, and what was taken back with the reason', async () => {
  const { port, cookie, store } = await signedIn();
  const empty = JSON.parse((await ask({ port }, '/api/update', { cookie })).text) as object;
  expect(empty).toMatchObject({
    url: 'https://releases.example/box',
    window: '02:00-05:00',
    automatic: true,
    failed: [],
  });
  const last = {
    from: '0.1.0',
    to: '0.1.1',
    at: 5,
    outcome: 'rolled_back',
    reason: 'the part sip does not run',
  } as const;
  const staged = { version: '0.1.2', source: 'stick', at: 7, isForced: false } as const;
  await store.write((tx) =>
    saveUpdateFacts(tx, { last, staged, failed: [{ version: '0.1.1', reason: last.reason }] }),
  );
  expect(JSON.parse((await ask({ port }, '/api/update', { cookie })).text)).toMatchObject({
    last,
    staged: { version: '0.1.2', source: 'stick', at: 7 },
    failed: [{ version: '0.1.1', reason: 'the part sip does not run' }],
  });
});

it('an order comes to root, which refuses it where there is no image', async () => {
  const { port, cookie, directory } = await signedIn();
  const given = await ask({ port, body: { version: '0.1.2', now: true } }, '/api/update/apply', { cookie });
  const { order } = JSON.parse(given.text) as { order: string };
  const config = parseConfig(`[site]\naddress = "10.66.0.1"\nstate_directory = "${directory}"\n`);
  const needs = {
    config,
    configFile: '',
    clock: systemClock,
    log: pino({ enabled: false }),
    signal: new AbortController().signal,
  };
  await carryOutOrders(needs, orderHandlers);
  const outcome = JSON.parse((await ask({ port }, `/api/orders/${order}`, { cookie })).text) as object;
  expect(outcome).toMatchObject({
    kind: 'update.apply',
    state: 'refused',
    words: expect.stringContaining('packages') as string,
  });
  using reader = openReader(directory, 'web');
  const bodies = (reader?.journalAfter(0, 100) ?? []).flatMap((row) => ('seq' in row ? [row.body] : []));
  expect(bodies.some((body) => body.includes('"order":"update.apply"'))).toBe(true);
});

it('what is no version is refused by the page already', async () => {
  const { port, cookie } = await signedIn();
  for (const version of ['', 'latest', '1.2', '../../etc'])
    expect((await ask({ port, body: { version, now: true } }, '/api/update/apply', { cookie })).status).toBe(
      400,
    );
});
