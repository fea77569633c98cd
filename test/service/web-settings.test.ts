/** Settings changed by an admin at the page: the real page orders, the real `gatehouse orders` judges and writes. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { carryOutOrders } from '../../appliance/box/carry-out.ts';
import { changeSettings } from '../../appliance/box/change-settings.ts';
import { confirmNetwork, writeAtBoot } from '../../appliance/box/network.ts';
import { orderHandlers } from '../../appliance/box/orders.ts';
import { putSettingsFile } from '../../appliance/box/put-file.ts';
import { readConfig } from '../../appliance/config.ts';
import { settingsMark } from '../../appliance/config/mark.ts';
import { isRestartAnnounced } from '../../appliance/store/announced-restart.ts';
import { isNetworkPending } from '../../appliance/store/network-pending.ts';
import { keepOrderSecret } from '../../appliance/store/order-secrets.ts';
import { readOutcome, readOutcomes } from '../../appliance/store/outcomes.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { openWorld } from '../../appliance/world.ts';
import { openDesk, type Desk } from '../support/desk.ts';
import { ask } from '../support/page.ts';
import { toldMachine } from '../support/told-machine.ts';

async function openBox(add = '') {
  const desk = await openDesk();
  const { configFile, directory, cookie, port, clock } = desk;
  const folder = dirname(configFile);
  if (add !== '') writeFileSync(configFile, `${now(desk)}${add}`);
  const { calls, machine } = toldMachine(join(folder, 'networkd'));
  const needs = () => ({
    ...openWorld('silent'),
    clock,
    config: readConfig(configFile),
    configFile,
    signal: new AbortController().signal,
  });
  /** What root's side does of what waits. */
  const root = async () =>
    await carryOutOrders(needs(), {
      ...orderHandlers,
      'settings.change': async (words, box) => await changeSettings(words, { ...box, machine }),
      'settings.file': async (words, box) => await putSettingsFile(words, { ...box, machine }),
    });
  const load = async () =>
    JSON.parse((await ask({ port }, '/api/settings', { cookie })).text) as {
      toml: string;
      read: string;
      names: string[];
    };
  /** Ordered at the page and carried out. */
  const ordered = async (path: string, body: object) => {
    const { status, body: answer } = await desk.post(path, body);
    if (status !== 200) return { state: status, words: answer.error?.message ?? '' };
    await root();
    const { state, words } = readOutcome(directory, String(answer['order'])) ?? {};
    return { state, words };
  };
  return { ...desk, folder, calls, machine, needs, load, ordered };
}

const now = ({ configFile }: Pick<Desk, 'configFile'>) => readFileSync(configFile, 'utf8');

it('settings are read, changed and in use, and those before stay beside them', async () => {
  const box = await openBox('# of our office\n');
  const { toml, read } = await box.load();
  expect(toml).toBe(now(box));
  const wanted = toml.replace('"Test"', '"Berlin"');
  expect(await box.ordered('/api/settings/check', { toml: wanted })).toMatchObject({ state: 'done' });
  expect([now(box), box.calls]).toEqual([toml, []]);
  expect(await box.ordered('/api/settings', { toml: wanted, read })).toEqual({
    state: 'done',
    words: 'The box takes them up now.',
  });
  // Calls that are up go on.
  expect(isRestartAnnounced(box.directory, box.clock.now())).toBe(true);
  expect([now(box), readFileSync(`${box.configFile}.before`, 'utf8')]).toEqual([wanted, toml]);
  expect(box.calls).toEqual(['apply']);
  // What a change of the network would go back to.
  expect(readFileSync(join(box.directory, 'box/confirmed.toml'), 'utf8')).toBe(wanted);
  expect((await box.load()).read).toBe(settingsMark(wanted));
});

it('what is wrong is named with its line, and nothing is ordered', async () => {
  const box = await openBox();
  const { toml, read } = await box.load();
  const wanted = toml.replace('"Test"', '7').replace('port = 0', 'prot = 0');
  for (const path of ['/api/settings/check', '/api/settings']) {
    const words = path === '/api/settings' ? { toml: wanted, read } : { toml: wanted };
    const answer = await box.ordered(path, words);
    expect(answer.state).toBe(400);
    expect(answer.words).toMatch(/^line 2: site\.name = 7: must be .*\nline 7: web\.prot: no such key/s);
  }
  using web = openReader(box.directory, 'web');
  expect(web?.journalAfter(0, 100).filter(({ kind }) => kind === 'box_order_given')).toEqual([]);
  expect(now(box)).toBe(toml);
});

it('of two admins who read the same, the second is told of the first, by the page and by root', async () => {
  const box = await openBox();
  const { toml, read } = await box.load();
  const [mine, hers] = ['"Mine"', '"Hers"'].map((name) => toml.replace('"Test"', name));
  const first = await box.post('/api/settings', { toml: hers ?? '', read });
  const second = await box.post('/api/settings', { toml: mine ?? '', read });
  expect([first.status, second.status]).toEqual([200, 200]);
  const { state } = await box.ordered('/api/settings/check', { toml });
  expect(state).toBe('done');
  expect(now(box)).toBe(hers);
  expect(readOutcome(box.directory, String(second.body['order']))).toMatchObject({
    state: 'refused',
    words: expect.stringContaining('Somebody else has changed the settings') as string,
  });
  expect(await box.ordered('/api/settings', { toml: mine, read })).toMatchObject({ state: 409 });
});

it('settings that name what is not there, or files elsewhere, are refused', async () => {
  const box = await openBox();
  const { toml, read } = await box.load();
  for (const [path, words] of [
    [`${box.folder}/none.token`, /token_file.*cannot be read/],
    ['/etc/hostname', /only files in .* can be named/],
    [`${box.folder}/../x`, /only files in .* can be named/],
  ] as const) {
    const wanted = `${toml}metrics_token_file = "${path}"\n`;
    const answer = await box.ordered('/api/settings', { toml: wanted, read });
    expect(answer).toEqual({ state: 'refused', words: expect.stringMatching(words) as string });
  }
  expect([now(box), box.calls]).toEqual([toml, []]);
});

it('what was wrong before keeps nobody from changing something else', async () => {
  const box = await openBox('metrics_token_file = "/nowhere/token"\n');
  const { toml, read } = await box.load();
  const wanted = toml.replace('"Test"', '"Berlin"');
  expect(await box.ordered('/api/settings', { toml: wanted, read })).toMatchObject({ state: 'done' });
});

it('the state does not move, and an order that was made up by hand is judged as any other', async () => {
  const box = await openBox();
  const { toml, read } = await box.load();
  const moved = toml.replace(box.directory, `${box.directory}/else`);
  expect(await box.ordered('/api/settings', { toml: moved, read })).toMatchObject({
    state: 'refused',
    words: expect.stringContaining('site.state_directory') as string,
  });
  const needs = { ...box.needs(), tell: async () => undefined, machine: box.machine };
  for (const words of [{}, { toml: 7, read }, { toml, read: 7 }, { toml: '[site]\nname = 1\n', read }])
    expect((await changeSettings(words as never, needs)).state).toBe('refused');
  expect(now(box)).toBe(toml);
});

it('another network is in use until somebody confirms it, or taken back; no other change is made meanwhile', async () => {
  const card =
    '[box]\nconfirm_seconds = 60\n[[box.card]]\nname = "eth0"\nrole = "phones"\naddress = "10.20.0.1/24"\n';
  const box = await openBox(card);
  mkdirSync(join(box.folder, 'networkd'));
  writeAtBoot({ ...box.needs(), machine: box.machine });
  const { toml, read } = await box.load();
  const wanted = toml.replaceAll('10.20.0.1', '10.20.0.2');
  const changed = box.ordered('/api/settings', { toml: wanted, read });
  const told = () => readOutcomes(box.directory, 'settings.change', 1)[0]?.words ?? '';
  while (!told().startsWith('The settings are in use.')) await setImmediate();
  expect(now(box)).toBe(wanted);
  while (isNetworkPending(readConfig(box.configFile))) await box.clock.advance(10_000);
  expect(await changed).toMatchObject({
    state: 'failed',
    words: expect.stringContaining('Nobody confirmed it') as string,
  });
  expect([now(box), isNetworkPending(readConfig(box.configFile))]).toEqual([toml, false]);
  expect(box.calls).toEqual(['reload', 'apply', 'reload', 'apply']);
  const before = box.needs();
  let during: unknown;
  const tell = async () => {
    const other = { toml: wanted.replace('"Test"', '"Berlin"'), read: settingsMark(wanted) };
    during = await changeSettings(other, { ...box.needs(), tell: async () => undefined });
    await confirmNetwork({}, { ...box.needs(), tell: async () => undefined });
  };
  const end = await changeSettings({ toml: wanted, read }, { ...box.needs(), machine: box.machine, tell });
  expect(end).toEqual({ state: 'done', words: 'Confirmed.' });
  expect(during).toMatchObject({ state: 'refused', words: /waits to be confirmed/ });
  expect(now(box)).toBe(wanted);
  // By a process that began before the settings were changed.
  const back = await changeSettings(
    { toml, read: settingsMark(wanted) },
    { ...before, machine: box.machine, tell },
  );
  expect([back.words, now(box), box.calls.slice(-2)]).toEqual(['Confirmed.', toml, ['reload', 'apply']]);
});

it('a file is put in beside the settings for its reader alone, and taken up where they name it', async () => {
  const box = await openBox();
  const file = { key: 'web.metrics_token_file', name: 'metrics.token', text: 'a-token-for-prometheus\n' };
  const path = join(box.folder, file.name);
  expect(await box.ordered('/api/settings/file', file)).toEqual({
    state: 'done',
    words: `It is here. Name it in the settings: web.metrics_token_file = "${path}"`,
  });
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777, box.calls]).toEqual([
    file.text,
    0o600,
    [],
  ]);
  const { toml, read, names } = await box.load();
  expect(names).toEqual(['metrics.token']);
  const named = { toml: `${toml}metrics_token_file = "${path}"\n`, read };
  expect(await box.ordered('/api/settings', named)).toMatchObject({ state: 'done' });
  const again = await box.ordered('/api/settings/file', { ...file, text: 'another-token-for-it' });
  expect(again).toMatchObject({ state: 'done', words: /in the place of the one before/ });
  expect([readFileSync(path, 'utf8'), box.calls]).toEqual(['another-token-for-it', ['apply', 'apply']]);
  // What several parts read is their group's.
  await box.ordered('/api/settings/file', { key: 'site.extra_ca_file', name: 'ca.pem', text: 'PEM' });
  expect(statSync(join(box.folder, 'ca.pem')).mode & 0o777).toBe(0o640);
});

it('what was put in stands in no order, answer or journal', async () => {
  const box = await openBox();
  const text = 'a secret of the cloud';
  await box.ordered('/api/settings/file', { key: 'cloud.token_file', name: 'cloud.token', text });
  const { text: seen } = await ask({ port: box.port }, '/api/orders', { cookie: box.cookie });
  for (const part of ['web', 'box'])
    expect(readFileSync(join(box.directory, part, `${part}.db`)).includes(text)).toBe(false);
  expect(`${JSON.stringify(await box.load())}${seen}`).not.toContain(text);
});

it('a file with another name, no text, or for a key that names none is refused, by the page and by root', async () => {
  const box = await openBox();
  const file = { key: 'cloud.token_file', name: 'cloud.token', text: 'x' };
  for (const wrong of [
    { name: '../passwd' },
    { name: 'gatehouse.toml.before' },
    { text: ' ' },
    { key: 'site.name' },
  ])
    expect((await box.post('/api/settings/file', { ...file, ...wrong })).status).toBe(400);
  const needs = { ...box.needs(), tell: async () => undefined, machine: box.machine };
  using secrets = openSecrets(box.directory, 'web', box.clock);
  const secret = await keepOrderSecret(secrets, 'x');
  for (const wrong of [
    { name: '../passwd' },
    { name: 'gatehouse.toml' },
    { name: 7 },
    { key: 'constructor' },
  ]) {
    const { state } = await putSettingsFile({ key: file.key, name: file.name, secret, ...wrong }, needs);
    expect(state).toBe('refused');
  }
  expect((await box.load()).names).toEqual([]);
});

it('neither a folder nor a link is overwritten', async () => {
  const box = await openBox();
  mkdirSync(join(box.folder, 'templates'));
  writeFileSync(join(box.folder, 'target'), 'mine');
  symlinkSync(join(box.folder, 'target'), join(box.folder, 'link'));
  for (const name of ['templates', 'link']) {
    const file = { key: 'cloud.token_file', name, text: 'x' };
    expect(await box.ordered('/api/settings/file', file)).toMatchObject({ state: 'refused' });
  }
  expect(readFileSync(join(box.folder, 'target'), 'utf8')).toBe('mine');
});

it('who has not signed in reads no settings and changes none, whatever he sends', async () => {
  const box = await openBox();
  chmodSync(box.configFile, 0o640);
  const { port } = box;
  for (const path of ['/api/settings', '/api/settings/keys'])
    expect((await ask({ port }, path)).status).toBe(401);
  for (const path of ['/api/settings', '/api/settings/check', '/api/settings/file'])
    expect((await box.post(path, { toml: 'x'.repeat(500_000) }, '')).status).toBe(401);
  const foreign = { cookie: box.cookie, origin: 'http://evil.example' };
  expect((await ask({ port, body: { toml: 'x' } }, '/api/settings/check', foreign)).status).toBe(403);
  const large = await box.post('/api/settings/check', { toml: 'x'.repeat(800_000) });
  expect(large.status).toBe(413);
  expect(existsSync(`${box.configFile}.before`)).toBe(false);
});

it('each key that can be set is described', async () => {
  const box = await openBox();
  const { text } = await ask({ port: box.port }, '/api/settings/keys', { cookie: box.cookie });
  const { keys, fileKeys } = JSON.parse(text) as {
    keys: { table: string; key: string }[];
    fileKeys: string[];
  };
  expect(keys).toContainEqual(expect.objectContaining({ table: '[[box.card]]', key: 'role' }));
  expect(keys).toContainEqual(expect.objectContaining({ table: '[emergency.mail]', key: 'secret_file' }));
  expect(fileKeys).toContain('location.switch.secret_file');
});
