import { expect, it } from 'vitest';
import { isRequest } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import { hurriedClock, type FakeClock } from '../../support/clock.ts';
import {
  contact,
  ended,
  fromCloud,
  inviteText,
  inward,
  outward,
  registered,
  within,
  type Setting,
} from '../../support/sip-calls.ts';
import { bodyOf, header, responseText, sdpText } from '../../support/sip-site.ts';

const timer = (value: string) => ['Supported: timer, replaces', `Session-Expires: ${value}`];

/** In steps below those that the engine takes for a change of the time of day. */
async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 1) await clock.advance(1000);
}

/** Sends, and waits until the engine has it: time must not pass over an ACK on its way. */
async function heard({ site }: Setting, send: () => void): Promise<void> {
  const requests = () => site.sip.counters()['engine_requests_received'] ?? 0;
  const before = requests();
  send();
  await until('the request to be heard', () => requests() > before || undefined, {
    timeoutMs: 4000,
    everyMs: 5,
  });
}

/** A call of the phone, with what the cloud's answer says of timers. */
async function calling(setting: Setting, asked: readonly string[], agreed: readonly string[]) {
  const { phone, flow } = setting;
  phone.send(inviteText(outward, { lines: asked }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact, ...agreed], body: sdpText(6000) }));
  const answer = await phone.response(200);
  await heard(setting, () => phone.send(within(outward, answer, 'ACK').text()));
  await flow.request('ACK');
  return { invite, answer };
}

it('each leg agrees on a timer of its own: the phone keeps what it asked for, the cloud is asked to refresh', async () => {
  const setting = await registered();
  const asked = [...timer('600;refresher=uac'), 'Min-SE: 120', 'Require: timer'];
  const { invite, answer } = await calling(setting, asked, ['Session-Expires: 900;refresher=uas']);
  expect(header(invite, 'Session-Expires')).toBe('1800;refresher=uas');
  expect([header(invite, 'Min-SE'), header(invite, 'Require')]).toEqual(['90', '']);
  expect(header(invite, 'Supported')).toContain('replaces');
  expect(header(answer, 'Session-Expires')).toBe('600;refresher=uac');
  expect(header(answer, 'Require')).toBe('timer');
});

it('a phone that knows no timers sees nothing of one', async () => {
  const setting = await registered();
  const { answer } = await calling(setting, [], ['Require: timer', 'Session-Expires: 900;refresher=uas']);
  expect([header(answer, 'Session-Expires'), header(answer, 'Require')]).toEqual(['', '']);
});

it('a call for help has no timer on either side', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(
    inviteText({ ...outward, to: '<sip:112@127.0.0.1>' }, { uri: 'sip:112@127.0.0.1', lines: timer('90') }),
  );
  const invite = await flow.request('INVITE');
  expect(header(invite, 'Session-Expires')).toBe('');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  expect(header(await phone.response(200), 'Session-Expires')).toBe('');
});

it('what is too short for us is refused with what is the least, and the phone asks again', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward, { lines: timer('60') }));
  expect(header(await phone.response(422), 'Min-SE')).toBe('90');
  phone.send(inviteText(outward, { cseq: 2, lines: timer('90') }));
  await flow.request('INVITE');
});

it('a cloud that wants a longer interval gets it, now and with the next call, and the phone hears nothing of it', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward));
  const first = await flow.request('INVITE');
  flow.send(responseText(first, '422 Session Interval Too Small', { lines: ['Min-SE: 7200'] }));
  await flow.request('ACK');
  const second = await flow.request('INVITE');
  expect(header(second, 'Session-Expires')).toBe('7200;refresher=uas');
  expect(header(second, 'Min-SE')).toBe('7200');
  expect(header(second, 'Call-ID')).toBe(header(first, 'Call-ID'));
  expect(header(second, 'CSeq')).toBe('2 INVITE');
  expect(bodyOf(second)).toBe(bodyOf(first));
  flow.send(responseText(second, '486 Busy Here'));
  await phone.response(486);
  expect(phone.waiting.map((message) => ('status' in message ? message.status : ''))).not.toContain(422);
  phone.send(inviteText({ ...outward, callId: 'call-2' }));
  expect(header(await flow.request('INVITE'), 'Session-Expires')).toBe('7200;refresher=uas');
});

it('the box refreshes the leg of a phone that leaves it to us, and the cloud has no part in it', async () => {
  const clock = hurriedClock();
  const setting = await registered('tls', { clock, mediaSettings: 'idle_seconds = 3600' });
  const { phone, flow, token } = setting;
  flow.send(inviteText(inward, { uri: `sip:${token}@127.0.0.1`, lines: timer('3600;refresher=uac') }));
  const invite = await phone.request('INVITE');
  expect(header(invite, 'Session-Expires')).toBe('1800');
  const agreed = ['Require: timer', 'Session-Expires: 90;refresher=uac'];
  phone.send(responseText(invite, '200 OK', { lines: [contact, ...agreed], body: sdpText(4000) }));
  const answer = await flow.response(200);
  expect(header(answer, 'Session-Expires')).toBe('3600;refresher=uac');
  await heard(setting, () => flow.send(within(inward, answer, 'ACK').text()));
  await phone.request('ACK');
  await pass(clock, 46);
  const refresh = await phone.request('INVITE');
  expect(bodyOf(refresh)).toBe(bodyOf(invite));
  expect(header(refresh, 'Session-Expires')).toBe('90;refresher=uac');
  phone.send(responseText(refresh, '200 OK', { lines: [contact, ...agreed], body: sdpText(4000) }));
  await phone.request('ACK');
  expect(flow.waiting.filter(isRequest)).toEqual([]);
});

it("the phone's refresh by UPDATE is answered by the box, whatever the cloud knows", async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { answer } = await calling(setting, timer('600'), []);
  phone.send(within(outward, answer, 'UPDATE').text({ cseq: 2, lines: timer('600;refresher=uac') }));
  const refreshed = await phone.response(200);
  expect(header(refreshed, 'Session-Expires')).toBe('600;refresher=uac');
  expect(header(refreshed, 'CSeq')).toBe('2 UPDATE');
  expect(flow.waiting.filter(isRequest)).toEqual([]);
});

it('a re-INVITE that crosses goes on with what the other leg agreed on', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { answer } = await calling(setting, timer('600'), ['Session-Expires: 900;refresher=uas']);
  phone.send(
    within(outward, answer, 'INVITE').text({
      cseq: 2,
      body: sdpText(4002),
      lines: timer('600;refresher=uac'),
    }),
  );
  const crossed = await flow.request('INVITE');
  expect(header(crossed, 'Session-Expires')).toBe('900;refresher=uas');
  flow.send(
    responseText(crossed, '200 OK', {
      lines: [contact, 'Session-Expires: 900;refresher=uas'],
      body: sdpText(6002),
    }),
  );
  expect(header(await phone.response(200), 'Session-Expires')).toBe('600;refresher=uac');
});

it('a cloud that promised to refresh and does not has ended the call: both sides hear it', async () => {
  const clock = hurriedClock();
  const setting = await registered('tls', { clock, mediaSettings: 'idle_seconds = 3600' });
  const { site, phone, flow } = setting;
  const { invite } = await calling(setting, [], ['Session-Expires: 90;refresher=uas']);
  await pass(clock, 40);
  flow.send(fromCloud(invite, 'UPDATE', { lines: timer('90;refresher=uac') }));
  await flow.response(200);
  await pass(clock, 40);
  expect(site.calls()).toMatchObject([{ state: 'up' }]);
  await pass(clock, 25);
  const bye = await phone.request('BYE');
  expect(header(bye, 'Reason')).toBe('SIP;text="session expired"');
  phone.send(responseText(bye, '200 OK'));
  await flow.request('BYE');
  expect((await ended(site)).reason).toBe('cloud silent: session expired');
});

it('a cloud that wants a longer interval and does not say which is asked with plenty', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward));
  flow.send(responseText(await flow.request('INVITE'), '422 Session Interval Too Small'));
  await flow.request('ACK');
  const second = await flow.request('INVITE');
  expect([header(second, 'Session-Expires'), header(second, 'Min-SE')]).toEqual([
    '86400;refresher=uas',
    '90',
  ]);
  flow.send(responseText(second, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await phone.response(200);
  expect(phone.waiting.map((message) => ('status' in message ? message.status : ''))).not.toContain(422);
});

it.each([
  ['says which', ['Min-SE: 7200'], '7200;refresher=uas'],
  ['does not say which', [], '86400;refresher=uas'],
])(
  'a phone that holds hears nothing of a cloud that wants a longer interval by now, and %s',
  async (_title, lines, named) => {
    const setting = await registered();
    const { phone, flow } = setting;
    const { answer } = await calling(setting, [], ['Require: timer', 'Session-Expires: 900;refresher=uas']);
    phone.send(within(outward, answer, 'INVITE').text({ cseq: 2, body: sdpText(4000, ['a=sendonly']) }));
    const first = await flow.request('INVITE');
    flow.send(responseText(first, '422 Session Interval Too Small', { lines }));
    const second = await flow.request('INVITE');
    expect(header(second, 'Session-Expires')).toBe(named);
    expect(bodyOf(second)).toBe(bodyOf(first));
    flow.send(responseText(second, '200 OK', { lines: [contact], body: sdpText(6000, ['a=recvonly']) }));
    const held = await phone.response(200);
    expect(header(held, 'CSeq')).toBe('2 INVITE');
    expect(phone.waiting.map((message) => ('status' in message ? message.status : ''))).not.toContain(422);
    await flow.request('ACK');
  },
);

it('a cloud that is content with no interval is asked twice, and the phone hears its refusal', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { answer } = await calling(setting, [], ['Require: timer', 'Session-Expires: 900;refresher=uas']);
  phone.send(within(outward, answer, 'INVITE').text({ cseq: 2, body: sdpText(4000) }));
  for (let times = 0; times < 2; times += 1)
    flow.send(responseText(await flow.request('INVITE'), '422 Session Interval Too Small'));
  await phone.response(422);
  expect(flow.waiting.filter((message) => isRequest(message) && message.method === 'INVITE')).toEqual([]);
});
