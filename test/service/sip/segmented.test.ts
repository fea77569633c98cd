/** Messages over real connections to the part, cut at every byte and many at a time: what they say doesn't depend on it. */
import { expect, it } from 'vitest';
import { isRequest } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import {
  contact,
  fromCloud,
  inviteText,
  inward,
  outward,
  registered,
  talking,
  within,
} from '../../support/sip-calls.ts';
import { sendInPieces } from '../../support/sip-peer.ts';
import { accept, registerText } from '../../support/sip-registering.ts';
import { bodyOf, header, openSipSite, responseText, sdpText, type Peer } from '../../support/sip-site.ts';

const statuses = ({ waiting }: Peer) =>
  waiting.flatMap((message) => (isRequest(message) ? [] : [`${message.status} ${header(message, 'CSeq')}`]));

const refresh = (cseq: number) => registerText({ cseq: 1000 + cseq });

const options = (cseq: number) =>
  inviteText({ ...outward, callId: 'options' }, { method: 'OPTIONS', cseq, body: '' });

const patience = { timeoutMs: 15_000, everyMs: 5 };

async function allThere(peer: Peer, count: number): Promise<void> {
  await until('all answers', () => peer.waiting.length >= count || undefined, {
    ...patience,
    lastSeen: () => statuses(peer).join(', '),
  });
}

it.each(['tcp', 'tls'] as const)(
  'byte by byte over %s a phone registers, calls and is hung up on, and so speaks its cloud',
  async (transport) => {
    const site = await openSipSite();
    const phone = await site.phone(transport);
    await sendInPieces(phone, registerText({ cseq: 1, more: ['X-Place: Zürich'] }));
    const flow = await site.flow(0);
    const register = await flow.request('REGISTER');
    expect(header(register, 'X-Place')).toBe('Zürich');
    const own = header(register, 'Contact').replace(/;expires=\d+/, '');
    await sendInPieces(flow, responseText(register, '200 OK', { lines: [`Contact: ${own};expires=3600`] }));
    expect(header(await phone.response(200), 'CSeq')).toBe('1 REGISTER');
    const offer = sdpText(4000, ['a=x-note:ü€']);
    await sendInPieces(phone, inviteText(outward, { body: offer, lines: ['Subject: ü'] }));
    const invite = await flow.request('INVITE');
    expect([header(invite, 'Subject'), bodyOf(invite).includes('a=x-note:ü€')]).toEqual(['ü', true]);
    await sendInPieces(flow, responseText(invite, '180 Ringing'));
    await phone.response(180);
    const body = sdpText(6000, ['a=x-note:€ü']);
    await sendInPieces(flow, responseText(invite, '200 OK', { lines: [contact], body }));
    const answer = await phone.response(200);
    expect(bodyOf(answer)).toContain('a=x-note:€ü');
    await sendInPieces(phone, within(outward, answer, 'ACK').text());
    await flow.request('ACK');
    await sendInPieces(flow, fromCloud(invite, 'BYE'));
    await sendInPieces(phone, responseText(await phone.request('BYE'), '200 OK'));
    await flow.response(200);
    expect([statuses(phone), flow.waiting]).toEqual([['100 1 INVITE'], []]);
    // Its media is released behind the answer.
    await until('the call to be over', () => site.sip.counters()['calls'] === 0 || undefined, patience);
    expect(site.sip.counters()).toMatchObject({ errors: 0, malformed: 0 });
    expect([phone.isClosed, flow.isClosed]).toEqual([false, false]);
  },
);

it.each(['tcp', 'tls'] as const)(
  'over %s a request in two pieces is the same wherever the cut is, and so is one with another behind it',
  async (transport) => {
    const { site, phone, flow } = await registered(transport);
    const last = registerText({ cseq: 2 });
    phone.send(last);
    accept(flow, await flow.request('REGISTER'), { seconds: 3600 });
    await phone.response(200);
    const length = Buffer.byteLength(refresh(0));
    for (let at = 1; at < length; at += 1) await sendInPieces(phone, refresh(at), [at, length]);
    await allThere(phone, length - 1);
    expect(statuses(phone).toSorted()).toEqual(
      Array.from({ length: length - 1 }, (_, at) => `200 ${1001 + at} REGISTER`),
    );
    expect(site.sip.counters()).toMatchObject({
      registrations_answered: length - 1,
      registrations_passed: 2,
    });
  },
);

it('an answer of the cloud in two pieces is the same wherever the cut is', async () => {
  const setting = await registered('tls');
  const { site, phone, flow } = setting;
  const { answer } = await talking(setting);
  const info = (cseq: number) =>
    within(outward, answer, 'INFO').text({ cseq, body: 'x', lines: ['Content-Type: text/plain'] });
  for (let at = 1, length = 2; at < length; at += 1) {
    phone.send(info(100 + at));
    const taken = responseText(await flow.request('INFO'), '200 OK', { lines: ['X-Note: ü'] });
    length = Buffer.byteLength(taken);
    await sendInPieces(flow, taken, [at, length]);
    expect(header(await phone.response(200), 'X-Note'), `cut at ${at}`).toBe('ü');
  }
  expect(site.sip.counters()).toMatchObject({ calls: 1, errors: 0 });
  expect(flow.isClosed).toBe(false);
});

it.each(['tcp', 'tls'] as const)(
  'over %s several messages in one segment are all taken, with pings between them, and half of one more',
  async (transport) => {
    const { site, phone, flow, token } = await registered(transport);
    const next = options(3);
    phone.send(
      ['\r\n\r\n', options(1), inviteText(outward), '\r\n', options(2), '\r\n\r\n', next.slice(0, 40)].join(
        '',
      ),
    );
    const invite = await flow.request('INVITE');
    await allThere(phone, 3);
    phone.send(next.slice(40));
    await allThere(phone, 4);
    expect(statuses(phone).toSorted()).toEqual([
      '100 1 INVITE',
      '200 1 OPTIONS',
      '200 2 OPTIONS',
      '200 3 OPTIONS',
    ]);
    for (let times = 0; times < 3; times += 1) await phone.response(200);
    const ok = { lines: [contact], body: sdpText(6000) };
    flow.send(
      responseText(invite, '180 Ringing') +
        responseText(invite, '200 OK', ok) +
        inviteText(inward, { uri: `sip:${token}@127.0.0.1` }),
    );
    await phone.response(180);
    const answer = await phone.response(200);
    const second = await phone.request('INVITE');
    phone.send(
      within(outward, answer, 'ACK').text() +
        within(outward, answer, 'BYE').text({ cseq: 2 }) +
        responseText(second, '486 Busy Here'),
    );
    await flow.request('ACK');
    flow.send(responseText(await flow.request('BYE'), '200 OK'));
    await flow.response(486);
    await until('the end of both', () => site.sip.counters()['calls'] === 0 || undefined, {
      timeoutMs: 4000,
      everyMs: 5,
    });
    expect(site.sip.counters()).toMatchObject({ errors: 0, malformed: 0 });
  },
);
