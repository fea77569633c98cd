/** A new box in a real browser: from the code on its screen to a working page. Without Chromium these fail. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { carryOutOrders } from '../../appliance/box/carry-out.ts';
import { orderHandlers, type OrderHandler } from '../../appliance/box/orders.ts';
import { putSettings } from '../../appliance/box/put-settings.ts';
import { parseConfig } from '../../appliance/config.ts';
import { openWorld } from '../../appliance/world.ts';
import { until } from '../support/command.ts';
import { openNetworkPage, type NetworkPage } from '../support/page.ts';
import { launchBrowser } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const password = 'correct horse battery';

async function openTab(page: NetworkPage, path = '/') {
  const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
  onTestFinished(async () => await context.close());
  const tab = await context.newPage();
  const complaints: string[] = [];
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`http://127.0.0.1:${page.web.address.port}${path}`);
  return { tab, complaints };
}

/** Without what makes them count: that would be this machine's own parts and network. */
const write: OrderHandler = async ({ toml }, { configFile }) => {
  putSettings(configFile, String(toml));
  return { state: 'done', words: 'Written.' };
};

/** What root's side does, once there is something to do. */
async function carryOut({ config, directory }: NetworkPage): Promise<string> {
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(configFile, '');
  const needs = { ...openWorld('silent'), config, configFile, signal: new AbortController().signal };
  await until(
    'an order',
    async () => {
      await carryOutOrders(needs, { ...orderHandlers, 'settings.write': write });
      return readFileSync(configFile, 'utf8') !== '';
    },
    { timeoutMs: 30_000 },
  );
  return readFileSync(configFile, 'utf8');
}

it('a new box asks for its code, a password and the site, and writes settings that are good', async () => {
  const page = await openNetworkPage({ site: '127.0.0.1' });
  const { tab, complaints } = await openTab(page);
  await tab.getByLabel('Set-up code').fill('AAAA-AAAA-AAAA');
  await tab.getByLabel('Password for this page').fill(password);
  await tab.getByLabel('The same once more').fill(password);
  await tab.getByRole('button', { name: 'Go on' }).click();
  await tab.getByText('This is not the code on the screen of the box.').waitFor();
  await tab.getByLabel('Set-up code').fill(page.code);
  await tab.getByRole('button', { name: 'Go on' }).click();
  await tab.getByLabel('Name of the site').fill('Head "office"');
  await tab.getByLabel('Calling code of the country').fill('+49');
  await tab.getByLabel('Address of this box there').fill('10.20.0.1');
  await tab.getByLabel('Its network').fill('10.20.0.0/24');
  await tab.getByLabel('First address for phones').fill('10.20.0.100');
  await tab.getByLabel('Last address for phones').fill('10.99.0.199');
  await tab.getByRole('button', { name: 'Set up' }).click();
  await tab.getByText(/dhcp\.pool.*is not in dhcp\.subnet/).waitFor();
  await tab.getByLabel('Last address for phones').fill('10.20.0.199');
  expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  await tab.getByRole('button', { name: 'Set up' }).click();
  const written = parseConfig(await carryOut(page));
  expect(written).toMatchObject({
    site: { name: 'Head "office"', address: '10.20.0.1', region: 'emea' },
    dhcp: { mode: 'server', pool: ['10.20.0.100', '10.20.0.199'] },
    dial_plan: { country_code: '49' },
    web: { address: '10.20.0.1', https_port: 8443 },
  });
  await tab.getByText('https://10.20.0.1:8443/').waitFor();
  expect(complaints).toEqual([]);
});

it('a configured box is signed in to, watched live, and signed out of', async () => {
  const page = await openNetworkPage();
  const first = await openTab(page);
  await first.tab.getByLabel('Set-up code').fill(page.code);
  await first.tab.getByLabel('Password for this page').fill(password);
  await first.tab.getByLabel('The same once more').fill(password);
  await first.tab.getByRole('button', { name: 'Go on' }).click();
  await first.tab.locator('#connection[data-state=live]').waitFor();
  const { tab, complaints } = await openTab(page, '/box');
  await tab.getByLabel('Password').fill('not the password');
  await tab.getByRole('button', { name: 'Sign in' }).click();
  await tab.getByText('This is not the password.').waitFor();
  await tab.getByLabel('Password').fill(password);
  await tab.keyboard.press('Enter');
  await tab.getByText('Nothing was ordered yet.').waitFor();
  await tab.getByRole('link', { name: 'Status' }).click();
  await tab.locator('#connection[data-state=live]').waitFor();
  await tab.getByRole('button', { name: 'Sign out' }).click();
  await tab.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(complaints).toEqual([]);
});
