/** The connection under a call goes and comes again: both ends stay in it, and whoever hangs up meanwhile is heard. */
import { expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import {
  contact,
  ended,
  fromCloud,
  outward,
  registered,
  talking,
  within,
  type Setting,
} from '../../support/sip-calls.ts';
import { accept } from '../../support/sip-registering.ts';
import { header, requestText, responseText, sdpText, type Peer } from '../../support/sip-site.ts';

const wait = { timeoutMs: 4000, everyMs: 5 };

/** The REGISTER of `registered` again, which goes up over the connection of that number. */
async function registersAgain({ site }: Setting, phone: Peer, at: number): Promise<Peer> {
  const lines = [
    'From: <sip:1001@office.example>;tag=r',
    'To: <sip:1001@office.example>',
    'Call-ID: reg',
    'CSeq: 2 REGISTER',
    'Contact: <sip:1001@127.0.0.1:5999>',
  ];
  phone.send(requestText({ method: 'REGISTER', uri: 'sip:127.0.0.1', lines }));
  const flow = await site.flow(at);
  accept(flow, await flow.request('REGISTER'), { seconds: 3600 });
  await phone.response(200);
  return flow;
}

async function upstreamLost({ site, flow }: Setting): Promise<void> {
  flow.close();
  await until('it to be noticed', () => site.bindings()[0]?.state === 'lost' || undefined, wait);
}

it('the far end is told of our new address once the phone has registered again, and can hang up then', async () => {
  const setting = await registered();
  const { invite } = await talking(setting);
  await upstreamLost(setting);
  const flow = await registersAgain(setting, setting.phone, 1);
  const told = await flow.request('INVITE');
  expect(header(told, 'Call-ID')).toBe(header(invite, 'Call-ID'));
  expect(header(told, 'Contact')).not.toBe(header(invite, 'Contact'));
  flow.send(responseText(told, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await flow.request('ACK');
  flow.send(fromCloud(invite, 'BYE'));
  setting.phone.send(responseText(await setting.phone.request('BYE'), '200 OK'));
  await flow.response(200);
  expect((await ended(setting.site)).reason).toBe('cloud hung up');
});

it('a far end that has hung up meanwhile says so then, and the phone is told', async () => {
  const setting = await registered();
  await talking(setting);
  await upstreamLost(setting);
  const flow = await registersAgain(setting, setting.phone, 1);
  flow.send(responseText(await flow.request('INVITE'), '481 Call Does Not Exist'));
  setting.phone.send(responseText(await setting.phone.request('BYE'), '200 OK'));
  expect((await ended(setting.site)).reason).toBe('cloud hung up');
});

it('a phone that hangs up without a way to the cloud is heard there when the way is back', async () => {
  const setting = await registered();
  const { answer, invite } = await talking(setting);
  await upstreamLost(setting);
  setting.phone.send(within(outward, answer, 'BYE').text({ cseq: 2 }));
  await setting.phone.response(200);
  expect((await ended(setting.site)).reason).toBe('phone hung up');
  const flow = await registersAgain(setting, setting.phone, 1);
  const bye = await flow.request('BYE');
  expect(header(bye, 'Call-ID')).toBe(header(invite, 'Call-ID'));
  flow.send(responseText(bye, '200 OK'));
  await until(
    'nothing to be owed',
    () => setting.site.sip.counters()['engine_open_owed_byes'] === 0 || undefined,
    wait,
  );
});

it('a phone whose connection was lost is told that the cloud hung up when it has made another one', async () => {
  const setting = await registered();
  const { invite } = await talking(setting);
  setting.phone.close();
  await until('it to be noticed', () => setting.site.bindings()[0]?.state === 'late' || undefined, wait);
  setting.flow.send(fromCloud(invite, 'BYE'));
  await setting.flow.response(200);
  const phone = await setting.site.phone('tls');
  await registersAgain(setting, phone, 0);
  const bye = await phone.request('BYE');
  expect(header(bye, 'Call-ID')).toBe(outward.callId);
});
