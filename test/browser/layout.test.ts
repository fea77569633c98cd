/** How the pages of an admin stand on wide and narrow screens, and that typed words stay. Without Chromium these fail. */
import { request } from 'node:http';
import type { Browser, Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readTasks } from '../../appliance/store/tasks.ts';
import { readFacts } from '../../appliance/store/phones.ts';
import { systemClock } from '../../appliance/world.ts';
import { newFirstPassword, openNetworkPage, openPage, type NetworkPage } from '../support/page.ts';
import { openSite } from '../support/site.ts';
import { launchBrowser } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const password = 'correct horse battery';
const paths = ['/box', '/settings', '/ask', '/firmware'];
const mac = '00:15:65:aa:00:01';

interface Opened extends NetworkPage {
  readonly tab: Tab;
  readonly url: string;
  readonly cookie: string;
}

/** A page on which somebody has signed in, and a tab of his browser. */
async function openSignedIn(width: number): Promise<Opened> {
  const page = await openNetworkPage();
  const { port } = page.web.address;
  const url = `http://127.0.0.1:${port}`;
  const cookie = await newFirstPassword({ ...page, port, password });
  const [name = '', value = ''] = cookie.split('=');
  const context = await browser.newContext({ viewport: { width, height: 800 } });
  onTestFinished(async () => await context.close());
  await context.addCookies([{ name, value, url }]);
  return { ...page, tab: await context.newPage(), url, cookie };
}

/** In pixels. */
async function boxes(tab: Tab, selector: string) {
  const found = await tab.locator(selector).all();
  return await Promise.all(
    found.map(async (one) => (await one.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }),
  );
}

describe.each([1200, 390])('%i pixels wide', (width) => {
  it('the title of each page stands in one line, and nothing is wider than the screen', async () => {
    const { tab, url } = await openSignedIn(width);
    for (const path of paths) {
      await tab.goto(url + path);
      const [title] = await boxes(tab, 'h1');
      expect([path, (title?.height ?? 0) < 40]).toEqual([path, true]);
      expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    }
  });

  it('what runs, and from where releases come, has room beside or below its tag', async () => {
    const { tab, url } = await openSignedIn(width);
    await tab.goto(`${url}/box`);
    await tab.locator('#update-rows li').nth(1).waitFor();
    const [tag, words] = await boxes(tab, '#update-rows li:nth-child(2) > *');
    if (tag === undefined || words === undefined) throw new Error('tag or words are missing');
    expect(words.x >= tag.x + tag.width || words.y >= tag.y + tag.height).toBe(true);
    expect(words.width).toBeGreaterThan(200);
    expect(await tab.locator('#order-rows').isHidden()).toBe(true);
    expect(await tab.getByRole('button', { name: 'Install it' }).count()).toBe(0);
  });

  it('a box to tick can be hit', async () => {
    const { tab, url } = await openSignedIn(width);
    await tab.goto(`${url}/ask`);
    for (const { width: wide, height } of await boxes(tab, 'input[type=checkbox]'))
      expect([wide >= 18, height >= 18]).toEqual([true, true]);
  });
});

it('each page leads to every other one, and out', async () => {
  const { tab, url } = await openSignedIn(1200);
  for (const path of ['/', ...paths]) {
    await tab.goto(url + path);
    const pages = tab.getByRole('navigation', { name: 'Pages' });
    await pages.waitFor();
    expect(await pages.getByRole('link').allTextContents()).toEqual([
      'Status',
      'The box',
      'Settings',
      'Firmware',
      'Ask the box',
    ]);
    expect(await pages.locator('[aria-current=page]').getAttribute('href')).toBe(path);
  }
  await tab.getByRole('button', { name: 'Sign out' }).click();
  await tab.getByLabel('Password').waitFor();
  expect(await tab.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
});

it('taking phones in again wants no promise, and a phone is known by number and place', async () => {
  const page = await openSignedIn(1200);
  const { tab, url, directory } = page;
  using site = openSite(directory, systemClock);
  await site.lease(mac, '10.20.0.7');
  await site.binding(mac, '10.20.0.7', { aor: 'sip:+4930555101@example.com' });
  await site.placement(mac, { place: 'room 301' });
  await tab.goto(`${url}/ask`);
  const form = tab.locator('#bypass');
  await form.getByRole('option', { name: '+4930555101, room 301' }).click();
  await form.getByRole('button', { name: 'Take them in again' }).click();
  await form.getByText('The order is taken back.').waitFor();
  expect(readFacts(directory, 'web', readTasks)).toMatchObject([{ kind: 'lead', target: mac }]);
});

it('what was typed is still there when the session is over, and is sent once somebody signed in elsewhere', async () => {
  const { tab, url, cookie } = await openSignedIn(1200);
  await tab.goto(`${url}/settings`);
  const text = tab.locator('#settings').getByRole('textbox');
  await expect.poll(async () => await text.inputValue()).toContain('[site]');
  const typed = `${await text.inputValue()}# a line of mine\n`;
  await text.fill(typed);
  await signOut(url, cookie);
  await tab.getByText('Your session is over').waitFor();
  expect(await text.inputValue()).toBe(typed);
  const elsewhere = await tab.context().newPage();
  await elsewhere.goto(`${url}/sign-in`);
  await elsewhere.getByLabel('Password').fill(password);
  await elsewhere.getByRole('button', { name: 'Sign in' }).click();
  await elsewhere.getByRole('link', { name: 'The box', exact: true }).waitFor();
  await tab.getByText('Your session is over').waitFor({ state: 'hidden' });
  expect(await text.inputValue()).toBe(typed);
});

async function signOut(url: string, cookie: string): Promise<void> {
  const headers = { 'content-type': 'application/json', cookie };
  await new Promise<void>((resolve, reject) => {
    const asked = request(`${url}/api/sign-out`, { method: 'POST', headers }, (answer) => {
      answer.resume().on('end', () => resolve());
    });
    asked.on('error', reject).end('{}');
  });
}

it('a page that works without a password leads to choosing one, and not to a sign-in that nobody can pass', async () => {
  const page = await openPage();
  const context = await browser.newContext();
  onTestFinished(async () => await context.close());
  const tab = await context.newPage();
  await tab.goto(page.url);
  await tab.getByRole('link', { name: 'Choose a password' }).click();
  await tab.getByLabel('Set-up code').waitFor();
  expect(await tab.getByText('gatehouse setup-code').count()).toBe(1);
});

it('a path that is none is told as a page to people, and as JSON to programs', async () => {
  const page = await openPage();
  const context = await browser.newContext();
  onTestFinished(async () => await context.close());
  const tab = await context.newPage();
  expect((await tab.goto(`${page.url}/setings`))?.status()).toBe(404);
  await tab.getByRole('link', { name: 'To the status page' }).waitFor();
  const api = await fetch(`${page.url}/api/nothing`);
  expect([api.status, await api.json()]).toEqual([
    404,
    { error: { code: '404', message: 'There is nothing here.' } },
  ]);
});

it('among many phones those are shown that bear the words looked for, and the times name their zone', async () => {
  const page = await openPage();
  for (let n = 10; n < 30; n += 1)
    await page.site.placement(`00:15:65:aa:00:${n}`, { place: `room ${n}`, ip: `127.0.0.${n}` });
  const context = await browser.newContext({ timezoneId: 'Europe/Berlin' });
  onTestFinished(async () => await context.close());
  const tab = await context.newPage();
  await tab.goto(page.url);
  const rows = tab.locator('#phone-rows tr');
  await expect.poll(async () => await rows.count()).toBe(20);
  await tab.getByLabel('Show phones with').fill('ROOM 17');
  await tab.getByText('1 of 20 phones').waitFor();
  expect(await rows.count()).toBe(1);
  await tab.getByText('Times are those of Europe/Berlin (GMT+').waitFor();
});
