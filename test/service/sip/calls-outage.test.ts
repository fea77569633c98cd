/** Calls over a connection upstream that a router forgot, and beside a storm of attempts to register. */
import { expect, it } from 'vitest';
import { hurriedClock, type FakeClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { contact, inviteText, outward, registered, within } from '../../support/sip-calls.ts';
import { registerText } from '../../support/sip-registering.ts';
import { header, responseText, sdpText } from '../../support/sip-site.ts';

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

it.each([
  ['a call', 'sip:+49301234@127.0.0.1'],
  ['a call for help', 'sip:112@127.0.0.1'],
])('%s that nobody heard is begun again over a new connection', async (_title, uri) => {
  const clock = hurriedClock();
  const { site, phone, flow } = await registered('tls', { clock });
  await pass(clock, 2000);
  flow.send('\r\n');
  await pass(clock, 500);
  phone.send(inviteText(outward, { uri }));
  const lost = await flow.request('INVITE');
  await pass(clock, 14_000);
  const second = await site.flow(1);
  const invite = await second.request('INVITE');
  expect([invite.uri, header(invite, 'Call-ID')]).toEqual([uri, header(lost, 'Call-ID')]);
  second.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  const answer = await phone.response(200);
  phone.send(within(outward, answer, 'ACK').text());
  await second.request('ACK');
  // A call for help is written down when there is time for it.
  const isUp = () => site.calls().some(({ state }) => state === 'up');
  await until('the call to be up', isUp, { timeoutMs: 10_000, lastSeen: () => JSON.stringify(site.calls()) });
  expect(site.calls()).toHaveLength(1);
});

it('a call that rings is not begun again when its connection is lost', async () => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(outward));
  flow.send(responseText(await flow.request('INVITE'), '180 Ringing'));
  await phone.response(180);
  flow.close();
  await phone.response(503);
  expect(site.upstream).toHaveLength(1);
});

it('who may not register so often may still call for help', async () => {
  const { phone, flow } = await registered();
  for (let at = 0; at < 30; at += 1) phone.send(registerText({ cseq: 1, aor: `20${at}` }));
  await phone.response(503);
  phone.send(inviteText({ ...outward, callId: 'help' }, { uri: 'sip:112@127.0.0.1' }));
  expect((await flow.request('INVITE')).uri).toBe('sip:112@127.0.0.1');
});
