/** Several phones out there that ring for one call, each with media of its own (RFC 3261 section 12.1, RFC 3262): the caller has a dialog with each. */
import { expect, it } from 'vitest';
import type { SipMessage } from '../../../appliance/protocol/sip-message.ts';
import { tagOf } from '../../../appliance/protocol/sip-headers.ts';
import { until } from '../../support/command.ts';
import {
  contact,
  ear,
  inviteText,
  local,
  outward,
  registered,
  rtp,
  within,
  type Setting,
} from '../../support/sip-calls.ts';
import { hungUp, left, prack, reliably, supported } from '../../support/sip-provisional.ts';
import { bodyOf, header, mediaPort, responseText, sdpText, type Peer } from '../../support/sip-site.ts';

const at = (tag: string) => `Contact: <sip:${tag}@127.0.0.1:5061;transport=tls>`;
const ours = (message: SipMessage) => tagOf(header(message, 'To')) ?? '';
const theirs = (message: SipMessage) => header(message, 'To').replace(/^.*;tag=/, '');

/** That phone rings and has said where it wants its media; the caller has acknowledged it. */
async function described(
  { phone, flow, invite }: { phone: Peer; flow: Peer; invite: Parameters<typeof responseText>[0] },
  { tag, port, cseq }: { tag: string; port: number; cseq: number },
) {
  const said = { ...reliably(1, sdpText(port), at(tag)), tag };
  flow.send(responseText(invite, '183 Session Progress', said));
  const progress = await phone.response(183);
  phone.send(prack(progress, { cseq }));
  expect(header(await phone.response(200), 'CSeq')).toBe(`${cseq} PRACK`);
  const taken = await flow.request('PRACK');
  expect([taken.uri, theirs(taken)]).toEqual([`sip:${tag}@127.0.0.1:5061;transport=tls`, tag]);
  flow.send(responseText(taken, '200 OK'));
  return progress;
}

async function ringing(
  setting: Setting,
  { own, far, farther }: { own: number; far: number; farther: number } = {
    own: 4000,
    far: 6000,
    farther: 7000,
  },
) {
  const { phone, flow } = setting;
  phone.send(inviteText(outward, { ...supported, body: sdpText(own) }));
  const invite = await flow.request('INVITE');
  const first = await described({ phone, flow, invite }, { tag: 'far', port: far, cseq: 2 });
  const second = await described({ phone, flow, invite }, { tag: 'farther', port: farther, cseq: 3 });
  return { invite, first, second };
}

it('each of them is a dialog of its own to a caller that must hear of it', async () => {
  const setting = await registered();
  const { first, second } = await ringing(setting);
  expect(ours(first)).not.toBe(ours(second));
  expect([header(first, 'RSeq'), header(second, 'RSeq')]).toEqual(['1', '1']);
  expect([bodyOf(first), bodyOf(second)]).toEqual([
    expect.stringContaining('o=- 6000'),
    expect.stringContaining('o=- 7000'),
  ]);
  expect(left(setting.flow)).toEqual([]);
});

it.each([
  ['far', 0],
  ['farther', 1],
])('when %s answers the call is in its dialog, and its media go there', async (tag, which) => {
  const ears = [await ear(), await ear()] as const;
  const mouth = await ear();
  const [own, far, farther] = [mouth, ...ears].map((one) => one.address().port);
  const setting = await registered();
  const { phone, flow } = setting;
  const { invite, first, second } = await ringing(setting, {
    own: own ?? 0,
    far: far ?? 0,
    farther: farther ?? 0,
  });
  flow.send(responseText(invite, '200 OK', { lines: [at(tag)], tag }));
  const answer = await phone.response(200);
  expect(ours(answer)).toBe(ours(which === 0 ? first : second));
  expect(bodyOf(answer), 'said already').toBe('');
  mouth.post(rtp(1), { address: local, port: mediaPort(first) });
  await until('the phone to be heard', () => ears[which]?.heard || undefined, {
    timeoutMs: 4000,
    everyMs: 10,
  });
  expect(ears[1 - which]?.heard).toBe(0);
  await hungUp(setting, answer);
});

it('what the caller changes before the answer reaches the one that it means, and what one of them changes comes in its dialog', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { invite, first, second } = await ringing(setting);
  for (const [cseq, early, tag] of [
    [4, first, 'far'],
    [5, second, 'farther'],
    [6, first, 'far'],
  ] as const) {
    phone.send(within(outward, early, 'UPDATE').text({ cseq, body: sdpText(4000) }));
    const update = await flow.request('UPDATE');
    expect([update.uri, theirs(update)]).toEqual([`sip:${tag}@127.0.0.1:5061;transport=tls`, tag]);
    flow.send(responseText(update, '200 OK', { lines: [at(tag)], body: sdpText(6000) }));
    expect(header(await phone.response(200), 'CSeq')).toBe(`${cseq} UPDATE`);
  }
  for (const [tag, early] of [
    ['farther', second],
    ['far', first],
  ] as const) {
    const from = `${header(invite, 'To')};tag=${tag}`;
    const far = { callId: header(invite, 'Call-ID'), from, to: header(invite, 'From') };
    flow.send(
      inviteText(far, { method: 'UPDATE', uri: 'sip:x@127.0.0.1', cseq: 1, body: sdpText(6002), lines: [] }),
    );
    const update = await phone.request('UPDATE');
    expect(tagOf(header(update, 'From'))).toBe(ours(early));
    phone.send(responseText(update, '200 OK', { lines: [contact], body: sdpText(4000) }));
    expect(header(await flow.response(200), 'CSeq')).toBe('1 UPDATE');
  }
  flow.send(responseText(invite, '486 Busy Here', { tag: 'far' }));
  await phone.response(486);
});

it('a caller that knows no PRACK hears the tone of one and the answer of another in two dialogs', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  const say = (line: string, tag: string, port: number) =>
    flow.send(responseText(invite, line, { lines: [at(tag)], body: sdpText(port), tag }));
  say('183 Session Progress', 'far', 6000);
  const tone = await phone.response(183);
  say('200 OK', 'farther', 7000);
  const answer = await phone.response(200);
  expect(ours(tone)).not.toBe(ours(answer));
  expect(bodyOf(answer)).toContain('o=- 7000');
  await hungUp(setting, answer);
});

it('one that only rings and has said nothing of its media is told in one dialog with the others', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  for (const tag of ['far', 'farther'])
    flow.send(responseText(invite, '180 Ringing', { lines: [at(tag)], tag }));
  const tags = new Set([ours(await phone.response(180)), ours(await phone.response(180))]);
  flow.send(responseText(invite, '200 OK', { lines: [at('farther')], body: sdpText(7000), tag: 'farther' }));
  const answer = await phone.response(200);
  expect([...tags]).toEqual([ours(answer)]);
  await hungUp(setting, answer);
});
