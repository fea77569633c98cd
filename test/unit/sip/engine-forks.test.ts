/** Several far ends that ring for one INVITE (RFC 3261 sections 12.1 and 13.2.2.4): each has an early dialog of its own until one answers. */
import { expect, it } from 'vitest';
import { essentials, headerLines, headerValue } from '../../../appliance/protocol/sip-headers.ts';
import type { SipHeader, SipRequest } from '../../../appliance/protocol/sip-message.ts';
import { plainResponse, stampedRequest } from '../../../appliance/sip/engine/compose.ts';
import { newTestNetwork, type TestCore, type TestNetwork } from '../../support/sip-cores.ts';

const fields = (headers: Record<string, string>): SipHeader[] =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));

/** `one` has called, and whoever rings there are the tags that a test names. */
async function calling(): Promise<TestNetwork & { invite: SipRequest; dialogId: string }> {
  const network = newTestNetwork('tcp');
  const sent = await network.one.send('INVITE', { headers: { Supported: '100rel' } });
  if (sent.kind !== 'sent' || !('method' in sent.message)) throw new Error('not sent');
  return { ...network, invite: sent.message, dialogId: sent.dialogId };
}

/** What that branch says to the INVITE. */
function rings(
  { one, invite }: { one: TestCore; invite: SipRequest },
  { tag, status, ...headers }: { tag: string; status: number } & Record<string, string | number>,
): void {
  const copied = ['Via', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
    headerLines(invite, name).map((value) => ({ name, value })),
  );
  const response = plainResponse(status, 'x', [
    ...copied,
    { name: 'To', value: `<sip:peer@10.0.0.9>;tag=${tag}` },
    { name: 'Contact', value: `<sip:${tag}@10.0.0.2>` },
    ...fields(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))),
  ]);
  one.outgoing.receive(response, essentials(response), one.flow);
}

/** What that branch asks in its dialog. */
function asks(
  { one, invite }: { one: TestCore; invite: SipRequest },
  { tag, cseq, method, contact = tag }: { tag: string; cseq: number; method: string; contact?: string },
): void {
  const request: SipRequest = {
    method,
    uri: 'sip:one@10.0.0.1',
    headers: fields({
      Via: `SIP/2.0/TCP 10.0.0.2:5060;branch=z9hG4bK${tag}${cseq}`,
      From: `<sip:peer@10.0.0.9>;tag=${tag}`,
      To: headerValue(invite, 'From') ?? '',
      'Call-ID': headerValue(invite, 'Call-ID') ?? '',
      CSeq: `${cseq} ${method}`,
      Contact: `<sip:${contact}@10.0.0.2>`,
    }),
    body: new Uint8Array(),
  };
  one.server.receive({
    request: stampedRequest(request, one.flow),
    essentials: essentials(request),
    flow: one.flow,
  });
}

const came = ({ one }: { one: TestCore }) =>
  one.requests.map(
    ({ request }) => `${request.method} ${headerValue(request, 'From')?.replace(/^.*tag=/, '')}`,
  );

it('what one of them asks before the answer is let in, whichever rang last', async () => {
  const call = await calling();
  rings(call, { tag: 'far', status: 183 });
  rings(call, { tag: 'farther', status: 180 });
  asks(call, { tag: 'far', cseq: 1, method: 'UPDATE' });
  asks(call, { tag: 'farther', cseq: 1, method: 'UPDATE' });
  asks(call, { tag: 'nobody', cseq: 1, method: 'UPDATE' });
  expect(came(call)).toEqual(['UPDATE far', 'UPDATE farther']);
});

it('the numbers of one say nothing of those of another: whoever answered may hang up', async () => {
  const call = await calling();
  rings(call, { tag: 'far', status: 183 });
  asks(call, { tag: 'far', cseq: 1000, method: 'UPDATE' });
  rings(call, { tag: 'farther', status: 200 });
  asks(call, { tag: 'farther', cseq: 1, method: 'BYE' });
  expect(came(call)).toEqual(['UPDATE far', 'BYE farther']);
  asks(call, { tag: 'far', cseq: 1001, method: 'UPDATE' });
  expect(came(call), 'its dialog went with the answer of the other one').toHaveLength(2);
});

it('the numbers of one that rang again are still those that it had', async () => {
  const call = await calling();
  rings(call, { tag: 'far', status: 183 });
  asks(call, { tag: 'far', cseq: 1000, method: 'UPDATE' });
  rings(call, { tag: 'farther', status: 180 });
  rings(call, { tag: 'far', status: 180 });
  asks(call, { tag: 'far', cseq: 999, method: 'UPDATE' });
  expect(came(call)).toEqual(['UPDATE far']);
});

it('a request of ours goes to the one that its To names, where that has moved to by UPDATE', async () => {
  const call = await calling();
  const { one, dialogId, wire } = call;
  rings(call, { tag: 'far', status: 183 });
  rings(call, { tag: 'farther', status: 180 });
  asks(call, { tag: 'far', cseq: 1, method: 'UPDATE', contact: 'moved' });
  one.answer(one.requests.at(-1), 200);
  const sent = async (tag: string) => {
    const outcome = await one.send('UPDATE', { dialogId, headers: { To: `<sip:peer@10.0.0.9>;tag=${tag}` } });
    if (outcome.kind !== 'sent' || !('method' in outcome.message)) throw new Error('not sent');
    return `${outcome.message.uri} ${headerValue(outcome.message, 'To')?.replace(/^.*tag=/, '')}`;
  };
  expect(await sent('far')).toBe('sip:moved@10.0.0.2 far');
  expect(await sent('farther')).toBe('sip:farther@10.0.0.2 farther');
  expect(wire.filter((line) => line === 'one UPDATE')).toHaveLength(2);
});

async function target(from: TestCore): Promise<string> {
  const outcome = await from.send('INFO', { dialogId: from.dialogs.all()[0]?.id ?? '' });
  return outcome.kind === 'sent' && 'uri' in outcome.message ? outcome.message.uri : '';
}

it('a change of its target by UPDATE holds for who called and for who is called, asked or answered', async () => {
  const { one, two } = newTestNetwork('tcp');
  await one.send('INVITE', { headers: { Contact: '<sip:one@10.0.0.1>' } });
  two.answer(two.requests[0], 180, { headers: { Contact: '<sip:two@10.0.0.2>' } });
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  await one.send('UPDATE', { dialogId, headers: { Contact: '<sip:one-moved@10.0.0.1>' } });
  two.answer(two.requests.at(-1), 200, { headers: { Contact: '<sip:two-moved@10.0.0.2>' } });
  expect([await target(one), await target(two)]).toEqual([
    'sip:two-moved@10.0.0.2',
    'sip:one-moved@10.0.0.1',
  ]);
});

it('no more of them are kept than a call has, however many ring', async () => {
  const call = await calling();
  for (let at = 0; at < 100; at += 1) rings(call, { tag: `t${at}`, status: 180 });
  expect(call.one.responses.filter(({ response }) => response.status === 180)).toHaveLength(100);
  expect(call.one.dialogs.all()[0]?.branches.size).toBeLessThan(32);
});

it('answers that must arrive are counted anew for each INVITE of a call', async () => {
  const { one, two } = newTestNetwork('tcp');
  await one.send('INVITE', { headers: { Supported: '100rel' } });
  const reliable = { headers: { Require: '100rel' } };
  two.answer(two.requests[0], 183, reliable);
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  await one.send('PRACK', { dialogId, headers: { RAck: '1 1 INVITE' } });
  two.answer(two.requests.at(-1), 200);
  two.answer(two.requests[0], 200);
  await one.send('ACK', { dialogId });
  const sent = await one.send('INVITE', { dialogId, headers: { Supported: '100rel' } });
  if (sent.kind !== 'sent') throw new Error('not sent');
  const again = two.requests.at(-1)?.request;
  const response = plainResponse(183, 'x', [
    ...['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => ({
      name,
      value: (again && headerValue(again, name)) ?? '',
    })),
    ...fields({ Contact: '<sip:two@10.0.0.2>', Require: '100rel', RSeq: '77' }),
  ]);
  one.outgoing.receive(response, essentials(response), one.flow);
  expect(one.responses.at(-1)?.response.status).toBe(183);
  expect(one.counters.read()['provisional_responses_ignored']).toBeUndefined();
});

/** An application that speaks for two far ends, as one between two legs does. */
async function speakingForTwo() {
  const network = newTestNetwork('tcp');
  const { one, two } = network;
  await one.send('INVITE', { headers: { Supported: '100rel' } });
  const [invite] = two.requests;
  const says = (tag: string, status: number, more: Record<string, string> = {}) => {
    const headers = { ...(tag === '' ? {} : { 'X-Gatehouse-Tag': tag }), ...more };
    const outcome = two.answer(invite, status, { headers });
    return outcome.kind === 'sent' ? outcome.dialogId : outcome.reason;
  };
  const ours = () => two.dialogs.all().map(({ localTag }) => localTag);
  return { ...network, says, ours };
}

it('an application may speak for several far ends: each has a dialog, and the others end when one has answered', async () => {
  const { one, two, says, ours } = await speakingForTwo();
  const reliable = { Require: '100rel' };
  const ids = [says('far', 183, reliable), says('farther', 183, reliable)];
  expect(new Set(ids).size).toBe(2);
  expect(says('far', 180, reliable), 'the last one of the same has not arrived').toContain(
    'not acknowledged',
  );
  expect(one.responses.slice(1).map(({ response }) => headerValue(response, 'RSeq'))).toEqual(['1', '1']);
  expect(JSON.stringify(one.responses), 'for nobody out there').not.toContain('Gatehouse');
  expect(says('farther', 200)).toBe(ids[1]);
  expect(ours()).toEqual(['farther']);
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  const prack = { RAck: '1 1 INVITE', To: '<sip:peer@10.0.0.9>;tag=far' };
  await one.send('PRACK', { dialogId, headers: prack });
  expect(one.responses.at(-1)?.response.status, 'which came late').toBe(200);
  await one.send('ACK', { dialogId });
  await one.send('BYE', { dialogId });
  expect(two.requests.at(-1)).toMatchObject({ request: { method: 'BYE' }, dialogId: ids[1] });
});

it.each([
  ['a refusal', 486],
  ['taking it back', 0],
])('%s ends all of them', async (_title, status) => {
  const { one, says, ours } = await speakingForTwo();
  says('far', 183);
  says('farther', 183);
  expect(ours()).toHaveLength(2);
  const [invite] = one.responses;
  if (status > 0) says('', status);
  else await one.send('CANCEL', { transactionId: invite?.transactionId ?? '' });
  expect(ours()).toEqual([]);
  expect(one.dialogs.size).toBe(0);
});
