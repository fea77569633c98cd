/** The page in a real browser, over facts written by the real store functions. Without Chromium these fail. */
import type { Browser, Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openQualityStore } from '../../appliance/store/media-quality.ts';
import { openPage } from '../support/page.ts';
import { placedPhone, reportAll } from '../support/site.ts';
import { launchBrowser, openTab } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';

function row(tab: Tab, of = mac) {
  return tab.locator(`tr[data-mac="${of}"]`);
}

describe('a phone that comes up while somebody watches', () => {
  it('is shown step by step as its facts are committed, without a reload', async () => {
    const page = await openPage();
    reportAll(page.site);
    const { tab, complaints } = await openTab(browser, page);
    await tab.getByText('No phone has been seen yet').waitFor();
    const steps: [() => Promise<void>, string][] = [
      [async () => await page.site.lease(mac, ip, { vendor: 'yealink' }), 'Has an address'],
      [
        async () => await page.site.configuration(mac, ip, { vendor: 'yealink', model: 'SIP-T46S' }),
        'Has its settings',
      ],
      [async () => await page.site.binding(mac, ip), 'Registered'],
      [
        async () =>
          await page.site.placement(mac, { place: 'room 301', port: 'Gi1/0/3', switchName: 'first floor' }),
        'Ready',
      ],
      [async () => await page.site.call(mac), 'In a call'],
    ];
    for (const [at, [commit, words]] of steps.entries()) {
      await commit();
      await row(tab).locator('.stage').getByText(words, { exact: true }).waitFor();
      expect(await row(tab).locator('.steps .done').count()).toBe(Math.min(at + 1, 4));
    }
    expect(await row(tab).textContent()).toMatch(
      /Yealink SIP-T46S.*room 301.*first floor, port Gi1\/0\/3.*10\.66\.0\.100/s,
    );
    expect(complaints).toEqual([]);
  });

  it('moves to its new place', async () => {
    const page = await openPage();
    await placedPhone(page.site, mac, ip);
    const { tab } = await openTab(browser, page);
    await row(tab).getByText('room 301').waitFor();
    await page.site.placement(mac, { place: 'Building 3', port: 'Gi1/0/9', switchName: 'first floor' });
    await row(tab).getByText('Building 3').waitFor();
    expect(await tab.locator('#phone-rows tr').count()).toBe(1);
  });

  it('leaves its rows of the journal, newest first', async () => {
    const page = await openPage();
    const { tab } = await openTab(browser, page);
    for (const release of ['one', 'two']) {
      await page.site.write('dhcp', (tx) => tx.journal({ kind: 'started', mac, body: { release } }));
      await tab.locator('#journal-rows').getByText(`release ${release}`).waitFor();
    }
    expect(await tab.locator('#journal-rows li').first().textContent()).toContain('two');
  });
});

describe('what is wrong', () => {
  it('stands first, in words, and goes when it is over', async () => {
    const page = await openPage();
    reportAll(page.site);
    page.site.report('location', { state: 'degraded', reason: 'switch a is silent' });
    const { tab } = await openTab(browser, page);
    await tab.getByRole('heading', { name: 'One thing is wrong' }).waitFor();
    expect(await tab.locator('main > section').first().textContent()).toContain('switch a is silent');
    reportAll(page.site);
    await tab.getByRole('heading', { name: 'Everything works' }).waitFor();
  });

  it('phones that may send passwords in clear are marked', async () => {
    const page = await openPage('[provisioning]\nallow_cleartext = ["yealink"]\n[web]\nport = 0\n');
    await placedPhone(page.site, mac, ip);
    const { tab } = await openTab(browser, page);
    await row(tab).getByText('Passwords in clear').waitFor();
    expect(await tab.locator('#facts').textContent()).toContain('In clear: yealink');
  });

  it('a page whose box is gone says so', async () => {
    const page = await openPage();
    const { tab } = await openTab(browser, page);
    await page.web[Symbol.asyncDispose]();
    await tab.getByText('Connection lost, trying again').waitFor();
    expect(await tab.locator('#connection').getAttribute('data-state')).toBe('lost');
  });
});

/** Everything that somebody on the network can name, with what should not happen. */
const hostile = [
  '<script>globalThis.owned = 1</script>',
  '<img src=x onerror="globalThis.owned = 1">',
  '"\' onmouseover="globalThis.owned = 1" x="',
  '</td></tr></table><h1>owned</h1>',
  'javascript:globalThis.owned=1',
  '\u202Egnp.exe\u202C',
  'bell\u0007 escape\u001B[31m nul\u0000',
  '{{constructor.constructor("globalThis.owned=1")()}}',
  'W'.repeat(200),
];

describe('hostile words of phones and switches', () => {
  it('are shown as text and do nothing', async () => {
    const page = await openPage();
    reportAll(page.site);
    for (const [at, words] of hostile.entries()) {
      const of = `00:15:65:aa:01:0${at}`;
      const address = `10.66.0.11${at}`;
      await page.site.lease(of, address, { vendor: 'yealink', hostname: words });
      await page.site.configuration(of, address, {
        vendor: 'yealink',
        model: words,
        firmware: words,
        userAgent: words,
      });
      await page.site.binding(of, address, { aor: `sip:${words}`, user_agent: words });
      await page.site.placement(of, { place: words, switchName: words, port: words });
      await page.site.call(of, { from: words, to: words });
      await page.site.neighbor({ systemName: words, chassis: `chassis ${at}`, port: words });
      await page.site.write('sip', (tx) =>
        tx.journal({ kind: 'registered', mac: of, body: { aor: words, user_agent: words } }),
      );
    }
    page.site.report('sip', { state: 'degraded', reason: hostile.join(' ') });
    const { tab, complaints } = await openTab(browser, page);
    await row(tab, '00:15:65:aa:01:08').locator('.stage').waitFor();
    expect(await tab.evaluate('globalThis.owned')).toBeUndefined();
    expect(await tab.locator('h1').count()).toBe(1);
    expect(await tab.locator('main img, main script').count()).toBe(0);
    const text = (await tab.locator('body').textContent()) ?? '';
    for (const words of hostile.slice(0, 5)) expect(text).toContain(words);
    for (const control of ['\u202E', '\u0007', '\u001B', '\0']) expect(text).not.toContain(control);
    await row(tab, '00:15:65:aa:01:02').hover();
    expect(await tab.evaluate('globalThis.owned')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  it.each([320, 375, 768, 1200])('do not push the page beyond a screen of %i pixels', async (width) => {
    const page = await openPage();
    reportAll(page.site);
    await placedPhone(page.site, mac, ip);
    await page.site.lease('00:15:65:aa:00:02', '10.66.0.102', {
      vendor: 'yealink',
      hostname: 'W'.repeat(200),
    });
    await page.site.placement('00:15:65:aa:00:02', {
      place: 'W'.repeat(200),
      switchName: 'W'.repeat(100),
      port: 'W'.repeat(100),
    });
    await page.site.call(mac, { from: `sip:${'9'.repeat(200)}@x`, to: `sip:${'9'.repeat(200)}@x` });
    await page.site.write('sip', (tx) =>
      tx.journal({ kind: 'registered', mac, body: { aor: 'W'.repeat(400) } }),
    );
    page.site.report('sip', { state: 'degraded', reason: 'W'.repeat(300) });
    const { tab } = await openTab(browser, page, { viewport: { width, height: 800 } });
    await row(tab).locator('.stage').waitFor();
    await tab.locator('#journal-rows li').first().waitFor();
    expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });
});

describe('the browser keeps the rules of the page', () => {
  it('inline script and script from elsewhere do not run', async () => {
    const { tab } = await openTab(browser, await openPage());
    const blocked = await tab.evaluate(`new Promise((resolve) => {
      const seen = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        seen.push(event.effectiveDirective);
        if (seen.length === 2) resolve(seen);
      });
      for (const fill of [(script) => (script.textContent = 'globalThis.owned = 1'), (script) => (script.src = 'http://127.0.0.1:1/x.js')]) {
        const script = document.createElement('script');
        fill(script);
        document.head.append(script);
      }
    })`);
    expect(blocked).toEqual(['script-src-elem', 'script-src-elem']);
    expect(await tab.evaluate('globalThis.owned')).toBeUndefined();
  });

  it('the page can be found and read without seeing it', async () => {
    const page = await openPage();
    reportAll(page.site);
    await placedPhone(page.site, mac, ip);
    const { tab } = await openTab(browser, page, { viewport: { width: 375, height: 800 } });
    await row(tab).locator('.stage').waitFor();
    for (const role of ['banner', 'main', 'contentinfo'] as const)
      expect(await tab.getByRole(role).count()).toBe(1);
    const table = tab.getByRole('table', { name: 'Phones' });
    expect(await table.getByRole('columnheader').count()).toBe(4);
    expect(await table.getByRole('rowheader', { name: /Yealink SIP-T46S/ }).count()).toBe(1);
    expect(await table.getByRole('listitem').allTextContents()).toEqual([
      '✓ Address, done',
      '✓ Settings, done',
      '✓ Registered, done',
      '✓ Placed, done',
    ]);
    expect(await tab.locator('#verdict [aria-live=polite]').textContent()).toContain('Everything works');
    await tab.keyboard.press('Tab');
    expect(await tab.evaluate('document.activeElement.textContent')).toBe('To the phones');
  });

  it('words stand out from their ground in light and in dark', async () => {
    const page = await openPage();
    for (const colorScheme of ['light', 'dark'] as const) {
      const { tab } = await openTab(browser, page, { colorScheme });
      const ratios = await tab.evaluate(contrasts);
      expect(Object.entries(ratios as Record<string, number>).filter(([, ratio]) => ratio < 4.5)).toEqual([]);
      expect(Object.keys(ratios as object)).toHaveLength(11);
    }
  });
});

/** WCAG 2 contrast of each pair of colours that text is set in; runs in the browser. */
const contrasts = `(() => {
  const style = getComputedStyle(document.documentElement);
  const luminance = (name) => {
    const hex = style.getPropertyValue('--' + name).trim().slice(1);
    const [r, g, b] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pairs = [['ink', 'paper'], ['ink', 'card'], ['muted', 'paper'], ['muted', 'card'], ['accent', 'card'], ['accent', 'accent-soft'], ['good', 'good-soft'], ['warn', 'warn-soft'], ['bad', 'bad-soft'], ['warn', 'card'], ['bad', 'paper']];
  return Object.fromEntries(pairs.map(([a, b]) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return [a + ' on ' + b, (light + 0.05) / (dark + 0.05)];
  }));
})()`;

describe('a call that sounds badly', () => {
  it('is shown with the side that spoils it, its figures and a chart', async () => {
    const page = await openPage();
    await page.site.call(mac);
    using file = openQualityStore(page.directory);
    const good = { packets: 500, lossToBox: 0, jitterToBoxMs: 2, mos: 4.4, codec: 'PCMU' };
    const total = {
      phone: good,
      cloud: { ...good, lossToBox: 0.06, roundTripMs: 80, mos: 3.4 },
      heardByPhone: 3.4,
      heardByFarEnd: 4.4,
    };
    const point = { phoneLoss: 0, cloudLoss: 0.06 };
    const chart = [4.4, 3.1, 3.4].map((mos, at) => ({ ...point, at: at * 5000, mos }));
    const call = `call-${mac}`;
    file.save([{ session: `${call}.0`, call, at: 15_000, isEnded: false, total, chart }]);
    const { tab, complaints } = await openTab(browser, page);
    const shown = tab.locator('#call-rows .quality');
    await shown.getByText('Sound poor, 3.4 of 4.4').waitFor();
    expect(await shown.textContent()).toContain(
      'The way out lost 6.0 % of the packets on their way to the box.',
    );
    expect(await shown.textContent()).toContain(
      'Way out: PCMU, 6.0 % lost, 2 ms jitter, 80 ms there and back.',
    );
    const svg = shown.getByRole('img', { name: 'Score over the call, lowest 3.1, last 3.4' });
    expect(await svg.locator('polyline').getAttribute('points')).toMatch(/^0\.0,\S+ 60\.0,\S+ 120\.0,\S+$/);
    expect(complaints).toEqual([]);
  });
});
