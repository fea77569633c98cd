/** Requests that make no dialog: texts, states that a phone tells of, and REFER, which outside of a call leads nobody anywhere. */
import { expect, it } from 'vitest';
import {
  contact,
  inviteText,
  outward,
  registered,
  talking,
  within,
  type Setting,
} from '../../support/sip-calls.ts';
import { bodyOf, header, requestText, responseText, type Peer } from '../../support/sip-site.ts';

const own = { callId: 'alone', from: '<sip:1001@office.example>;tag=a', to: '<sip:1001@office.example>' };

function dialogInfo({
  callId,
  local,
  remote,
}: Readonly<Record<'callId' | 'local' | 'remote', string>>): string {
  return `<?xml version="1.0"?>\r\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0"><dialog id="1" call-id="${callId}" local-tag="${local}" remote-tag="${remote}"><state>confirmed</state></dialog></dialog-info>`;
}

const tag = (address: string) => /;tag=([^;]+)/.exec(address)?.[1] ?? '';

it('a phone that tells of its call by PUBLISH is understood out there: the call has the name that it has there', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { invite, answer } = await talking(setting);
  const lines = ['Event: dialog', 'Expires: 600', 'Content-Type: application/dialog-info+xml'];
  const seen = { callId: 'call-1', local: 'me', remote: tag(header(answer, 'To')) };
  phone.send(
    inviteText(own, { method: 'PUBLISH', uri: 'sip:1001@127.0.0.1', lines, body: dialogInfo(seen) }),
  );
  const published = await flow.request('PUBLISH');
  expect(header(published, 'Event')).toBe('dialog');
  const named = { callId: header(invite, 'Call-ID'), local: tag(header(invite, 'From')), remote: 'far' };
  expect(bodyOf(published)).toBe(dialogInfo(named));
  flow.send(responseText(published, '200 OK', { lines: ['SIP-ETag: e1', 'Expires: 600'] }));
  expect(header(await phone.response(200), 'SIP-ETag')).toBe('e1');
});

it('a call that Target-Dialog and Join name is known out there by its name there', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { invite, answer } = await talking(setting);
  const remote = tag(header(answer, 'To'));
  const lines = [
    `Target-Dialog: call-1;local-tag=me;remote-tag=${remote}`,
    `Join: call-1;to-tag=${remote};from-tag=me`,
  ];
  phone.send(
    inviteText({ ...outward, callId: 'call-2', from: outward.from.replace('tag=me', 'tag=me2') }, { lines }),
  );
  const second = await flow.request('INVITE');
  const [callId, local] = [header(invite, 'Call-ID'), tag(header(invite, 'From'))];
  expect(header(second, 'Target-Dialog')).toBe(`${callId};local-tag=${local};remote-tag=far`);
  expect(header(second, 'Join')).toBe(`${callId};to-tag=far;from-tag=${local}`);
});

it('texts pass both ways between a phone and its registrar', async () => {
  const { phone, flow, token } = await registered();
  const lines = ['Content-Type: text/plain'];
  phone.send(inviteText(own, { method: 'MESSAGE', uri: 'sip:+49301234@127.0.0.1', lines, body: 'grüße' }));
  const text = await flow.request('MESSAGE');
  expect([text.uri, bodyOf(text)]).toEqual(['sip:+49301234@127.0.0.1', 'grüße']);
  flow.send(responseText(text, '202 Accepted'));
  await phone.response(202);
  const back = { callId: 'back', from: '<sip:+49301234@cloud.example>;tag=c', to: own.to };
  flow.send(inviteText(back, { method: 'MESSAGE', uri: `sip:${token}@127.0.0.1`, lines, body: 'hello' }));
  const told = await phone.request('MESSAGE');
  expect([told.uri, bodyOf(told)]).toEqual(['sip:1001@127.0.0.1:5999', 'hello']);
  phone.send(responseText(told, '200 OK'));
  await flow.response(200);
});

const refer = (uri: string) =>
  inviteText(own, { method: 'REFER', uri, body: '', lines: ['Refer-To: <sip:1900@office.example>'] });

it.each<[string, (setting: Setting) => { from: Peer; to: Peer; uri: string }]>([
  ['a phone', ({ phone, flow }) => ({ from: phone, to: flow, uri: 'sip:+49301234@127.0.0.1' })],
  ['the cloud', ({ phone, flow, token }) => ({ from: flow, to: phone, uri: `sip:${token}@127.0.0.1` })],
])('a REFER of %s outside of a call is declined', async (_title, ends) => {
  const setting = await registered();
  const { from, to, uri } = ends(setting);
  from.send(refer(uri));
  expect((await from.response(603)).reason).toBe('Decline');
  expect(to.waiting).toEqual([]);
});

it('a stranger on the LAN makes no phone call anybody', async () => {
  const { site, phone, flow } = await registered();
  const stranger = await site.phone('udp');
  stranger.send(refer('sip:1001@127.0.0.1'));
  await stranger.response(603);
  const lines = ['From: <sip:9@x>;tag=s', 'To: <sip:1001@x>', 'Call-ID: s', contact];
  for (const [at, event] of ['check-sync', 'ACTION-URI', 'Yealink-xml'].entries()) {
    const of = [...lines, `CSeq: ${at + 1} NOTIFY`, `Event: ${event}`, 'Subscription-State: active'];
    stranger.send(requestText({ method: 'NOTIFY', uri: 'sip:1001@127.0.0.1:5999', lines: of }));
    await stranger.response(403);
  }
  expect([phone.waiting, flow.waiting]).toEqual([[], []]);
});

it('in a call that is over nothing more is asked of the other end', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { answer } = await talking(setting);
  phone.send(within(outward, answer, 'BYE').text({ cseq: 2 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(200);
  phone.send(
    within(outward, answer, 'REFER').text({ cseq: 3, lines: ['Refer-To: <sip:+49302@office.example>'] }),
  );
  await phone.response(481);
  expect(flow.waiting).toEqual([]);
});
