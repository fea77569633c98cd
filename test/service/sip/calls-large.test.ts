/** Calls that are large, and connections that end in the middle of one. */
import { expect, it } from 'vitest';
import type { SipMessage } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import { contact, inviteText, outward, registered, talking, within } from '../../support/sip-calls.ts';
import { sendInPieces } from '../../support/sip-peer.ts';
import { header, responseText, sdpText, type SipSite } from '../../support/sip-site.ts';

const attributes = Array.from({ length: 900 }, (_, at) => `a=x-note:${at} ${'ü'.repeat(20)}\r\n`).join('');
const notes = Array.from({ length: 15 }, (_, at) => `X-Note-${at}: ${'€'.repeat(300)}`);

const notesOf = ({ headers }: SipMessage) =>
  headers.filter(({ name }) => name.startsWith('X-Note')).map(({ name, value }) => `${name}: ${value}`);
async function noCallLeft({ sip }: SipSite): Promise<void> {
  await until('the call to be over', () => sip.counters()['calls'] === 0, { timeoutMs: 4000, everyMs: 10 });
}

const bodyOf = (message: SipMessage) => Buffer.from(message.body).toString();

it.each(['tcp', 'tls'] as const)(
  'over %s an INVITE of 60 kB passes whole, in pieces of any size, and so does an answer of that size',
  async (transport) => {
    const { phone, flow } = await registered(transport);
    const sent = inviteText(outward, { body: sdpText(4000) + attributes, lines: notes });
    expect(Buffer.byteLength(sent)).toBeGreaterThan(60_000);
    await sendInPieces(phone, sent, [1, 1459, 17, 16_384, 997]);
    const invite = await flow.request('INVITE');
    expect(notesOf(invite)).toEqual(notes);
    expect(bodyOf(invite)).toContain(attributes);
    const body = sdpText(6000) + attributes;
    await sendInPieces(
      flow,
      responseText(invite, '200 OK', { lines: [contact, ...notes], body }),
      [3, 16_385, 1, 733],
    );
    const answer = await phone.response(200);
    expect(notesOf(answer)).toEqual(notes);
    expect(bodyOf(answer)).toContain(attributes);
  },
);

it('an INVITE that ends with its connection is no call, and the phone’s next connection is served', async () => {
  const { site, phone, flow } = await registered('tcp');
  const whole = inviteText(outward);
  for (const at of [20, 200, whole.length - 1]) {
    const cut = await site.phone('tcp');
    cut.send(whole.slice(0, at));
    cut.close();
  }
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '486 Busy Here'));
  await phone.response(486);
  expect(flow.waiting.filter((message) => 'method' in message && message.method === 'INVITE')).toEqual([]);
});

it('a call that rings when the caller’s connection is cut is taken back upstream', async () => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing'));
  await phone.response(180);
  phone.close();
  const cancel = await flow.request('CANCEL');
  expect(header(cancel, 'Call-ID')).toBe(header(invite, 'Call-ID'));
  flow.send(responseText(cancel, '200 OK'));
  flow.send(responseText(invite, '487 Request Terminated'));
  await noCallLeft(site);
});

it('an answer that is cut in the middle is no answer: the call is asked for again over the next connection', async () => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  const answer = responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) });
  flow.send(answer.slice(0, answer.length - 30));
  flow.close();
  const next = await site.flow(1);
  next.send(responseText(await next.request('INVITE'), '486 Busy Here'));
  expect(await phone.response(486)).toMatchObject({ reason: 'Busy Here' });
  await noCallLeft(site);
});

it('a re-INVITE cut in the middle changes nothing, and the call goes on over the next connection', async () => {
  const setting = await registered('tcp');
  const { site, phone, flow } = setting;
  const { answer } = await talking(setting);
  const hold = within(outward, answer, 'INVITE').text({ cseq: 2, body: sdpText(4000) });
  phone.send(hold.slice(0, hold.length - 10));
  phone.close();
  const again = await site.phone('tcp');
  again.send(within(outward, answer, 'BYE').text({ cseq: 3 }));
  const bye = await flow.request('BYE');
  flow.send(responseText(bye, '200 OK'));
  await again.response(200);
  expect(header(bye, 'CSeq')).toMatch(/ BYE$/);
  expect(flow.waiting.filter((message) => 'method' in message && message.method === 'INVITE')).toEqual([]);
});
