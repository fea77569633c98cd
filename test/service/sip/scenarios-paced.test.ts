/** As `scenarios.test.ts`: what a phone that asks too fast notices, and that nobody else does. */
import { expect, it } from 'vitest';
import type { SipMessage } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { contact, inviteText } from '../../support/sip-calls.ts';
import { register, registerText } from '../../support/sip-registering.ts';
import { header, openSipSite, responseText, sdpText, type Peer } from '../../support/sip-site.ts';
import { playPhone } from '../../support/sipp-phone.ts';

const text = (user: string, callId: string) =>
  inviteText(
    { callId, from: `<sip:${user}@office.example>;tag=t`, to: '<sip:+49301234@office.example>' },
    { method: 'MESSAGE', body: 'hello', lines: ['Content-Type: text/plain'] },
  );

async function takesText(phone: Peer, flow: Peer, user: string): Promise<void> {
  phone.send(text(user, `text-of-${user}`));
  flow.send(responseText(await flow.request('MESSAGE'), '202 Accepted'));
  await phone.response(202);
}

it('texts-too-fast-are-480: 64 at once, four a second; other phones, and a call for help, pass all the same', async () => {
  const site = await openSipSite();
  const from = await freePort();
  const play = async (scenario: string, service?: string) =>
    await playPhone(scenario, { to: site.port.udp, from, ...(service && { service }) });
  const registered = play('phone-is-registered-for-a-minute');
  const flow = await site.flow(0);
  const asked = await flow.request('REGISTER');
  flow.send(responseText(asked, '200 OK', { lines: [`Contact: ${header(asked, 'Contact')};expires=3600`] }));
  expect(await registered).toMatchObject({ code: 0 });
  const other = await site.phone('tls', '127.0.0.2');
  await register(site, other, { at: 1, aor: '1002' });
  const otherFlow = await site.flow(1);
  const played = play('texts-too-fast-are-480');
  const begun = performance.now();
  let passed = 0;
  for (;;) {
    const next = flow.request('MESSAGE').catch(() => undefined);
    const message = await Promise.race([next, played.then(() => undefined)]);
    if (message === undefined) break;
    passed += 1;
    if (passed === 60) await takesText(other, otherFlow, '1002');
    flow.send(responseText(message, '202 Accepted'));
  }
  expect((await played).code).toBe(0);
  const seconds = (performance.now() - begun) / 1000;
  expect(passed).toBeGreaterThanOrEqual(64);
  expect(passed).toBeLessThanOrEqual(65 + 4 * seconds);
  expect(site.sip.counters()).toMatchObject({ requests_too_fast: 1, errors: 0 });
  await takesText(other, otherFlow, '1002');
  const helped = play('call-is-answered-and-hung-up', '112');
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await flow.request('ACK');
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  expect((await helped).code).toBe(0);
});

it('a registered phone that asks its registrar anew without end hears 503 with a time to come back; others do not', async () => {
  const site = await openSipSite({ rtp: false });
  const [mad, other] = [await site.phone('tls'), await site.phone('tls', '127.0.0.2')];
  await register(site, mad);
  await register(site, other, { at: 1, aor: '1002' });
  const flow = await site.flow(0);
  // What isn't answered from the store: it changes its Contact each time.
  for (let at = 0; at < 40; at += 1) {
    mad.send(registerText({ cseq: 2 + at, contact: `<sip:1001@127.0.0.1:${7000 + at}>` }));
    if (at >= 31) continue;
    const request = await flow.request('REGISTER');
    flow.send(responseText(request, '403 Forbidden'));
    await mad.response(403);
  }
  const refused = await mad.response(503);
  expect(refused.reason).toBe('Too many attempts');
  expect(Number(header(refused, 'Retry-After'))).toBeGreaterThanOrEqual(10);
  expect(site.sip.counters()['registrations_too_fast']).toBeGreaterThan(0);
  other.send(registerText({ cseq: 2, aor: '1002', contact: '<sip:1002@127.0.0.1:6000>' }));
  await (await site.flow(1)).request('REGISTER');
});

const isOwn = (message: SipMessage) => header(message, 'CSeq') === '2 REGISTER';

it('REGISTERs that somebody forges over UDP take nothing from the phone with a connection whose address they bear', async () => {
  const site = await openSipSite({ rtp: false });
  const [phone, forger] = [await site.phone('tls'), await site.phone('udp')];
  await register(site, phone);
  const flow = await site.flow(0);
  for (let at = 0; at < 40; at += 1)
    forger.send(registerText({ cseq: 100 + at, contact: `<sip:1001@127.0.0.1:${7000 + at}>` }));
  const wait = { timeoutMs: 5000, everyMs: 5 };
  const isTooFast = () => site.sip.counters()['registrations_too_fast'] || undefined;
  await until('the forged ones to be too many', isTooFast, wait);
  phone.send(registerText({ cseq: 2, contact: '<sip:1001@127.0.0.1:6000>' }));
  expect(await until('its own to go on', () => flow.waiting.find(isOwn), wait)).toBeDefined();
});
