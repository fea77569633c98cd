/** Templates of a site changed by an admin at the page: the real page orders, the real judge and root's side answer. */
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { carryOutOrders } from '../../appliance/box/carry-out.ts';
import { orderHandlers } from '../../appliance/box/orders.ts';
import { putTemplate } from '../../appliance/box/put-template.ts';
import { parseConfig } from '../../appliance/config.ts';
import { siteTemplateProblems } from '../../appliance/provisioning/site-templates.ts';
import { keepOrderSecret } from '../../appliance/store/order-secrets.ts';
import { readOutcome } from '../../appliance/store/outcomes.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { openWorld } from '../../appliance/world.ts';
import { openDesk } from '../support/desk.ts';
import { ask } from '../support/page.ts';

async function openBox(folderOf: (beside: string) => string = (beside) => join(beside, 'templates')) {
  const desk = await openDesk();
  const { configFile, directory, cookie, port, clock } = desk;
  const templates = folderOf(dirname(configFile));
  // The page reads its settings when it starts: it is told here.
  Object.assign(desk.config.provisioning, { templates_directory: templates });
  const needs = () => ({
    ...openWorld('silent'),
    clock,
    config: parseConfig(
      `${readFileSync(configFile, 'utf8')}[provisioning]\ntemplates_directory = ${JSON.stringify(templates)}\n`,
    ),
    configFile,
    signal: new AbortController().signal,
    templates: async () => await Promise.resolve(siteTemplateProblems),
  });
  const ordered = async (path: string, body: object) => {
    const { status, body: answer } = await desk.post(path, body);
    if (status !== 200) return { state: status, words: answer.error?.message ?? '' };
    await carryOutOrders(needs(), orderHandlers);
    const { state, words } = readOutcome(directory, String(answer['order'])) ?? {};
    return { state, words };
  };
  const read = async (path: string) => {
    const { status, text } = await ask({ port }, path, { cookie });
    return { status, body: JSON.parse(text) as { templates?: object[]; text?: string; isOwn?: boolean } };
  };
  return { ...desk, templates, needs, ordered, read };
}

const own = { vendor: 'yealink', name: 'site.cfg.liquid' };
const text = 'phone_setting.backlight_time = 60\n';

it('a template is checked, put in for the part that fills it in, read, replaced and taken out', async () => {
  const box = await openBox();
  const file = join(box.templates, own.vendor, own.name);
  const listed = async () =>
    (await box.read('/api/templates')).body.templates?.find((row) => 'name' in row && row.name === own.name);
  expect(await listed()).toEqual({ ...own, isOwn: false, isShipped: false });
  expect((await box.read('/api/templates')).body.templates).not.toContainEqual(
    expect.objectContaining({ name: 'firmware.cfg.liquid' }),
  );
  expect(await box.ordered('/api/templates/check', { ...own, text })).toMatchObject({ state: 'done' });
  expect(existsSync(file)).toBe(false);
  expect(await box.ordered('/api/templates', { ...own, text })).toMatchObject({
    state: 'done',
    words: expect.stringContaining('within ten seconds') as string,
  });
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual([text, 0o640]);
  expect(await listed()).toEqual({ ...own, isOwn: true, isShipped: false });
  const path = `/api/templates/${own.vendor}/${own.name}`;
  expect((await box.read(path)).body).toEqual({ text, isOwn: true });
  expect(await box.ordered('/api/templates/remove', own)).toMatchObject({ state: 'done' });
  expect(existsSync(file)).toBe(false);
  expect((await box.read(path)).body).toEqual({ text: '', isOwn: false });
  expect(await box.ordered('/api/templates/remove', own)).toMatchObject({ state: 'refused' });
});

it('one that comes with the box is shown until the site has its own', async () => {
  const box = await openBox();
  const shipped = (await box.read('/api/templates/yealink/local.cfg.liquid')).body;
  expect(shipped).toMatchObject({ isOwn: false, text: expect.stringContaining('=') as string });
});

it.each([
  ['what no phone can read', { ...own, text: '{% if %}' }, /yealink\/site\.cfg\.liquid .*line 1/s],
  ['a key twice', { ...own, text: 'a.b = 1\na.b = 2\n' }, /sets a\.b twice/],
  ['a name that is none of them', { ...own, name: 'mine.cfg.liquid', text }, /is none of/],
  ['one of ours without what it must set', { ...own, name: 'local.cfg.liquid', text }, /does not set/],
])('%s is refused with words, and nothing is changed', async (_what, wanted, words) => {
  const box = await openBox();
  const answer = await box.ordered('/api/templates', wanted);
  expect(answer).toEqual({ state: 'refused', words: expect.stringMatching(words) as string });
  expect(answer.words).not.toMatch(/\/tmp|gatehouse-templates/);
  expect(existsSync(box.templates)).toBe(false);
});

it('names of other files, other makes, and what is no text are not even ordered', async () => {
  const box = await openBox();
  for (const wanted of [
    { ...own, vendor: '../yealink', text },
    { ...own, vendor: 'audiocodes', text },
    { ...own, name: '../gatehouse.toml', text },
    { ...own, name: '.hidden.liquid', text },
    { ...own, text: ' \n' },
    { ...own, text: 'a = \0' },
  ])
    expect(await box.ordered('/api/templates', wanted)).toMatchObject({ state: 400 });
  expect((await box.read('/api/templates/yealink/..%2F..%2Fgatehouse.liquid')).status).toBe(404);
});

it('root judges for itself, and follows no link', async () => {
  const box = await openBox();
  const { directory, clock } = box;
  using secrets = openSecrets(directory, 'web', clock);
  const order = async (words: object) => {
    const secret = await keepOrderSecret(secrets, text);
    return await putTemplate({ ...own, secret, ...words }, { ...box.needs(), tell: async () => undefined });
  };
  expect(await order({ vendor: 'yealink/..' })).toMatchObject({ state: 'refused' });
  expect(await order({ name: 'a/b.liquid' })).toMatchObject({ state: 'refused' });
  mkdirSync(box.templates);
  symlinkSync(directory, join(box.templates, 'yealink'));
  expect(await order({})).toEqual({
    state: 'refused',
    words: `${join(box.templates, 'yealink')} is there, and is no folder`,
  });
});

it('a folder that is not beside the settings is left to whom it belongs', async () => {
  const box = await openBox((beside) => join(beside, 'else/where'));
  expect(await box.ordered('/api/templates', { ...own, text })).toEqual({
    state: 'refused',
    words: expect.stringContaining('only in a folder beside the settings') as string,
  });
});

it('a broken template beside it keeps nobody from putting in a good one', async () => {
  const box = await openBox();
  mkdirSync(join(box.templates, 'yealink'), { recursive: true });
  writeFileSync(join(box.templates, 'yealink/bootstrap.cfg.liquid'), '{% broken');
  expect(await box.ordered('/api/templates', { ...own, text })).toMatchObject({ state: 'done' });
});
