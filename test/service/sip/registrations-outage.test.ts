/** Ways to the registrar that fail without a word, and senders that ask too often. Time is the test's. */
import { expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import { hurriedClock, type FakeClock } from '../../support/clock.ts';
import { accept, register, registerText, tokenOf } from '../../support/sip-registering.ts';
import { header, openSipSite, responseText, type Peer, type SipSite } from '../../support/sip-site.ts';

/** Milliseconds of the test's clock, in steps, so that sockets have their turn between. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await clock.advance(Math.min(500, left));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function registeredSite(): Promise<{ clock: FakeClock; site: SipSite; phone: Peer; flow: Peer }> {
  const clock = hurriedClock();
  const site = await openSipSite({ clock, rtp: false });
  const phone = await site.phone('tls');
  await register(site, phone);
  return { clock, site, phone, flow: await site.flow(0) };
}

/** Not answered from the store. */
const refresh = registerText({ cseq: 2, contact: '<sip:1001@127.0.0.1:6000>' });

it.each([
  ['answers pings, within 14 seconds', true, 14_000],
  ['never answers pings, within 17 seconds', false, 17_000],
])(
  'a refresh over a connection that a router forgot reaches a registrar that %s, and the phone hears only 200',
  async (_title, answersPings, withinMs) => {
    const { clock, site, phone, flow } = await registeredSite();
    await pass(clock, 2000);
    if (answersPings) flow.send('\r\n');
    await pass(clock, 1000);
    phone.send(refresh);
    const lost = await flow.request('REGISTER');
    await pass(clock, withinMs);
    const second = await site.flow(1);
    const seen = await second.request('REGISTER');
    expect(tokenOf(seen)).toBe(tokenOf(lost));
    expect(header(seen, 'Call-ID')).toBe(header(lost, 'Call-ID'));
    accept(second, seen, { seconds: 3600 });
    await phone.response(200);
    expect(phone.waiting).toEqual([]);
    expect(site.bindings()).toMatchObject([{ state: 'registered', contact: 'sip:1001@127.0.0.1:6000' }]);
    expect(site.journal('registration_lost')).toHaveLength(1);
    expect(site.journal('registered')).toHaveLength(2);
    expect(site.sip.counters()).toMatchObject({ registrations_repeated: 1, errors: 0 });
  },
);

it('a connection that is dead while nobody asks is lost within 36 seconds, and the next refresh goes over another one at once', async () => {
  const { clock, site, phone, flow } = await registeredSite();
  await pass(clock, 2000);
  flow.send('\r\n');
  await pass(clock, 36_000);
  await until('the loss to be noticed', () => site.bindings()[0]?.state === 'lost' || undefined, {
    timeoutMs: 3000,
    everyMs: 10,
  });
  phone.send(registerText({ cseq: 2 }));
  accept(await site.flow(1), await (await site.flow(1)).request('REGISTER'), { seconds: 3600 });
  await phone.response(200);
  expect(site.bindings()[0]?.state).toBe('registered');
});

it('a registrar that is there and never answers becomes 503 with a time to come back, before the phone gives up', async () => {
  const { clock, site, phone, flow } = await registeredSite();
  await pass(clock, 2000);
  flow.send('\r\n');
  phone.send(refresh);
  await flow.request('REGISTER');
  for (let at = 0; at < 6; at += 1) {
    await pass(clock, 5000);
    // It lives: only this one request has no answer.
    flow.send('\r\n');
  }
  const answer = await phone.response(503);
  expect(Number(header(answer, 'Retry-After'))).toBeGreaterThanOrEqual(10);
  expect(site.upstream).toHaveLength(1);
});

it('who is not registered has ten attempts at once and one a second, told as one row; who is registered has them all', async () => {
  const { clock, site, phone } = await registeredSite();
  const stranger = await site.phone('tls');
  for (let at = 0; at < 9; at += 1) stranger.send(registerText({ cseq: 1, aor: `20${at}` }));
  for (let at = 0; at < 20; at += 1) stranger.send(registerText({ cseq: 1, aor: `30${at}` }));
  for (let at = 0; at < 20; at += 1) {
    const answer = await stranger.response(503);
    expect(answer.reason).toBe('Too many attempts');
    expect(Number(header(answer, 'Retry-After'))).toBeGreaterThanOrEqual(10);
  }
  expect(site.sip.counters()).toMatchObject({
    registrations_passed: 10,
    registrations_too_fast: 20,
  });
  await until('the row', () => site.journal('registration_refused')[0], { timeoutMs: 2000, everyMs: 10 });
  expect(site.journal('registration_refused')).toEqual([
    { status: 503, reason: 'Too many attempts', source: '127.0.0.1' },
  ]);
  phone.send(refresh);
  const flow = await site.flow(0);
  await until('the refresh', () => flow.waiting.find((seen) => header(seen, 'CSeq') === '2 REGISTER'), {
    timeoutMs: 3000,
    everyMs: 5,
  });
  await clock.advance(3000);
  stranger.send(registerText({ cseq: 1, aor: '400' }));
  await until('the next attempt', () => site.sip.counters()['registrations_passed'] === 12 || undefined, {
    timeoutMs: 3000,
    everyMs: 5,
  });
});

async function refusesTwo(site: SipSite, seconds: number): Promise<void> {
  const lines = [`Retry-After: ${seconds}`];
  for (const [at, aor] of ['2001', '2002'].entries()) {
    const refused = await site.phone('tls', `127.0.0.${2 + at}`);
    refused.send(registerText({ cseq: 1, aor }));
    const flow = await site.flow(1 + at);
    flow.send(responseText(await flow.request('REGISTER'), '503 Service Unavailable', { lines }));
    expect(header(await refused.response(503), 'Retry-After')).toBe(String(seconds));
  }
}

it('a registrar that says 503 to two phones, and for how long, is asked by none until then: who is registered is kept, others hear when to come', async () => {
  const { clock, site, phone } = await registeredSite();
  await refusesTwo(site, 40);
  const other = await site.phone('tls', '127.0.0.9');
  other.send(registerText({ cseq: 1, aor: '3001' }));
  const answer = await other.response(503);
  expect(answer.reason).toBe('Registrar busy');
  const seconds = Number(header(answer, 'Retry-After'));
  expect([seconds >= 39, seconds <= 70]).toEqual([true, true]);
  phone.send(registerText({ cseq: 2 }));
  await phone.response(200);
  expect([site.upstream.length, site.sip.counters()['registrations_passed']]).toEqual([3, 3]);
  await pass(clock, 41_000);
  other.send(registerText({ cseq: 2, aor: '3001' }));
  const next = await site.flow(3);
  accept(next, await next.request('REGISTER'), { seconds: 3600 });
  await other.response(200);
});

it('who is registered comes to the box as often as on other days while his registrar wants to be left alone', async () => {
  const { site, phone } = await registeredSite();
  await refusesTwo(site, 300);
  phone.send(registerText({ cseq: 2 }));
  const [, seconds] = /expires=(\d+)/.exec(header(await phone.response(200), 'Contact')) ?? [];
  expect(Number(seconds)).toBeLessThanOrEqual(132);
});

it('what a registrar says to the lines of one phone keeps no other away', async () => {
  const { site, phone, flow } = await registeredSite();
  for (const aor of ['1002', '1003']) {
    phone.send(registerText({ cseq: 1, aor }));
    const lines = ['Retry-After: 300'];
    flow.send(responseText(await flow.request('REGISTER'), '503 Service Unavailable', { lines }));
    await phone.response(503);
  }
  const other = await site.phone('tls', '127.0.0.9');
  await register(site, other, { at: 1, aor: '3001' });
  expect(site.sip.counters()).toMatchObject({ registrations_refused: 0, registrations_passed: 4 });
});
