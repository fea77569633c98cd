/** An admin changes the settings of a box and asks it something, in a real browser. Without Chromium these fail. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { carryOutOrders } from '../../appliance/box/carry-out.ts';
import { orderHandlers } from '../../appliance/box/orders.ts';
import { readConfig } from '../../appliance/config.ts';
import { siteTemplateProblems } from '../../appliance/provisioning/site-templates.ts';
import { openWorld } from '../../appliance/world.ts';
import { openNetworkPage } from '../support/page.ts';
import { openSite } from '../support/site.ts';
import { launchBrowser, openTheBox } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const templates = async () => await Promise.resolve(siteTemplateProblems);

/** Of a machine at work on much else. */
const patience = { timeout: 60_000 };
const password = 'correct horse battery';

/** A tab in which the admin has just signed in, and root's side, which carries out what he orders. */
async function openSignedIn() {
  const page = await openNetworkPage();
  const { configFile, clock, directory } = page;
  const templates_directory = join(dirname(configFile), 'templates');
  const settings = `${readFileSync(configFile, 'utf8')}[provisioning]\ntemplates_directory = "${templates_directory}"\n`;
  writeFileSync(configFile, settings);
  Object.assign(page.config.provisioning, { templates_directory });
  const stop = new AbortController();
  const root = (async () => {
    while (!stop.signal.aborted) {
      const needs = { ...openWorld('silent'), clock, config: readConfig(configFile), configFile, templates };
      if (existsSync(join(directory, 'web/orders-wait')))
        await carryOutOrders({ ...needs, signal: stop.signal }, orderHandlers);
      await setTimeout(100);
    }
  })();
  const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
  onTestFinished(async () => {
    await context.close();
    stop.abort();
    await root;
  });
  const tab = await context.newPage();
  const complaints: string[] = [];
  tab.on('pageerror', (error) => complaints.push(error.message));
  await openTheBox(tab, page, password);
  return { ...page, templates_directory, tab, complaints };
}

it('a setting is changed, a mistake in it is named by its line, and the box is asked whether it is ready', async () => {
  const { tab, configFile, complaints } = await openSignedIn();
  const file = () => readFileSync(configFile, 'utf8');
  const before = file();
  await tab.getByRole('link', { name: 'Settings' }).click();
  const form = tab.locator('#settings');
  const text = form.getByRole('textbox');
  await expect.poll(async () => await text.inputValue(), patience).toBe(before);
  await text.fill(before.replace('"Test"', '7'));
  await form.getByText('Not saved yet.').waitFor();
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByText('line 2: site.name = 7: must be text in quotes').waitFor();
  expect(file()).toBe(before);
  expect(await tab.evaluate('document.getSelection().toString()')).toBe('name = 7');
  const wanted = before.replace('"Test"', '"<b>Berlin</b>"');
  await text.fill(wanted);
  await form.getByRole('button', { name: 'Only check' }).click();
  await form.getByText('Nothing is wrong with these settings.').waitFor(patience);
  expect(file()).toBe(before);
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByText('The settings are written.').waitFor(patience);
  expect(file()).toBe(wanted);
  await expect.poll(async () => await text.inputValue(), patience).toBe(wanted);

  const put = tab.locator('#file');
  await put.getByLabel('What names it').selectOption('cloud.token_file');
  await put.getByLabel('Name on the box').fill('cloud.token');
  await put.getByLabel('Or what is in it').fill('a token of the cloud');
  await put.getByRole('button', { name: 'Put it in' }).click();
  await put.getByText('It is here. Name it in the settings: cloud.token_file =').waitFor(patience);
  expect(readFileSync(join(dirname(configFile), 'cloud.token'), 'utf8')).toBe('a token of the cloud');
  await tab.getByLabel('Show keys with').fill('token_file');
  await tab.locator('#key-rows').getByText('[cloud] token_file').waitFor();

  await tab.getByRole('link', { name: 'Ask the box' }).click();
  const ask = tab.locator('#ask');
  await ask.getByLabel('What').selectOption('check-settings');
  await ask.getByRole('button', { name: 'Ask' }).click();
  const answer = tab.getByRole('region', { name: 'The answer' });
  await answer.waitFor(patience);
  expect(await answer.textContent()).toContain(`${configFile} is good`);
  expect(complaints).toEqual([]);
});

it('whoever saves settings while people talk is told how many do, and asked', async () => {
  const { tab, configFile, directory, clock } = await openSignedIn();
  using site = openSite(directory, clock);
  site.report('sip');
  await site.call('00:15:65:00:00:01');
  await site.call('00:15:65:00:00:02');
  await site.call('00:15:65:00:00:03', { state: 'ringing' });
  const before = readFileSync(configFile, 'utf8');
  const asked: string[] = [];
  let answer = false;
  tab.on('dialog', (dialog) => {
    asked.push(dialog.message());
    void (answer ? dialog.accept() : dialog.dismiss());
  });
  await tab.getByRole('link', { name: 'Settings' }).click();
  const form = tab.locator('#settings');
  const text = form.getByRole('textbox');
  await expect.poll(async () => await text.inputValue(), patience).toBe(before);
  const wanted = before.replace('"Test"', '"Berlin"');
  await text.fill(wanted);
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByText('Nothing was changed.').waitFor(patience);
  expect(asked).toEqual([
    '2 calls are up and may fall silent until the parts run again, 1 call rings and is lost. Save and use the settings now?',
  ]);
  expect(readFileSync(configFile, 'utf8')).toBe(before);
  answer = true;
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByText('The settings are written.').waitFor(patience);
  expect(readFileSync(configFile, 'utf8')).toBe(wanted);
});

it('a template of the site is judged, put in, and taken out again', async () => {
  const { tab, templates_directory, complaints } = await openSignedIn();
  const file = join(templates_directory, 'snom/site.xml.liquid');
  await tab.getByRole('link', { name: 'Settings' }).click();
  const form = tab.locator('#template');
  await form.getByLabel('Template').selectOption('snom/site.xml.liquid');
  await form.getByText('This site has none yet', { exact: true }).waitFor(patience);
  const text = form.getByRole('textbox');
  await expect.poll(async () => await text.inputValue(), patience).toBe('');
  await text.fill('{% if %}');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByRole('status').getByText('snom/site.xml.liquid').waitFor(patience);
  expect(existsSync(file)).toBe(false);
  const wanted = '<settings><backlight perm="RW">15</backlight></settings>\n';
  await text.fill(wanted);
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByText('It is in use within ten seconds').waitFor(patience);
  expect(readFileSync(file, 'utf8')).toBe(wanted);
  await form.getByText('As this site has it', { exact: true }).waitFor(patience);
  await form.getByRole('button', { name: 'Remove it' }).click();
  await form.getByText('It is gone').waitFor(patience);
  expect(existsSync(file)).toBe(false);
  expect(complaints).toEqual([]);
});
