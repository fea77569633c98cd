/** The addresses in a real browser, over rows written by the real store functions. Without Chromium these fail. */
import type { Browser, Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { saveSent } from '../../appliance/store/leases.ts';
import { mac, writeDhcpFacts } from '../support/dhcp-facts.ts';
import { openPage } from '../support/page.ts';
import { reportAll } from '../support/site.ts';
import { launchBrowser, openTab } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const settings = `[dhcp]
mode = "server"
subnet = "127.0.0.0/24"
pool = ["127.0.0.100", "127.0.0.199"]
routers = ["127.0.0.1"]
`;
const rowOf = (tab: Tab, ip: string) => tab.locator(`tr[data-ip="${ip}"]`);

it('each address stands with its device, how it is held, what was told and the port that option 82 names', async () => {
  const page = await openPage(settings);
  reportAll(page.site);
  await writeDhcpFacts(page.site);
  const { tab, complaints } = await openTab(browser, page);
  const leased = rowOf(tab, '127.0.0.100');
  await leased.waitFor();
  expect(await leased.textContent()).toMatch(
    /127\.0\.0\.0\/24.*Yealink.*00:15:65:aa:00:01.*SIP-T46S.*Leased.*until.*tenantid.*\(option 66\).*Time offset \(option 2\) -18000 s.*Gi1\/0\/3.*first floor.*relay 10\.70\.0\.1/s,
  );
  for (const [ip, words] of [
    ['127.0.0.101', 'Ended'],
    ['127.0.0.102', 'In use without a lease'],
    ['10.66.0.50', 'Leased by 10.9.0.1'],
    ['10.66.0.51', 'By its own word'],
  ] as const) {
    expect(await rowOf(tab, ip).locator('.tag').textContent()).toBe(words);
  }
  expect(await tab.locator('#leases-summary').textContent()).toBe('5 addresses');
  expect(await tab.locator('#leases-latency').textContent()).toBe(
    'answered within 0.4 ms, 99 of 100 within 2.1 ms',
  );
  const refusals = tab.locator('#refusal-rows li');
  expect(await refusals.nth(0).textContent()).toMatch(
    /It uses an address of ours without a lease.*127\.0\.0\.102/s,
  );
  expect(await refusals.nth(1).textContent()).toMatch(/No address is left.*02:00:00:00:00:05/s);
  expect(complaints).toEqual([]);
});

it('news is there within moments, fifty rows at a time', async () => {
  const page = await openPage(settings);
  reportAll(page.site);
  const { tab } = await openTab(browser, page);
  await tab.getByText('Nobody has asked for an address yet').waitFor();
  for (let at = 100; at < 160; at += 1)
    await page.site.lease(`00:15:65:aa:01:${at.toString(16)}`, `127.0.0.${at}`);
  await page.site.write('dhcp', (tx) => tx.journal({ kind: 'leased', mac, body: { ip: '127.0.0.159' } }));
  await tab.getByText('the first 50 of 60 addresses').waitFor();
  await tab.getByRole('button', { name: 'Show more' }).click();
  await rowOf(tab, '127.0.0.159').waitFor();
  expect(await tab.locator('#lease-rows tr').count()).toBe(60);
  expect(await tab.locator('#leases-more').isVisible()).toBe(false);
});

const hostile = [
  '<img src=x onerror="globalThis.owned = 1">',
  '\u202Egnp.exe',
  'bell\u0007',
  'javascript:globalThis.owned=1',
  'W'.repeat(255),
];

it.each([390, 1200])(
  'hostile words are text, and nothing is wider than a screen of %i pixels',
  async (width) => {
    const page = await openPage(settings);
    reportAll(page.site);
    for (const [at, words] of hostile.entries()) {
      const url = JSON.stringify({ 66: `http://${words}`, 160: words });
      const hex = Buffer.from(words).toString('hex');
      const own = {
        vendor: words,
        vendor_class: words,
        hostname: words,
        circuit_id: hex,
        remote_id: hex,
        sent: url,
      };
      await page.site.write('dhcp', (tx) => {
        saveSent(tx.db, url);
        tx.journal({ kind: 'refused', mac, body: { reason: words } });
      });
      await page.site.lease(`02:00:00:00:00:0${at}`, `127.0.0.10${at}`, own);
    }
    const { tab, complaints } = await openTab(browser, page, { viewport: { width, height: 800 } });
    await rowOf(tab, '127.0.0.104').waitFor();
    expect(await tab.evaluate('globalThis.owned')).toBeUndefined();
    expect(await tab.locator('#leases img, #leases a').count()).toBe(0);
    const text = (await tab.locator('#leases').textContent()) ?? '';
    expect(text).toContain('<img src=x onerror');
    for (const control of ['\u202E', '\u0007']) expect(text).not.toContain(control);
    expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(complaints).toEqual([]);
  },
);

it('a box that gives no addresses has no list of them', async () => {
  const page = await openPage('[dhcp]\nmode = "off"\n');
  reportAll(page.site);
  const { tab } = await openTab(browser, page);
  await tab.getByRole('heading', { name: 'Everything works' }).waitFor();
  expect(await tab.locator('#leases').isVisible()).toBe(false);
});
