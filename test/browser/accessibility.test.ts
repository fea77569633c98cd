/** Each view of the page by axe-core's rules for WCAG 2.2 A and AA, light and dark. Without Chromium these fail. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, BrowserContextOptions, Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { endCall } from '../../appliance/store/calls.ts';
import { saveEmergencyCall } from '../../appliance/store/emergency-calls.ts';
import { systemClock } from '../../appliance/world.ts';
import { writeDhcpFacts } from '../support/dhcp-facts.ts';
import { newFirstPassword, openNetworkPage, openPage, type Page } from '../support/page.ts';
import { placedPhone, reportAll } from '../support/site.ts';
import { launchBrowser, openTab } from '../support/tab.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const options: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
};
const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';
const call = 'c'.repeat(32);

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

/** What axe finds wrong, a line for each element: rule, element, and what is wrong with it. */
async function violations(tab: Tab): Promise<string[]> {
  await tab.evaluate(axe);
  const found = await tab.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html}\n${failureSummary}`),
  );
}

/** A site with something in every list of the page. */
async function livelyPage(): Promise<Page> {
  const page = await openPage(
    '[dhcp]\nmode = "server"\nsubnet = "127.0.0.0/24"\npool = ["127.0.0.100", "127.0.0.199"]\n',
  );
  const { site } = page;
  reportAll(site);
  site.report('location', { state: 'degraded', reason: 'switch a is silent' });
  await placedPhone(site, mac, ip);
  await writeDhcpFacts(site);
  await site.request(mac, { path: '/device/ob/…/lang_en/001565aa0001.cfg', stage: 2 });
  await site.call('00:15:65:aa:00:02', { id: 'other' });
  await site.call(mac, { id: call, state: 'ringing' });
  const end = { id: call, endedAt: systemClock.now(), reason: '404 Not Found (Q.850 1)' };
  await site.write('sip', ({ db }) => {
    endCall(db, end);
    saveEmergencyCall(db, {
      id: 'a1',
      kind: 'help',
      at: systemClock.now(),
      number: '112',
      name: 'Ann',
      caller: { aor: '1001@x', phone: 'p', source: `${ip}:5060`, transport: 'tls', contact: 'sip:x', mac },
      callback: '+4930555101',
      ways: [],
      notices: [],
    });
  });
  const refusal = 'SIP/2.0 404 Not Found\r\nCall-ID: a\r\nContent-Length: 0\r\n\r\n';
  site.ladder(call, [refusal, refusal]);
  site.failedRegistration();
  return page;
}

/** A page of a box on its network, with or without somebody signed in. */
async function networkTab(path: string, how: BrowserContextOptions, isSignedIn: boolean): Promise<Tab> {
  const page = await openNetworkPage();
  const { port } = page.web.address;
  const context = await browser.newContext(how);
  onTestFinished(async () => await context.close());
  if (path !== '/setup') {
    const cookie = await newFirstPassword({ ...page, port, password: 'correct horse battery' });
    const [name = '', value = ''] = cookie.split('=');
    if (isSignedIn) await context.addCookies([{ name, value, url: `http://127.0.0.1:${port}` }]);
  }
  const tab = await context.newPage();
  await tab.goto(`http://127.0.0.1:${port}${path === '/setup' ? '/' : path}`);
  await tab.locator('h1').first().waitFor();
  return tab;
}

describe.each(['light', 'dark'] as const)('in %s colours nobody is kept out', (colorScheme) => {
  it('of the status page, a phone and a call', async () => {
    const page = await livelyPage();
    const { tab } = await openTab(browser, page, { colorScheme });
    await tab.locator('#lease-rows tr').first().waitFor();
    expect(await violations(tab)).toEqual([]);
    await tab.goto(`${page.url}/#phone=${mac}`);
    await tab.getByRole('dialog').getByText('room 301').first().waitFor();
    expect(await violations(tab)).toEqual([]);
    await tab.goto(`${page.url}/#call=${call}`);
    await tab.getByRole('dialog').getByText('There is no such number.').waitFor();
    await tab.getByRole('dialog').locator('summary').first().click();
    expect(await violations(tab)).toEqual([]);
  });

  it.each([
    ['set-up', '/setup', false],
    ['sign-in', '/box', false],
    ['the box', '/box', true],
    ['firmware', '/firmware', true],
    ['settings', '/settings', true],
    ['questions', '/ask', true],
  ])('of the page of %s', async (_name, path, isSignedIn) => {
    expect(await violations(await networkTab(path, { colorScheme }, isSignedIn))).toEqual([]);
  });
});

it('a button without a name and pale words are found', async () => {
  const { tab } = await openTab(browser, await openPage());
  await tab.evaluate(`{
    const words = document.createElement('p');
    words.textContent = 'pale';
    words.style.color = '#eee';
    words.style.background = '#fff';
    document.querySelector('main').prepend(document.createElement('button'), words);
  }`);
  expect((await violations(tab)).map((line) => line.split(':')[0])).toEqual([
    'button-name',
    'color-contrast',
  ]);
});
