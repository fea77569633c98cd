import { existsSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { destroyKeys } from '../../../appliance/box/reset.ts';
import { ledPhones } from '../../../appliance/store/led-phones.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { ask, openNetworkPage, openPage } from '../../support/page.ts';

it('keys are overwritten before they are removed, and other files stay', () => {
  const state = temporaryDirectory();
  mkdirSync(join(state, 'authority/1'), { recursive: true });
  const [key, certificate] = ['ca.key', 'ca.pem'].map((name) => join(state, 'authority/1', name));
  if (key === undefined || certificate === undefined) throw new Error('no path');
  for (const file of [key, certificate]) writeFileSync(file, 'secret');
  // Whoever holds the file open sees what becomes of it.
  const open = openSync(key, 'r');
  destroyKeys(state);
  const left = Buffer.alloc(6);
  readSync(open, left, 0, 6, 0);
  expect([left, existsSync(key), existsSync(certificate)]).toEqual([Buffer.alloc(6), false, true]);
});

it('phones that were given their configuration by the box are named, those that go by themselves are not', async () => {
  const { site, config, directory } = await openPage();
  const [led, alone] = ['00:15:65:aa:00:01', '00:15:65:aa:00:02'];
  await site.configuration(led ?? '', '10.66.0.100', { vendor: 'yealink', posture: 'full' });
  await site.configuration(alone ?? '', '10.66.0.101', { vendor: 'yealink', posture: 'assist' });
  expect(ledPhones(directory, systemClock.now(), config.site)).toEqual([led]);
});

it('a reset takes a session and the password again', async () => {
  const { web, code } = await openNetworkPage();
  const { port } = web.address;
  const password = 'correct horse battery';
  const reset = async (typed: string, cookie = '') =>
    (await ask({ port, body: { password: typed } }, '/api/reset', { cookie })).status;
  const { headers } = await ask({ port, body: { code, password } }, '/api/setup');
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  expect([await reset(password), await reset('a guess of it', cookie)]).toEqual([401, 403]);
  expect(await reset(password, cookie)).toBe(200);
});
