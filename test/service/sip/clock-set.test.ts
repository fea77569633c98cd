/** The clock of the box is set while phones are registered and in calls: nobody at a phone may notice. */
import { describe, expect, it } from 'vitest';
import { saveBinding } from '../../../appliance/store/bindings.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { isRequest } from '../../../appliance/protocol/sip-message.ts';
import { bindingRow } from '../../support/binding-row.ts';
import { hurriedClock, type FakeClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { lease } from '../../support/lease.ts';
import {
  ended,
  inviteText,
  inward,
  outward,
  registered,
  talking,
  within,
  type Setting,
} from '../../support/sip-calls.ts';
import { header, openSipSite, requestText, responseText } from '../../support/sip-site.ts';

const hour = 3_600_000;
/** So often bindings are looked at. */
const sweepMs = 2000;
const wait = { timeoutMs: 4000, everyMs: 5 };

async function set(clock: FakeClock, ms: number): Promise<void> {
  clock.set(clock.now() + ms);
  await clock.advance(sweepMs);
}

/** The REGISTER of `registered` again. */
const refresh = (cseq: number) =>
  requestText({
    method: 'REGISTER',
    uri: 'sip:127.0.0.1',
    lines: [
      'From: <sip:1001@office.example>;tag=r',
      'To: <sip:1001@office.example>',
      'Call-ID: reg',
      `CSeq: ${cseq} REGISTER`,
      'Contact: <sip:1001@127.0.0.1:5999>',
      'Expires: 3600',
    ],
  });

async function rings({ phone, flow, token }: Setting): Promise<void> {
  flow.send(inviteText(inward, { uri: `sip:${token}@127.0.0.1` }));
  phone.send(responseText(await phone.request('INVITE'), '486 Busy Here'));
  await flow.response(486);
}

describe.each([
  ['three hours forward', 3 * hour],
  ['ten years forward', 87_600 * hour],
  ['nine hours back', -9 * hour],
])('when the clock is set %s', (_what, ms) => {
  it('a phone is called as before, its refresh is answered here, and a silent one is late and forgotten in its time', async () => {
    const clock = hurriedClock();
    const setting = await registered('tls', { clock });
    const { site, phone, flow } = setting;
    await set(clock, ms);
    await rings(setting);
    phone.send(refresh(2));
    await phone.response(200);
    expect(flow.waiting.filter((message) => isRequest(message))).toEqual([]);
    for (let steps = 0; steps < 80; steps += 1) await clock.advance(sweepMs);
    await until('it to be late', () => site.bindings()[0]?.state === 'late' || undefined, wait);
    await clock.advance(hour);
    await until('it to be forgotten', () => site.bindings().length === 0 || undefined, wait);
  });

  it('a registration that is under way then lasts as long as it was granted', async () => {
    const clock = hurriedClock();
    const { site, phone, flow } = await registered('tls', { clock });
    phone.send(refresh(2).replace('Expires: 3600', 'Expires: 0'));
    const leaving = await flow.request('REGISTER');
    flow.send(responseText(leaving, '200 OK'));
    await phone.response(200);
    phone.send(refresh(3));
    const again = await site.flow(1);
    const request = await again.request('REGISTER');
    clock.set(clock.now() + ms);
    again.send(
      responseText(request, '200 OK', { lines: [`Contact: ${header(request, 'Contact')};expires=600`] }),
    );
    await phone.response(200);
    await clock.advance(sweepMs);
    const left = () => (site.bindings()[0]?.expiresAt ?? 0) - clock.now();
    const isRight = () => (left() > 500_000 && left() <= 600_000) || undefined;
    await until('it to be moved along', isRight, { ...wait, lastSeen: () => String(left()) });
    await clock.advance(sweepMs);
    expect(left()).toBeGreaterThan(500_000);
  });

  it('what is waited for in a subscription still comes, and the length of a call is what it was', async () => {
    const clock = hurriedClock();
    const setting = await registered('tls', { clock });
    const { site, phone, flow } = setting;
    const event = ['Event: message-summary', 'Expires: 600'];
    const waiting = { ...outward, callId: 'mwi-1', to: '<sip:1001@office.example>' };
    phone.send(
      inviteText(waiting, { method: 'SUBSCRIBE', uri: 'sip:1001@127.0.0.1', body: '', lines: event }),
    );
    const subscribe = await flow.request('SUBSCRIBE');
    const edge = 'Contact: <sip:edge@127.0.0.1;transport=tls>';
    flow.send(responseText(subscribe, '200 OK', { lines: ['Expires: 600', edge] }));
    await phone.response(200);
    const { answer } = await talking(setting);
    await clock.advance(10_000);
    await set(clock, ms);
    expect(site.sip.counters()['subscriptions']).toBe(1);
    phone.send(within(outward, answer, 'BYE').text({ cseq: 2 }));
    flow.send(responseText(await flow.request('BYE'), '200 OK'));
    const { startedAt, answeredAt = 0, endedAt = 0 } = await ended(site);
    expect(endedAt - answeredAt).toBeGreaterThanOrEqual(10_000);
    expect(endedAt - answeredAt).toBeLessThan(30_000);
    expect(answeredAt - startedAt).toBeLessThan(10_000);
    expect(site.journal('call_ended')).toMatchObject([
      { seconds: expect.toSatisfy((seconds: number) => seconds >= 10 && seconds < 30) as number },
    ]);
    await clock.advance(700_000);
    expect(site.sip.counters()['subscriptions']).toBe(0);
  });
});

it('a phone is known by its lease although the lease seems to have ended, until dhcp has moved it along', async () => {
  const directory = temporaryDirectory();
  await lease(directory, '127.0.0.1', '00:15:65:00:00:01');
  const clock = hurriedClock();
  const setting = await registered('tls', { clock, directory });
  await set(clock, 87_600 * hour);
  setting.phone.send(refresh(2));
  await setting.phone.response(200);
  expect(setting.site.bindings()).toMatchObject([{ mac: '00:15:65:00:00:01' }]);
  expect(setting.site.upstream).toHaveLength(1);
});

it('what a process before wrote down by a clock far ahead does not stay for ever', async () => {
  const directory = temporaryDirectory();
  const clock = hurriedClock();
  const ahead = clock.now() + 87_600 * hour;
  {
    using store = openStore({ directory, part: 'sip', clock });
    await store.write(({ db }) => saveBinding(db, bindingRow(ahead)));
  }
  const site = await openSipSite({ directory, clock, rtp: false });
  await clock.advance(sweepMs);
  expect(site.bindings()).toHaveLength(1);
  await clock.advance(2 * hour);
  await until('it to be forgotten', () => site.bindings().length === 0 || undefined, wait);
});
