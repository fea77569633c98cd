/** Makers' firmware in a real browser: put in, listed, paused and taken out. Without Chromium these fail. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { openNetworkPage } from '../support/page.ts';
import { startSite } from '../support/provisioning.ts';
import { launchBrowser, openTheBox } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const password = 'correct horse battery';
/** Three pieces. */
const image = randomBytes(9_000_000);
const sha256 = createHash('sha256').update(image).digest('hex');
const file = { name: 'T46S.rom', mimeType: 'application/octet-stream', buffer: image };

/** The page of a box whose part for provisioning runs, with a tab in which its admin has just signed in. */
async function openSignedIn() {
  const page = await openNetworkPage();
  const site = await startSite({ directory: page.directory });
  const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
  onTestFinished(async () => {
    await context.close();
    await site[Symbol.asyncDispose]();
  });
  const tab = await context.newPage();
  const complaints: string[] = [];
  tab.on('pageerror', (error) => complaints.push(error.message));
  await openTheBox(tab, page, password);
  await tab.getByRole('link', { name: 'Firmware' }).click();
  await tab.getByText('No firmware is here.').waitFor();
  return { ...page, tab, complaints };
}

it('firmware is put in by upload, listed with its hash, offered to nobody while paused, and taken out', async () => {
  const { directory, tab, complaints } = await openSignedIn();
  const add = tab.locator('#add');
  await add.getByLabel('File').setInputFiles(file);
  await add.getByLabel('Model').fill('T46S');
  await add.getByText('Microsoft has approved 66.86.5.1 for Yealink T46S').waitFor();
  await add.getByLabel('Version').fill('latest');
  await add.getByRole('button', { name: 'Put it in' }).click();
  await add.getByText('is no version as this maker writes them, such as 66.86.5.1').waitFor();

  await add.getByLabel('Version').fill('66.86.5.1');
  await add.getByLabel('SHA-256').fill('0'.repeat(64));
  await add.getByRole('button', { name: 'Put it in' }).click();
  await add.getByText('it is not what its maker published').waitFor();
  const folder = join(directory, 'provisioning/firmware');
  expect(readdirSync(folder)).toEqual([]);

  await add.getByLabel('SHA-256').fill(` ${sha256} `);
  await add.getByRole('button', { name: 'Put it in' }).click();
  await add.getByText(`Its SHA-256 is ${sha256}: as expected.`).waitFor();
  const stored = join(folder, 'yealink/T46S/66.86.5.1/T46S.rom');
  expect(createHash('sha256').update(readFileSync(stored)).digest('hex')).toBe(sha256);
  const rows = tab.locator('#release-rows');
  await rows.getByText('Yealink T46S, 66.86.5.1').waitFor();
  await rows.getByText(`SHA-256 ${sha256}`).waitFor();
  expect(await rows.textContent()).toContain('approved');
  expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);

  await tab.getByRole('button', { name: 'Offer it to no phone for now' }).click();
  await tab.getByText('Paused: no phone is offered anything.').waitFor();
  await tab.getByRole('button', { name: 'Offer it again' }).click();
  await tab.getByText('No phone: the settings want it neither').waitFor();

  await tab.locator('#remove-release').selectOption({ label: 'Yealink T46S, 66.86.5.1' });
  await tab.getByRole('button', { name: 'Remove its files' }).click();
  await tab.getByText('No firmware is here.').waitFor();
  expect(existsSync(stored)).toBe(false);
  await tab.getByRole('link', { name: 'The box', exact: true }).click();
  await tab.getByText('66.86.5.1 for T46S is out of the folder.').waitFor();
  expect(complaints).toEqual([]);
});

it('an upload that is cut off half-way says so, and another one can begin at once', async () => {
  const { directory, tab } = await openSignedIn();
  await tab.route(/offset=4194304/, async (route) => await route.abort());
  const add = tab.locator('#add');
  await add.getByLabel('File').setInputFiles(file);
  await add.getByLabel('Model').fill('T46S');
  await add.getByLabel('Version').fill('66.86.5.1');
  await add.getByRole('button', { name: 'Put it in' }).click();
  await add.getByText('The file could not be uploaded.').waitFor();
  const uploads = join(directory, 'web/firmware');
  expect(existsSync(uploads) ? readdirSync(uploads) : []).toEqual([]);
  await tab.unroute(/offset=4194304/);
  await add.getByRole('button', { name: 'Put it in' }).click();
  await add.getByText(`Its SHA-256 is ${sha256}`).waitFor();
});
