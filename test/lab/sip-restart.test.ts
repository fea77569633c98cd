/** kill -9 of the SIP application: registrations come back without anybody touching a phone, media of a call flow on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Baresip } from '../support/baresip.ts';
import { until, type Running } from '../support/command.ts';
import { countRtp } from '../support/rtp-counter.ts';
import { openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';

let site: SipLab;
let sip: Running;
let phone: Baresip;
let remote: Baresip;

const settings = '[sip]\nlocal_expires_tcp_seconds = 4\n[rtp]\nidle_seconds = 3\n';

beforeAll(async () => {
  site = await openSipLab({ phones: 1 });
  await site.startBox(['rtp'], settings);
  sip = await site.startBox(['sip'], settings);
  phone = await site.startPhone(0);
  remote = await site.startRemote();
  await phone.registered();
  await remote.registered();
});

afterAll(() => site[Symbol.asyncDispose]());

async function killed(running: Running): Promise<void> {
  running.kill('SIGKILL');
  await running.exited;
}

it('a call goes on hearing while the application is killed and started again, and ends in the records when it falls silent', async () => {
  await phone.command('dial', `sip:4930555@${registrar}`);
  await remote.waitFor('CALL_ESTABLISHED');
  await phone.waitFor('CALL_ESTABLISHED');
  await sleep(500);
  await killed(sip);
  const count = await countRtp(site.phones[0] ?? site.box);
  await sleep(1000);
  const without = await count();
  expect(without.heard, 'with nobody there but the relay').toBeGreaterThan(30);
  sip = await site.startBox(['sip'], settings);
  await sleep(1000);
  expect((await count()).heard).toBeGreaterThan(without.heard + 30);
  expect(site.calls()[0]).toMatchObject({ state: 'up' });
  await phone.command('hangup');
  await remote.command('hangup');
  const ended = () => site.calls().find(({ state }) => state === 'ended');
  expect(await until('the record to end', ended, { timeoutMs: 15_000 })).toMatchObject({
    reason: 'lost with the process',
  });
});

it('bindings are there after a restart, pass through at the next refresh, and calls arrive again', async () => {
  const token = site.kamailio.seen
    .findLast(({ what, fromUser }) => what === 'registered' && fromUser === '1001')
    ?.contact.slice(0, 38);
  await killed(sip);
  expect(site.bindings()).toMatchObject([{ aor: `1001@${registrar}` }]);
  const before = site.kamailio.seen.length;
  sip = await site.startBox(['sip'], settings);
  const again = await until(
    'the phone to be registered again',
    () =>
      site.kamailio.seen
        .slice(before)
        .find(({ what, fromUser }) => what === 'registered' && fromUser === '1001'),
    // A refresh that falls into the moment without the box is tried again by the phone after half a minute to a whole one.
    { timeoutMs: 80_000, lastSeen: phone.process.lastWords },
  );
  expect(again.contact.slice(0, 38), 'the registrar is told the same Contact').toBe(token);
  await until('the binding to be good', () => site.bindings()[0]?.state === 'registered' || undefined, {
    timeoutMs: 5000,
  });
  const since = phone.events.length;
  await remote.command('dial', `sip:1001@${registrar}`);
  await phone.waitFor('CALL_ESTABLISHED', { since });
  await sleep(300);
  await remote.command('hangup');
  await phone.waitFor('CALL_CLOSED', { since });
});
