/** A release in a real browser: chosen, judged, sent, and it lies ready. Without Chromium these fail. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { readUpdates } from '../../appliance/store/update-view.ts';
import { repeat, systemClock } from '../../appliance/world.ts';
import { filesIn } from '../support/desk.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { openNetworkPage } from '../support/page.ts';
import { writePayload } from '../support/payload.ts';
import { imageOf, rootOf } from '../support/release-desk.ts';
import { newMaker, releaseDay } from '../support/release.ts';
import { launchBrowser, openTheBox } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const password = 'correct horse battery';
const maker = newMaker();

/** The page of a box with the image 0.1.0, root's side of it, and a tab in which its admin has just signed in. */
async function openSignedIn() {
  const page = await openNetworkPage();
  page.clock.set(releaseDay);
  const root = repeat(systemClock, 100, {
    work: rootOf(page, imageOf(maker, '0.1.0')),
    onError: (error) => complaints.push(String(error)),
  });
  const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
  onTestFinished(async () => {
    await context.close();
    await root[Symbol.asyncDispose]();
  });
  const tab = await context.newPage();
  const complaints: string[] = [];
  tab.on('pageerror', (error) => complaints.push(error.message));
  await openTheBox(tab, page, password);
  const form = tab.locator('#update-put');
  const put = async (files: readonly string[]) => {
    await form.getByLabel('A release, all of its files').setInputFiles(files);
    await form.getByRole('button', { name: 'Put it in' }).click();
  };
  return { ...page, tab, form, put, complaints };
}

function release(rest = {}, by = maker): string[] {
  const folder = temporaryDirectory();
  writePayload(folder, by, rest);
  return readdirSync(folder).map((name) => join(folder, name));
}

it('a release that the admin chooses is put in and shown ready, and what is not for this box is refused with words', async () => {
  const { directory, tab, form, put, complaints } = await openSignedIn();
  const files = release();
  const kernel = files.filter((name) => name.endsWith('.efi'));
  await put(kernel);
  await form.getByText('the one that ends in .release is not among them').waitFor();
  await put(release({}, newMaker()));
  await form.getByText('is signed by a root key that this image does not know').waitFor();
  await put(files.filter((name) => !kernel.includes(name)));
  await form.getByText('gatehouse_0.2.0.efi is not among the chosen files.').waitFor();
  expect(filesIn(directory, 'web/release')).toEqual([]);

  await put(files);
  await form.getByText('0.2.0 lies ready. It is installed by itself between 02:00-05:00.').waitFor();
  await tab.locator('#update-rows').getByText('0.2.0, by page').waitFor();
  await tab.getByRole('button', { name: 'Install it' }).waitFor();
  expect(readUpdates(directory).staged).toMatchObject({ version: '0.2.0', source: 'page' });
  expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  await put(files);
  await form.getByText('0.2.0 lies ready already').waitFor();
  expect(complaints).toEqual([]);
});

it('a line that breaks while a release is sent costs nothing but time', async () => {
  const { directory, tab, form, put } = await openSignedIn();
  let broken = 0;
  await tab.route(/root\.erofs&offset=0/, async (route) => {
    broken += 1;
    await (broken > 2 ? route.continue() : route.abort());
  });
  await put(release());
  await form.getByText('The line is down, it goes on when it is back…').waitFor();
  await form.getByText('0.2.0 lies ready.').waitFor();
  expect(broken).toBe(3);
  expect(readUpdates(directory).staged?.version).toBe('0.2.0');
});
