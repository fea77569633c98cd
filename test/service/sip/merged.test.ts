/** One INVITE that a proxy out there sent on several ways (RFC 3261 section 8.2.2.2): it is one call to its phone. */
import { expect, it } from 'vitest';
import { isRequest } from '../../../appliance/protocol/sip-message.ts';
import { contact, inviteText, inward, outward, registered, within } from '../../support/sip-calls.ts';
import { header, responseText, sdpText, type Peer } from '../../support/sip-site.ts';
import { accept, registerText, tokenOf } from '../../support/sip-registering.ts';

const invites = ({ waiting }: Peer) =>
  waiting.filter((message) => isRequest(message) && message.method === 'INVITE').length;

it('a copy of a call that rings already, or was answered, is 482, and the call goes on', async () => {
  const { site, phone, flow, token } = await registered();
  const uri = `sip:${token}@127.0.0.1`;
  flow.send(inviteText(inward, { uri }));
  const invite = await phone.request('INVITE');
  flow.send(inviteText(inward, { uri }));
  expect((await flow.response(482)).reason).toBe('Loop Detected');
  phone.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(4000) }));
  const answer = await flow.response(200);
  flow.send(inviteText(inward, { uri }));
  await flow.response(482);
  flow.send(within(inward, answer, 'ACK').text());
  await phone.request('ACK');
  flow.send(within(inward, answer, 'BYE').text({ cseq: 2 }));
  phone.send(responseText(await phone.request('BYE'), '200 OK'));
  await flow.response(200);
  expect([invites(phone), site.calls().length]).toEqual([0, 1]);
});

it('who was refused may ask again in the same words', async () => {
  const { phone, flow, token } = await registered();
  const uri = `sip:${token}@127.0.0.1`;
  for (let times = 0; times < 2; times += 1) {
    flow.send(inviteText(inward, { uri }));
    phone.send(responseText(await phone.request('INVITE'), '486 Busy Here'));
    await flow.response(486);
  }
  expect(flow.waiting.filter((message) => !isRequest(message) && message.status === 482)).toEqual([]);
});

it('a call for two lines of a phone rings both', async () => {
  const { phone, flow, token } = await registered();
  phone.send(registerText({ cseq: 1, aor: '1002' }));
  const second = await flow.request('REGISTER');
  accept(flow, second, { seconds: 3600 });
  await phone.response(200);
  for (const user of [token, tokenOf(second)])
    flow.send(inviteText(inward, { uri: `sip:${user}@127.0.0.1` }));
  const rung = [await phone.request('INVITE'), await phone.request('INVITE')].map(({ uri }) => uri);
  expect(rung.toSorted()).toEqual(['sip:1001@127.0.0.1:5999', 'sip:1002@127.0.0.1:5999;line=x']);
});

it('a phone that asks twice is not refused for it: no proxy stands between, and it may call for help', async () => {
  const { phone, flow } = await registered();
  for (let times = 0; times < 2; times += 1) phone.send(inviteText(outward));
  const asked = [await flow.request('INVITE'), await flow.request('INVITE')];
  expect(asked.map((invite) => header(invite, 'CSeq'))).toEqual(['1 INVITE', '1 INVITE']);
});
