/** Calls for help on the page, in a real browser. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { saveEmergencyCall, type EmergencyCall } from '../../appliance/store/emergency-calls.ts';
import { openPage } from '../support/page.ts';
import { launchBrowser, openTab } from '../support/tab.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => await browser.close());

const mac = '00:15:65:aa:00:01';
const help: EmergencyCall = {
  id: 'a1',
  kind: 'help',
  at: Date.UTC(2026, 10, 26, 9, 30),
  number: '112',
  name: '<b>Ann</b>',
  caller: { aor: '1001@x', phone: 'p', source: '10.66.0.101:5060', transport: 'tls', contact: 'sip:x', mac },
  place: { mac, source: 'snmp', at: 1, place: 'room 301' },
  callback: '+4930555101',
  ways: [],
  notices: [{ by: 'mail', to: 'a@b', tries: 2, isDelivered: false, result: '550 no', at: 2 }],
};

it('a call for help comes up above all else while somebody watches, and who took it follows', async () => {
  const page = await openPage();
  const { tab, complaints } = await openTab(browser, page);
  await tab.locator('#phones-empty').waitFor();
  expect(await tab.locator('#emergencies').isVisible()).toBe(false);
  const commit = async (call: EmergencyCall) =>
    await page.site.write('sip', (tx) => {
      saveEmergencyCall(tx.db, call);
      tx.journal({
        kind: 'emergency_notice',
        body: { call: call.id, by: 'mail', delivered: false, tries: 1 },
      });
    });
  await commit(help);
  const row = tab.locator('#emergency-rows li');
  await row.getByText('Going on').waitFor();
  expect(await row.textContent()).toMatch(
    /^112.*<b>Ann<\/b>, 1001 · room 301 \(snmp\).*call back \+4930555101.*Told: mail not yet \(550 no, 2 tries\)$/s,
  );
  await commit({ ...help, ways: [{ way: 'gateway', at: 2, outcome: 'answered' }] });
  await row.getByText('Taken by the gateway here').waitFor();
  expect(complaints).toEqual([]);
});
