/** Orders to restart a phone, as the page gives them. */
import { expect, it } from 'vitest';
import { openErrands } from '../../appliance/store/errands.ts';
import { saveRestart } from '../../appliance/store/restarts.ts';
import { openPage } from '../support/page.ts';
import { placedPhone } from '../support/site.ts';

const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';
const json = { 'content-type': 'application/json' };

async function order(url: string, of = mac, headers: Record<string, string> = json): Promise<Response> {
  return await fetch(`${url}/api/phones/${of}/restart`, { method: 'POST', headers, body: '{}' });
}

it('an order to restart is written for the SIP part, once, and its outcome stands in the phone', async () => {
  const { site, url } = await openPage();
  await placedPhone(site, mac, ip);
  const given = await order(url);
  expect(given.status).toBe(200);
  expect(await given.json()).toMatchObject({ isOffered: true, last: { isOpen: true, isGood: false } });
  expect((await order(url)).status).toBe(409);
  const [errand] = await site.write('web', ({ db }) => openErrands(db, Date.now()));
  expect(errand).toMatchObject({ kind: 'restart', mac });
  const result = {
    mac,
    givenAt: errand?.givenAt ?? 0,
    at: Date.now(),
    outcome: 'refused',
    status: 401,
  } as const;
  await site.write('sip', ({ db }) => saveRestart(db, result));
  const phone = (await (await fetch(`${url}/api/phones/${mac}`)).json()) as { restart: { last: unknown } };
  expect(phone.restart.last).toMatchObject({
    isOpen: false,
    isGood: false,
    words: expect.stringContaining('password') as string,
  });
});

it('no order is taken for a phone that is unknown, not registered here, or of a make without a known form', async () => {
  const { site, url } = await openPage();
  expect((await order(url)).status).toBe(404);
  await site.lease(mac, ip, { vendor: 'yealink' });
  const answer = await order(url);
  expect(answer.status).toBe(409);
  expect(await answer.text()).toContain('not registered');
  await site.lease('02:00:00:00:00:01', '10.66.0.101');
  await site.binding('02:00:00:00:00:01', '10.66.0.101', { user_agent: 'softphone' });
  expect(await (await order(url, '02:00:00:00:00:01')).text()).toContain('not known here');
});

it('no order is taken from a page of another site', async () => {
  const { site, url } = await openPage();
  await placedPhone(site, mac, ip);
  expect((await order(url, mac, { 'content-type': 'text/plain' })).status).toBe(403);
  const foreign = { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' };
  expect((await order(url, mac, foreign)).status).toBe(403);
  expect(await site.write('web', ({ db }) => openErrands(db, Date.now()))).toEqual([]);
});
