/** One phone's own view in a real browser. Without Chromium these fail. */
import { readFileSync } from 'node:fs';
import type { Browser, Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endCall } from '../../appliance/store/calls.ts';
import { saveSent } from '../../appliance/store/leases.ts';
import { saveMilestones } from '../../appliance/store/phone-configurations.ts';
import { openErrands } from '../../appliance/store/errands.ts';
import { saveRestart } from '../../appliance/store/restarts.ts';
import { systemClock } from '../../appliance/world.ts';
import { openPage } from '../support/page.ts';
import { placedPhone, reportAll, type Site } from '../support/site.ts';
import { launchBrowser, openTab } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';
const hour = 3_600_000;

/** Onboarded and waiting for somebody to sign in, with an hour and a half less than its 72. */
async function waitingPhone(site: Site): Promise<void> {
  const now = systemClock.now();
  await placedPhone(site, mac, ip);
  const sent = '{"42":"10.66.0.1","66":"http://10.66.0.1"}';
  await site.lease(mac, ip, {
    vendor: 'yealink',
    vendor_class: 'yealink',
    hostname: 'reception',
    circuit_id: '506f727433',
    sent,
  });
  await site.write('dhcp', ({ db }) => saveSent(db, sent));
  await site.binding(mac, ip, { aor: 'sip:001565aa0001x@onboarding.org' });
  await site.write('provisioning', ({ db }) =>
    saveMilestones(db, mac, { account: 'onboarding', onboardedAt: now - 1.5 * hour, cloudSeenAt: now }),
  );
  const boot = { isSecure: false, lastAt: now - 1.6 * hour };
  await site.request(mac, { path: '/001565aa0001.boot', status: 404, outcome: 'not here', ...boot });
  await site.request(mac, { stage: 0, outcome: 'overlay given', ...boot });
  await site.request(mac, {
    path: '/device/ob/…/lang_en/001565aa0001.cfg',
    stage: 2,
    lastAt: now - 1.5 * hour,
  });
  await site.request(mac, {
    path: '/device/state/OnBoarding/mmiiaacc/…/lang_en/001565aa0001.cfg',
    stage: 3,
    count: 28,
  });
  await site.call(mac, { state: 'ringing' });
}

const screenshots = process.env['GATEHOUSE_SCREENSHOTS'];

async function screenshot(tab: Tab, name: string): Promise<void> {
  if (screenshots !== undefined) await tab.screenshot({ path: `${screenshots}/${name}.png` });
}

it.each([
  ['desktop', { viewport: { width: 1200, height: 900 } }],
  ['phone', { viewport: { width: 390, height: 844 } }],
  ['dark', { viewport: { width: 1200, height: 900 }, colorScheme: 'dark' as const }],
])(
  'on a %s screen a phone’s name opens what to do next, what is known, and what it asked for',
  async (name, options) => {
    const page = await openPage();
    reportAll(page.site);
    await waitingPhone(page.site);
    const { tab, complaints } = await openTab(browser, page, options);
    await tab.getByRole('link', { name: 'Yealink SIP-T46S' }).click();
    const view = tab.getByRole('dialog', { name: 'Yealink SIP-T46S' });
    await view.getByText('Sign in at the phone; common-area phones').waitFor();
    await view.getByText('70 h').or(view.getByText('2 d 22 h left')).waitFor();
    const text = (await view.textContent()) ?? '';
    for (const words of [
      'Press Sign-in at the phone.',
      'waits for somebody to sign in',
      'Provisioning server (option 66)http://10.66.0.1',
      'Option 82Port3',
      'room 301',
      'GET /device/state/OnBoarding/mmiiaacc/…/lang_en/001565aa0001.cfg',
      'Passed from the cloud: its configuration',
      'Stage 3, HTTPS, 28 times',
      '66.86.0.15',
    ])
      expect(text).toContain(words);
    const inner = await view.evaluate(
      'document.getElementById("phone").scrollWidth - document.getElementById("phone").clientWidth',
    );
    expect(inner).toBe(0);
    expect(await tab.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await screenshot(tab, name);
    expect(complaints).toEqual([]);
  },
);

it('follows the phone while it is open, without a reload', async () => {
  const page = await openPage();
  await waitingPhone(page.site);
  const { tab } = await openTab(browser, page, { hash: `#phone=${mac}` });
  const view = tab.getByRole('dialog');
  await view.getByText('waits for somebody to sign in').waitFor();
  await page.site.binding(mac, ip, { aor: 'sip:+4930123456@contoso.com', registered_at: systemClock.now() });
  await page.site.write('provisioning', ({ db }) =>
    saveMilestones(db, mac, { account: 'final', signedInAt: systemClock.now() }),
  );
  await view.getByText('It is signed in.').waitFor();
  // The binding and the milestone are two writes; the page may look between them.
  await view.getByText('Signed in as').waitFor();
  expect(await view.textContent()).toContain('Signed in as+4930123456');
  await page.site.request(mac, { status: 410, stage: 2 });
  await view.getByText('Reset it to factory settings, so that it begins again.').waitFor();
  expect(await view.getByRole('list').first().textContent()).toContain('Menu > Settings');
});

it('opens and closes by keyboard, Back closes it, and the reader is where they were', async () => {
  const page = await openPage();
  await waitingPhone(page.site);
  const { tab } = await openTab(browser, page);
  const link = tab.getByRole('link', { name: 'Yealink SIP-T46S' });
  await link.focus();
  await tab.keyboard.press('Enter');
  await tab.getByRole('dialog').waitFor();
  await tab.keyboard.press('Escape');
  await tab.getByRole('dialog').waitFor({ state: 'hidden' });
  // The dialog is gone a moment before its close event.
  await tab.waitForURL((url) => url.hash === '');
  expect(await link.evaluate('document.activeElement.textContent')).toBe('Yealink SIP-T46S');
  await link.click();
  await tab.getByRole('dialog').waitFor();
  await tab.goBack();
  await tab.getByRole('dialog').waitFor({ state: 'hidden' });
  await link.click();
  await tab.getByRole('button', { name: 'Close' }).click();
  await tab.getByRole('dialog').waitFor({ state: 'hidden' });
});

it('shows hostile words of a phone as text, which do nothing', async () => {
  const page = await openPage();
  const words = '<img src=x onerror="globalThis.owned = 1">\u202Eevil\u001B[31m';
  await waitingPhone(page.site);
  await page.site.lease(mac, ip, { vendor: 'yealink', vendor_class: words, hostname: words });
  await page.site.request(mac, {
    path: words,
    reason: words,
    method: words,
    outcome: 'refused',
    status: 403,
  });
  page.site.phoneSyslog(mac, words);
  const { tab, complaints } = await openTab(browser, page, { hash: `#phone=${mac}` });
  const view = tab.getByRole('dialog');
  await view.getByText('was refused here').first().waitFor();
  expect(await view.locator('#phone-syslog').textContent()).toContain('error<img src=x');
  const text = (await view.textContent()) ?? '';
  expect(text).toContain('<img src=x');
  for (const control of ['\u202E', '\u001B']) expect(text).not.toContain(control);
  expect(await view.locator('img').count()).toBe(0);
  expect(await tab.evaluate('globalThis.owned')).toBeUndefined();
  expect(complaints).toEqual([]);
});

it('a log that the phone uploaded is saved by its link, whatever is in it, and opens nowhere', async () => {
  const page = await openPage();
  await waitingPhone(page.site);
  const words = '<script>globalThis.owned = 1</script>\n';
  await page.site.phoneLog(mac, words);
  const { tab, complaints } = await openTab(browser, page, { hash: `#phone=${mac}` });
  const link = tab.getByRole('dialog').getByRole('link', { name: 'app.log' });
  const [download] = await Promise.all([tab.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toBe('001565aa0001-1.log');
  expect(readFileSync(await download.path(), 'utf8')).toBe(words);
  expect(await tab.evaluate('globalThis.owned')).toBeUndefined();
  expect(complaints).toEqual([]);
});

it('a fragment that is no phone opens nothing; a phone that nobody has seen is said to be missing', async () => {
  const page = await openPage();
  const { tab } = await openTab(browser, page, { hash: '#phone=../../x' });
  expect(await tab.getByRole('dialog').count()).toBe(0);
  await tab.evaluate('location.hash = "#phone=00:15:65:aa:00:77"');
  await tab.getByRole('dialog').getByText('No phone with this MAC was seen here').waitFor();
});

it('a phone that can be told to restart has a button for it; what comes of the order stands beside it', async () => {
  const page = await openPage();
  await waitingPhone(page.site);
  const { tab, complaints } = await openTab(browser, page, { hash: `#phone=${mac}` });
  const view = tab.getByRole('dialog');
  await view.getByRole('button', { name: 'Restart' }).click();
  await view.getByText('The order waits for the SIP part.').waitFor();
  expect(await view.getByRole('button', { name: 'Restart' }).isDisabled()).toBe(true);
  const [errand] = await page.site.write('web', ({ db }) => openErrands(db, systemClock.now()));
  const result = {
    mac,
    givenAt: errand?.givenAt ?? 0,
    at: systemClock.now(),
    outcome: 'refused',
    status: 489,
  } as const;
  await page.site.write('sip', (tx) => {
    saveRestart(tx.db, result);
    tx.journal({ kind: 'phone_restart', mac, body: { outcome: 'refused', status: 489 } });
  });
  await view.getByText('It refused, with SIP status 489.').waitFor();
  expect(complaints).toEqual([]);
});

const call = 'c'.repeat(32);
const inSip = (line: string, more = '') => `${line}\r\nCall-ID: a\r\n${more}Content-Length: 0\r\n\r\n`;

async function failedCall(site: Site, more = ''): Promise<void> {
  await site.call(mac, { id: call, state: 'ringing' });
  const end = { id: call, endedAt: systemClock.now(), reason: '404 Not Found (Q.850 1)' };
  await site.write('sip', ({ db }) => endCall(db, end));
  const invite = inSip('INVITE sip:+4930222@example.com SIP/2.0', more);
  const refusal = inSip('SIP/2.0 404 Not Found');
  site.ladder(call, [invite, invite, refusal, refusal]);
}

it.each([
  ['desktop', { viewport: { width: 1200, height: 900 } }],
  ['phone', { viewport: { width: 390, height: 844 } }],
])(
  'on a %s screen a call opens its ladder: why it ended, and each message when it is asked for',
  async (name, options) => {
    const page = await openPage();
    reportAll(page.site);
    await failedCall(page.site);
    page.site.failedRegistration();
    const { tab, complaints } = await openTab(browser, page, options);
    await tab.getByText('Failed within a day').waitFor();
    await tab.getByRole('link', { name: '+4930111 → +4930222' }).click();
    const view = tab.getByRole('dialog', { name: '+4930111 → +4930222' });
    await view.getByText('There is no such number.').waitFor();
    await view.getByText('Look at what was dialled').waitFor();
    expect(await view.locator('summary').allTextContents()).toEqual([
      expect.stringMatching(/INVITE .*phone 10\.66\.0\.100:5061 → box, tls$/),
      expect.stringMatching(/INVITE .*box → cloud 192\.0\.2\.9:5061, tls$/),
      expect.stringMatching(/404 Not Found.*cloud 192\.0\.2\.9:5061 → box, tls$/),
      expect.stringMatching(/404 Not Found.*box → phone 10\.66\.0\.100:5061, tls$/),
    ]);
    expect(await view.locator('pre').first().isVisible()).toBe(false);
    await view.locator('summary').first().click();
    await view.getByText('Call-ID: a').first().waitFor();
    // News of other calls close nothing that the reader has opened.
    await page.site.call('00:15:65:aa:00:02', { id: 'other' });
    await tab.locator('#calls-summary', { hasText: '1 now' }).waitFor();
    expect(await view.locator('pre').first().isVisible()).toBe(true);
    const [download] = await Promise.all([
      tab.waitForEvent('download'),
      view.getByRole('link', { name: 'pcap for Wireshark' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`${call}.pcap`);
    const wide =
      'document.getElementById("ladder").scrollWidth - document.getElementById("ladder").clientWidth';
    expect(await view.evaluate(wide)).toBe(0);
    expect(await tab.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await screenshot(tab, `ladder-${name}`);
    await tab.goBack();
    await view.waitFor({ state: 'hidden' });
    await tab.getByRole('link', { name: `A registration of ${mac}` }).click();
    await tab.getByRole('dialog').getByText('The cloud forbids it to register.').waitFor();
    expect(complaints).toEqual([]);
  },
);

it('shows hostile words of SIP messages as text, which do nothing', async () => {
  const page = await openPage();
  const words =
    '<img src=x onerror="globalThis.owned = 1"></pre><script>globalThis.owned = 2</script>\u202Eevil\u001B[31m';
  await failedCall(page.site, `Subject: ${words}\r\n`);
  page.site.failedRegistration({ reason: words, aor: `${words}@x`, phone: words, registrar: words });
  page.site.ladder('registration-001565aa0001', [inSip(`INVITE sip:${words} SIP/2.0`)]);
  const { tab, complaints } = await openTab(browser, page, { hash: `#call=${call}` });
  const view = tab.getByRole('dialog');
  await view.locator('summary').first().click();
  await view.getByText('Subject:').first().waitFor();
  for (const hash of [`#call=${call}`, '#registration=registration-001565aa0001']) {
    await tab.evaluate(`location.hash = "${hash}"`);
    await view.locator(`a[href*="${hash.split('=')[1]}.pcap"]`).waitFor();
    const text = (await tab.locator('body').textContent()) ?? '';
    expect(text).toContain('<img src=x');
    for (const control of ['\u202E', '\u001B']) expect(text).not.toContain(control);
    expect(await tab.locator('main img, dialog img, dialog script').count()).toBe(0);
  }
  expect(await tab.evaluate('globalThis.owned')).toBeUndefined();
  expect(complaints).toEqual([]);
});
