/** A box that is run by its page alone, as nobody can log in there: a release is put in, settings are changed, and it is asked something. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import type { EmulatedMachine } from '../machine.ts';
import { adminAt, type Admin } from '../settings/admin.ts';
import { bootMs, openUpdateSite, pageUrl, proved, switchOn, updateState, type UpdateSite } from './box.ts';
import { announceIn, newer, older, releases } from './releases.ts';

let site: UpdateSite;
let machine: EmulatedMachine;
let admin: Admin;
/** What announces the release, and what it consists of. */
let announcement: string;
let payload: string[];

beforeAll(async () => {
  const made = releases();
  site = await openUpdateSite(made.image);
  announcement = await announceIn(join(site.lab.directory, 'good'), made, newer);
  const folder = made.payload(newer);
  payload = readdirSync(folder)
    .filter((name) => !name.endsWith('.release'))
    .map((name) => join(folder, name));
  machine = switchOn(site, { memoryMegabytes: 1536 });
  const { phone } = site;
  await phone.exec(['ip', 'address', 'replace', '10.66.0.9/24', 'dev', 'eth0']);
  admin = adminAt(phone, pageUrl, join(site.lab.directory, 'admin'));
}, 120_000);

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

it('its admin is whoever has the code', { timeout: bootMs * 2 }, async () => {
  await proved(machine, older);
  const code = (await machine.shell('gatehouse setup-code')).trim();
  const isIn = async () =>
    (await admin.post('/api/setup', { code, password: 'sixteen rainy days' })).status === 200 || undefined;
  expect(await until('the first password', isIn, { timeoutMs: 120_000, everyMs: 5000 })).toBe(true);
});

it('a question is answered by the box itself', { timeout: bootMs }, async () => {
  const { state, words } = await admin.order('/api/ask', { question: 'update-status' });
  expect({ state, words }).toMatchObject({ state: 'done' });
});

it('settings that are changed there are in use', { timeout: bootMs }, async () => {
  const { body } = await admin.get('/api/settings');
  const toml = String(body['toml']).replace('"10.66.0.150"', '"10.66.0.151"');
  expect(await admin.order('/api/settings', { toml, read: body['read'] })).toMatchObject({ state: 'done' });
  expect(await machine.shell('cat /etc/gatehouse/gatehouse.toml')).toBe(toml);
});

it('a release that is put in there lies ready', { timeout: bootMs * 2 }, async () => {
  const isBack = async () => (await admin.get('/api/update')).status === 200 || undefined;
  await until('the page', isBack, { timeoutMs: bootMs, everyMs: 2000 });
  const path = '/api/update/uploads';
  const files = [{ name: basename(announcement), bytes: statSync(announcement).size }];
  const { body } = await admin.post(path, { files });
  const upload = `${path}/${String(body['upload'])}`;
  const send = async (file: string) => await admin.upload(`${upload}?name=${basename(file)}`, file);
  await send(announcement);
  expect(await admin.order(`${upload}/offer`, {})).toMatchObject({ state: 'done' });
  const { files: wanted } = (await admin.get(upload)).body as { files: { name: string }[] };
  const names = new Set(wanted.map(({ name }) => name));
  for (const file of payload) if (names.has(basename(file))) await send(file);
  expect(await admin.order(`${upload}/put`, {})).toMatchObject({ state: 'done' });
  expect((await updateState(machine)).staged).toMatchObject({ version: newer, source: 'page' });
});
