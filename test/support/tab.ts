/** The page in Chromium, as Debian packages it. */
import { chromium, type Browser, type BrowserContextOptions, type Page as Tab } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { NetworkPage, Page } from './page.ts';

const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: '/usr/bin/chromium', args: chromiumArguments });
}

interface Opening extends BrowserContextOptions {
  /** Fragment of the page's URL, with its `#`. */
  readonly hash?: string;
}

/** A tab on the page, and what it complained of. */
export async function openTab(
  browser: Browser,
  page: Page,
  { hash = '', ...options }: Opening = {},
): Promise<{ tab: Tab; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  onTestFinished(async () => await context.close());
  const tab = await context.newPage();
  const complaints: string[] = [];
  tab.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`${page.url}/${hash}`);
  await tab.locator('#connection[data-state=live]').waitFor();
  return { tab, complaints };
}

/** Makes the box of whoever has its code, and goes to what he does to it. */
export async function openTheBox(
  tab: Tab,
  { web, code }: Pick<NetworkPage, 'web' | 'code'>,
  password: string,
): Promise<void> {
  await tab.goto(`http://127.0.0.1:${web.address.port}/`);
  await tab.getByLabel('Set-up code').fill(code);
  await tab.getByLabel('Password for this page').fill(password);
  await tab.getByLabel('The same once more').fill(password);
  await tab.getByRole('button', { name: 'Go on' }).click();
  await tab.getByRole('link', { name: 'The box', exact: true }).click();
}
