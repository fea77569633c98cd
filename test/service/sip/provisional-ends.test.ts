/** Provisional responses that must arrive (RFC 3262), and calls that end, fork or go the other way meanwhile. */
import { expect, it } from 'vitest';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import {
  contact,
  ended,
  fromCloud,
  inviteText,
  inward,
  outward,
  registered,
  within,
} from '../../support/sip-calls.ts';
import { hungUp, left, ok, prack, reliably, required, supported } from '../../support/sip-provisional.ts';
import { bodyOf, header, mediaPort, responseText, sdpText } from '../../support/sip-site.ts';

it('a call that is refused waits for no PRACK, and one that comes late is taken once', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward, supported));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', reliably(1, sdpText(6000))));
  const progress = await phone.response(183);
  flow.send(responseText(invite, '486 Busy Here'));
  const refusal = await phone.response(486);
  await flow.request('ACK');
  phone.send(prack(progress));
  expect(header(await phone.response(200), 'CSeq')).toBe('2 PRACK');
  phone.send(prack(progress, { cseq: 3 }));
  await phone.response(481);
  expect(header(refusal, 'CSeq')).toBe('1 INVITE');
});

it('a call that is taken back waits for no PRACK, and one that comes late is taken', async () => {
  const { site, phone, flow } = await registered();
  const via = 'Via: SIP/2.0/TCP 127.0.0.1:5999;rport;branch=z9hG4bKtaken-back';
  phone.send(inviteText(outward, { lines: [...supported.lines, via] }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', reliably(1, sdpText(6000))));
  const tone = await phone.response(183);
  phone.send(inviteText(outward, { method: 'CANCEL', body: '', lines: [via] }));
  await phone.response(487);
  flow.send(responseText(await flow.request('CANCEL'), '200 OK'));
  flow.send(responseText(invite, '487 Request Terminated'));
  await flow.request('ACK');
  phone.send(prack(tone));
  const answers = [await phone.response(200), await phone.response(200)];
  expect(answers.map((one) => header(one, 'CSeq')).toSorted()).toEqual(['1 CANCEL', '2 PRACK']);
  await until('no call to be left', () => site.sip.counters()['calls'] === 0 || undefined, {
    timeoutMs: 2000,
    everyMs: 10,
  });
  expect(left(flow)).toEqual([]);
});

it('a caller that never sends the PRACK that it promised hears 504 after 32 seconds, and the callee rings no longer', async () => {
  const clock = hurriedClock();
  const { phone, flow } = await registered('tls', { clock });
  phone.send(inviteText(outward, supported));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', reliably(1, sdpText(6000))));
  await phone.response(183);
  for (let halves = 0; halves < 65; halves += 1) await clock.advance(500);
  await phone.response(504);
  // After 0.5, 1.5, 3.5, 7.5 and 15.5 s (RFC 3262 section 3); the one after 31.5 s may come too late on a slow machine.
  for (let times = 0; times < 5; times += 1) expect(header(await phone.response(183), 'RSeq')).toBe('1');
  flow.send(responseText(await flow.request('CANCEL'), '200 OK'));
});

it('a phone that is called and its caller in the cloud agree in the same way', async () => {
  const { site, phone, flow, token } = await registered();
  flow.send(inviteText(inward, { uri: `sip:${token}@127.0.0.1`, ...supported }));
  const invite = await phone.request('INVITE');
  expect(header(invite, 'Supported')).toContain('100rel');
  phone.send(responseText(invite, '180 Ringing', reliably(9, sdpText(4000))));
  const ringing = await flow.response(180);
  expect([header(ringing, 'Require'), header(ringing, 'RSeq')]).toEqual(['100rel', '1']);
  flow.send(prack(ringing, { call: inward }));
  await flow.response(200);
  const taken = await phone.request('PRACK');
  expect(header(taken, 'RAck')).toBe('9 1 INVITE');
  phone.send(responseText(taken, '200 OK'));
  phone.send(responseText(invite, '200 OK', { lines: ['Contact: <sip:1001@127.0.0.1:5999;transport=tls>'] }));
  const answer = await flow.response(200);
  flow.send(within(inward, answer, 'ACK').text());
  await phone.request('ACK');
  flow.send(within(inward, answer, 'BYE').text({ cseq: 3 }));
  phone.send(responseText(await phone.request('BYE'), '200 OK'));
  await flow.response(200);
  await ended(site);
});

/** The first response of one of several that ring. */
const branch = (tag: string, port: number) => ({
  ...reliably(1, sdpText(port), `Contact: <sip:${tag}@127.0.0.1:5061;transport=tls>`),
  tag,
});

it('of two phones out there that ring, each hears of its own PRACK, and the one that answers has its own description', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', branch('far', 6000)));
  flow.send(responseText(invite, '183 Session Progress', branch('farther', 7000)));
  const pracks = [await flow.request('PRACK'), await flow.request('PRACK')];
  expect(pracks.map((one) => `${one.uri} ${header(one, 'To').replace(/^.*;tag=/, '')}`).toSorted()).toEqual([
    'sip:far@127.0.0.1:5061;transport=tls far',
    'sip:farther@127.0.0.1:5061;transport=tls farther',
  ]);
  for (const one of pracks) flow.send(responseText(one, '200 OK'));
  flow.send(responseText(invite, '200 OK', { lines: [contact], tag: 'far' }));
  const answer = await phone.response(200);
  expect(mediaPort(answer)).toBeGreaterThan(9999);
  expect(bodyOf(answer), 'of the one that answered').toContain('o=- 6000');
  await hungUp(setting, answer);
});

it('what a callee that has answered wants to change, while its caller has not heard of it, may be asked for again', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward, required));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing'));
  const ringing = await phone.response(180);
  flow.send(responseText(invite, '200 OK', ok));
  flow.send(fromCloud(invite, 'UPDATE', { body: sdpText(6002) }));
  expect(header(await flow.response(491), 'CSeq')).toBe('10 UPDATE');
  phone.send(prack(ringing));
  await phone.response(200);
});

it('a PRACK from another host is nobody’s', async () => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(outward, supported));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', reliably(1, sdpText(6000))));
  const progress = await phone.response(183);
  const stranger = await site.phone('tls', '127.0.0.2');
  stranger.send(prack(progress));
  await stranger.response(481);
  expect(left(flow)).toEqual([]);
});

it('a call whose ends have agreed already rings nobody else when the connection to the cloud is lost', async () => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(outward, supported));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', reliably(1, sdpText(6000))));
  phone.send(prack(await phone.response(183)));
  await phone.response(200);
  await flow.request('PRACK');
  site.cutRegistrar(true);
  expect((await phone.response(503)).reason).toBe('Registrar not reached');
});

it('a call for help waits for no PRACK, also where the phone insists on it', async () => {
  const { site, phone, flow } = await registered();
  phone.send(
    inviteText({ ...outward, to: '<sip:112@127.0.0.1>' }, { uri: 'sip:112@127.0.0.1', ...required }),
  );
  const invite = await flow.request('INVITE');
  expect(header(invite, 'Supported')).not.toContain('100rel');
  flow.send(responseText(invite, '183 Session Progress', ok));
  const progress = await phone.response(183);
  expect([header(progress, 'Require'), bodyOf(progress)]).toEqual(['100rel', '']);
  flow.send(responseText(invite, '200 OK', ok));
  expect(mediaPort(await phone.response(200))).toBeGreaterThan(9999);
  expect(site.sip.counters()).toMatchObject({ errors: 0 });
});

it.each([
  ['can’t be read', sdpText(6000).replace('m=audio', 'm=')],
  ['has a port that is none', sdpText(70_000)],
])('that it rings is told although its description %s, and the answer counts', async (_title, broken) => {
  const setting = await registered();
  const { site, phone, flow } = setting;
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', { lines: [contact], body: broken }));
  expect(bodyOf(await phone.response(183))).toBe('');
  flow.send(responseText(invite, '200 OK', ok));
  const answer = await phone.response(200);
  expect(mediaPort(answer)).toBeGreaterThan(9999);
  await hungUp(setting, answer);
  expect(site.sip.counters()).toMatchObject({ sdp_refused: 1, errors: 0 });
});
