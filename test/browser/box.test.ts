/** What an admin does to the box in a real browser: backup, restore, password. Without Chromium these fail. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { openReader } from '../../appliance/store/reader.ts';
import { openNetworkPage } from '../support/page.ts';
import { openSite } from '../support/site.ts';
import { launchBrowser, openTheBox } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const password = 'correct horse battery';

/** A tab in which the admin has just signed in, on the page of what he does to the box. */
async function openSignedIn() {
  const page = await openNetworkPage();
  const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
  onTestFinished(async () => await context.close());
  const tab = await context.newPage();
  await openTheBox(tab, page, password);
  await tab.getByText('Nothing was ordered yet.').waitFor();
  const orders = () => {
    using reader = openReader(page.directory, 'web');
    const rows = reader?.journalAfter(0, 100) ?? [];
    return rows.filter(({ kind }) => kind === 'box_order_given').length;
  };
  return { ...page, tab, orders };
}

it('a slip of the finger in a new passphrase or password is told, and nothing is ordered', async () => {
  const { tab, orders } = await openSignedIn();
  const backup = tab.locator('#backup');
  await backup.getByLabel('Passphrase, at least').fill('a passphrase for backups');
  await backup.getByLabel('once more').fill('a passphrase for backpus');
  await backup.getByRole('button', { name: 'Take a backup' }).click();
  await backup.getByText('The two passphrases are not the same.').waitFor();
  const change = tab.locator('#password');
  await change.getByLabel('Password now').fill(password);
  await change.getByLabel('New password').fill('a password for the page');
  await change.getByLabel('once more').fill('a password for the pgae');
  await change.getByRole('button', { name: 'Change it' }).click();
  await change.getByText('The two new passwords are not the same.').waitFor();
  await change.getByLabel('once more').fill('a password for the page');
  await change.getByRole('button', { name: 'Change it' }).click();
  await change.getByText('Changed.').waitFor();
  expect(orders()).toBe(0);
});

it('an empty file is no backup, and one that was uploaded before does not take its place', async () => {
  const { directory, tab, orders } = await openSignedIn();
  writeFileSync(join(directory, 'web/upload'), 'uploaded before');
  const restore = tab.locator('#restore');
  const file = { name: 'box.backup', mimeType: 'application/octet-stream', buffer: Buffer.alloc(0) };
  await restore.getByLabel('Backup').setInputFiles(file);
  await restore.getByLabel('Its passphrase').fill('a passphrase for backups');
  await restore.getByLabel('Password of this page').fill(password);
  await restore.getByRole('button', { name: 'Make this box that one' }).click();
  await restore.getByText('The file is empty.').waitFor();
  expect(orders()).toBe(0);
});

it('whoever only looks sees phones, no way to the admin’s pages and no button that orders', async () => {
  const { web, directory, clock, tab } = await openSignedIn();
  using site = openSite(directory, clock);
  const mac = '00:15:65:00:00:01';
  await site.lease(mac, '10.20.0.100');
  await site.binding(mac, '10.20.0.100');
  const looks = 'battery horse correct';
  const form = tab.locator('#viewers');
  await form.getByText('There is none now.').waitFor();
  await form.getByLabel('Your own password').fill('correct horse battery');
  await form.getByLabel('Their password').fill(looks);
  await form.getByLabel('Once more').fill(looks);
  await form.getByRole('button', { name: 'Set it' }).click();
  await form.getByText('Set. Whoever was in').waitFor();
  await form.getByText('There is one now.').waitFor();

  const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
  onTestFinished(async () => await context.close());
  const other = await context.newPage();
  const url = `http://127.0.0.1:${web.address.port}`;
  // Where only the admin gets: they are led to what they may see.
  await other.goto(`${url}/settings`);
  await other.getByLabel('Password').fill(looks);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.getByRole('button', { name: 'Sign out' }).waitFor();
  expect(await other.getByRole('link', { name: 'Settings' }).isVisible()).toBe(false);
  expect(await other.getByRole('link', { name: 'Sign in' }).isVisible()).toBe(false);
  await other.goto(`${url}/#phone=${mac}`);
  await other.locator('#phone-facts').getByText('10.20.0.100').waitFor();
  expect(await other.getByRole('button', { name: 'Restart' }).isVisible()).toBe(false);
  await tab.goto(`${url}/#phone=${mac}`);
  await tab.getByRole('button', { name: 'Restart' }).waitFor();

  await tab.goto(`${url}/box`);
  await form.getByRole('button', { name: 'Let nobody look' }).click();
  await form.getByText('Nobody may look now but you').waitFor();
  await other.goto(`${url}/`);
  await other.getByLabel('Password').waitFor();
});
