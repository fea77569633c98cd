/** Logs of phones as the page gives them: text of strangers, to save. */
import { expect, it } from 'vitest';
import { openPage } from '../support/page.ts';
import { placedPhone } from '../support/site.ts';

const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';

it("gives a phone's log as text to save and nothing else, and only on the box itself", async () => {
  const { site, url } = await openPage();
  await placedPhone(site, mac, ip);
  const text = '<script>alert(1)</script>\n';
  await site.phoneLog(mac, text);
  const { logs } = (await (await fetch(`${url}/api/phones/${mac}`)).json()) as { logs: unknown };
  expect(logs).toMatchObject([{ id: 1, name: 'app.log', sent: text.length, kept: text.length }]);
  const log = await fetch(`${url}/api/phones/${mac}/logs/1`);
  expect(await log.text()).toBe(text);
  expect(Object.fromEntries(log.headers)).toMatchObject({
    'content-type': 'text/plain; charset=utf-8',
    'content-disposition': 'attachment; filename="001565aa0001-1.log"',
    'x-content-type-options': 'nosniff',
  });
  expect((await fetch(`${url}/api/phones/${mac}/logs/2`)).status).toBe(404);
  expect((await fetch(`${url}/api/phones/${mac}/logs/x`)).status).toBe(400);
  expect((await fetch(`${url}/api/phones/00:15:65:aa:00:02/logs/1`)).status).toBe(404);
});

it('gives what a phone said by syslog: the last lines with the phone, all of them as text to save', async () => {
  const { site, url } = await openPage();
  await placedPhone(site, mac, ip);
  expect((await fetch(`${url}/api/phones/${mac}/syslog`)).status).toBe(404);
  for (let at = 0; at < 30; at += 1) site.phoneSyslog(mac, `<b>${at}`);
  const { syslog } = (await (await fetch(`${url}/api/phones/${mac}`)).json()) as { syslog: unknown[] };
  expect(syslog).toHaveLength(20);
  expect(syslog.at(-1)).toMatchObject({ severity: 'error', text: '<b>29' });
  const all = await fetch(`${url}/api/phones/${mac}/syslog`);
  expect(Object.fromEntries(all.headers)).toMatchObject({
    'content-type': 'text/plain; charset=utf-8',
    'content-disposition': 'attachment; filename="001565aa0001-syslog.log"',
  });
  const lines = (await all.text()).split('\n');
  expect(lines).toHaveLength(31);
  expect(lines[0]).toMatch(/^20\d\d-\S+Z error <b>0$/);
});
