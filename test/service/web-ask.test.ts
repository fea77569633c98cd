/** Questions to the box and orders for its phones, from the page: the real page, and the real `gatehouse orders` with real commands. */
import { expect, it } from 'vitest';
import { carryOutOrders } from '../../appliance/box/carry-out.ts';
import { orderHandlers } from '../../appliance/box/orders.ts';
import { readFacts } from '../../appliance/store/phones.ts';
import { readDrills } from '../../appliance/store/drills.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { readSiteNumbers } from '../../appliance/store/site-numbers.ts';
import { readTasks } from '../../appliance/store/tasks.ts';
import { readWavePhones, readWaves } from '../../appliance/store/adoption.ts';
import { openWorld } from '../../appliance/world.ts';
import { openDesk } from '../support/desk.ts';
import { ask } from '../support/page.ts';

const macs = ['00:15:65:aa:00:01', '00:15:65:aa:00:02'];

async function openBox() {
  const desk = await openDesk();
  const { config, configFile, clock, port, cookie, directory } = desk;
  const get = async (path: string) =>
    JSON.parse((await ask({ port }, path, { cookie })).text) as Record<string, unknown>;
  /** Ordered at the page, carried out, and looked at there. */
  const ordered = async (path: string, body: object) => {
    const { status, body: answer } = await desk.post(path, body);
    expect([status, answer.error]).toEqual([200, undefined]);
    const { signal } = new AbortController();
    await carryOutOrders({ ...openWorld('silent'), clock, config, configFile, signal }, orderHandlers);
    return await get(`/api/orders/${String(answer['order'])}`);
  };
  const web = <T>(read: Parameters<typeof readFacts<T>>[2]) => readFacts(directory, 'web', read);
  return { ...desk, get, ordered, web };
}

it('the box answers what it is asked, with the words of the command and in no journal', async () => {
  const box = await openBox();
  const checked = await box.ordered('/api/ask', { question: 'check-settings' });
  expect(checked).toMatchObject({ kind: 'box.ask', answer: expect.stringContaining('ok') as string });
  expect(checked['answer']).toContain(`${box.configFile} is good`);
  const url = await box.ordered('/api/ask', { question: 'url', argument: 'yealink' });
  expect(url).toMatchObject({ state: 'done', answer: expect.stringContaining('http') as string });
  using reader = openReader(box.directory, 'box');
  expect(JSON.stringify(reader?.journalAfter(0, 100))).not.toContain(box.configFile);
});

it('nothing else can be asked', async () => {
  const box = await openBox();
  for (const body of [
    { question: 'reset' },
    { question: 'url' },
    { question: 'url', argument: 'yealink --config /etc/passwd' },
    { question: 'check', argument: 'emergency' },
    { question: 'check', words: ['reset', 'everything'] },
  ])
    expect((await box.post('/api/ask', body)).status).toBe(400);
});

it('phones are handed back and taken in again by the page itself, in the name of who was signed in', async () => {
  const box = await openBox();
  expect(await box.post('/api/bypass', { phones: ['001565AA0001'] })).toMatchObject({
    status: 200,
    body: { words: /Leave the box on/ },
  });
  expect(box.web(readTasks)).toMatchObject([{ kind: 'bypass', target: macs[0] }]);
  await box.post('/api/bypass/undo', { phones: 'all' });
  expect(box.web(readTasks)).toMatchObject([{ kind: 'lead', target: '*' }]);
  for (const phones of ['some', [], ['yealink'], '*'])
    expect((await box.post('/api/bypass', { phones })).status).toBe(400);
  using reader = openReader(box.directory, 'web');
  const ordered = expect.stringMatching(/"order":"(?:bypass|lead)".*"session":"/) as string;
  const given = (reader?.journalAfter(0, 100) ?? []).filter(({ kind }) => kind === 'box_order_given');
  expect(given).toMatchObject([{ body: ordered }, { body: ordered }]);
});

it('an outage is played for some phones, for minutes that are few, and ended', async () => {
  const box = await openBox();
  const now = box.clock.now();
  await box.post('/api/drill', { phones: macs, minutes: 10 });
  expect(box.web((db) => readDrills(db, now)).map(({ target }) => target)).toEqual(macs);
  expect((await box.get('/api/ask'))['drills']).toHaveLength(2);
  for (const minutes of [0, 61, 1.5]) {
    const { status } = await box.post('/api/drill', { phones: 'all', minutes });
    expect(status).toBe(400);
  }
  await box.post('/api/drill/end', {});
  expect((await box.get('/api/ask'))['drills']).toEqual([]);
});

it('a list of numbers takes the place of the one before, and one with a mistake does not', async () => {
  const box = await openBox();
  const csv = `number,extension,phone\n+4930555101,101,${macs[0]}\n`;
  expect(await box.ordered('/api/numbers', { csv })).toMatchObject({
    state: 'done',
    answer: expect.stringContaining('1 rows imported') as string,
  });
  const wrong = await box.ordered('/api/numbers', { csv: `${csv}12,no,\n` });
  expect(wrong).toMatchObject({ state: 'refused', words: 'Nothing was changed.' });
  expect(wrong['answer']).toMatch(/^line 3: extension "no" is none/);
  expect(box.web(readSiteNumbers)).toMatchObject([{ extension: '101', phone: macs[0] }]);
});

it('phones are put into a wave, and a wave that has not begun can not be paused', async () => {
  const box = await openBox();
  expect(await box.ordered('/api/adopt', { how: 'plan', wave: 2, phones: macs })).toMatchObject({
    state: 'done',
    answer: expect.stringContaining('Wave 2 has 2 phones') as string,
  });
  expect(box.web(readWavePhones)).toHaveLength(2);
  expect(await box.ordered('/api/adopt', { how: 'pause', wave: 2 })).toMatchObject({ state: 'refused' });
  expect(box.web(readWaves)).toMatchObject([{ wave: 2, state: 'planned' }]);
  for (const body of [
    { how: 'plan', wave: 2 },
    { how: 'plan', wave: 2, phones: ['--config'] },
    { how: 'start', wave: 0 },
    { how: 'start', wave: 2, phones: macs },
    { how: 'list', wave: 2 },
  ])
    expect((await box.post('/api/adopt', body)).status).toBe(400);
});

it('who has not signed in asks and orders nothing', async () => {
  const box = await openBox();
  expect((await ask({ port: box.port }, '/api/ask')).status).toBe(401);
  for (const path of ['ask', 'numbers', 'adopt', 'bypass', 'bypass/undo', 'drill', 'drill/end'])
    expect((await box.post(`/api/${path}`, { csv: 'x'.repeat(900_000) }, '')).status).toBe(401);
  expect(box.web(readTasks)).toEqual([]);
});
