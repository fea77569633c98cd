/** Provisional responses that must arrive (RFC 3262), between ends that know of them and ends that don't. */
import { expect, it } from 'vitest';
import { contact, fromCloud, inviteText, outward, registered, within } from '../../support/sip-calls.ts';
import { hungUp, left, ok, prack, reliably, required, supported } from '../../support/sip-provisional.ts';
import { bodyOf, header, mediaPort, responseText, sdpText } from '../../support/sip-site.ts';

it('between two ends that know PRACK the callee waits for the one of the caller, and what was agreed on then holds', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward, supported));
  const invite = await flow.request('INVITE');
  expect(header(invite, 'Supported')).toContain('100rel');
  expect(header(invite, 'Allow')).toBe('INVITE, UPDATE,PRACK');
  flow.send(responseText(invite, '183 Session Progress', reliably(77, sdpText(6000))));
  const progress = await phone.response(183);
  expect([header(progress, 'Require'), header(progress, 'RSeq')]).toEqual(['100rel', '1']);
  expect(mediaPort(progress)).not.toBe(6000);
  flow.send(responseText(invite, '180 Ringing', reliably(78)));
  expect([left(flow), left(phone, 183)]).toEqual([[], []]);
  phone.send(prack(progress));
  expect(header(await phone.response(200), 'CSeq')).toBe('2 PRACK');
  const taken = await flow.request('PRACK');
  expect([header(taken, 'RAck'), bodyOf(taken)]).toEqual(['77 1 INVITE', '']);
  flow.send(responseText(taken, '200 OK'));
  const ringing = await phone.response(180);
  expect(header(ringing, 'RSeq')).toBe('2');
  phone.send(prack(ringing, { cseq: 3 }));
  await phone.response(200);
  flow.send(responseText(await flow.request('PRACK'), '200 OK'));
  flow.send(responseText(invite, '200 OK', { lines: [contact] }));
  const answer = await phone.response(200);
  expect([header(answer, 'CSeq'), bodyOf(answer)]).toEqual(['1 INVITE', '']);
  await hungUp(setting, answer);
});

it('a callee that wants credentials for the PRACK too is given those of the caller', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const credentials = 'Proxy-Authorization: Digest username="1001", nonce="n", response="0"';
  phone.send(inviteText(outward, { lines: [...supported.lines, credentials] }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', reliably(77, sdpText(6000))));
  const progress = await phone.response(183);
  phone.send(prack(progress));
  const wanted = { lines: ['Proxy-Authenticate: Digest realm="x", nonce="m"'] };
  flow.send(responseText(await flow.request('PRACK'), '407 Proxy Authentication Required', wanted));
  expect(header(await phone.response(407), 'Proxy-Authenticate')).toContain('nonce="m"');
  phone.send(prack(progress, { cseq: 3 }));
  const again = await flow.request('PRACK');
  expect(header(again, 'RAck')).toBe('77 1 INVITE');
  flow.send(responseText(again, '200 OK'));
  expect(header(await phone.response(200), 'CSeq')).toBe('3 PRACK');
  flow.send(responseText(invite, '200 OK', { lines: [contact] }));
  await hungUp(setting, await phone.response(200));
});

it('for a caller that knows no PRACK the box sends it, and the answer to the call has the description that came before', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  expect(header(invite, 'Supported')).toContain('100rel');
  flow.send(responseText(invite, '183 Session Progress', reliably(5, sdpText(6000))));
  const taken = await flow.request('PRACK');
  expect(header(taken, 'RAck')).toBe('5 1 INVITE');
  flow.send(responseText(taken, '200 OK'));
  const progress = await phone.response(183);
  expect([header(progress, 'Require'), header(progress, 'RSeq')]).toEqual(['', '']);
  flow.send(responseText(invite, '183 Session Progress', reliably(5, sdpText(6000))));
  flow.send(responseText(invite, '183 Session Progress', reliably(7)));
  flow.send(responseText(invite, '200 OK', { lines: [contact] }));
  const answer = await phone.response(200);
  expect(mediaPort(answer)).toBe(mediaPort(progress));
  expect([left(phone, 200), left(flow)]).toEqual([[], []]);
  await hungUp(setting, answer);
});

it('for a callee that knows no PRACK the box sees to it that its responses arrive, before the answer does', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward, required));
  const invite = await flow.request('INVITE');
  expect(header(invite, 'Require')).toBe('');
  flow.send(responseText(invite, '183 Session Progress', { ...ok }));
  flow.send(responseText(invite, '200 OK', ok));
  const progress = await phone.response(183);
  expect([header(progress, 'Require'), header(progress, 'RSeq')]).toEqual(['100rel', '1']);
  expect(mediaPort(progress)).toBeGreaterThan(9999);
  phone.send(prack(progress, { rack: '2 1 INVITE' }));
  await phone.response(481);
  expect(left(phone, 183)).toEqual([]);
  phone.send(prack(progress, { cseq: 3 }));
  expect(header(await phone.response(200), 'CSeq')).toBe('3 PRACK');
  const answer = await phone.response(200);
  expect(header(answer, 'CSeq')).toBe('1 INVITE');
  await hungUp(setting, answer);
  expect(left(flow)).toEqual([]);
});

it('a caller that only knows PRACK is not made to send it for a callee that has no use for it', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward, supported));
  flow.send(responseText(await flow.request('INVITE'), '180 Ringing'));
  const ringing = await phone.response(180);
  expect([header(ringing, 'Require'), header(ringing, 'RSeq')]).toEqual(['', '']);
});

it('an offer that the callee makes is answered in PRACK', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward, { ...supported, body: '' }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', reliably(1, sdpText(6000))));
  const progress = await phone.response(183);
  expect(mediaPort(progress)).toBeGreaterThan(9999);
  phone.send(prack(progress, { body: sdpText(4000) }));
  const taken = await flow.request('PRACK');
  expect([header(taken, 'Content-Type'), mediaPort(taken) > 9999]).toEqual(['application/sdp', true]);
  flow.send(responseText(taken, '200 OK'));
  expect(header(await phone.response(200), 'CSeq')).toBe('2 PRACK');
  flow.send(responseText(invite, '200 OK', { lines: [contact] }));
  const answer = await phone.response(200);
  expect(bodyOf(answer)).toBe('');
  await hungUp(setting, answer);
});

it('a callee is not asked for an offer that its caller could not answer in time', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward, { body: '' }));
  expect(header(await flow.request('INVITE'), 'Supported')).not.toContain('100rel');
});

it('to a caller that insists nothing is told before there is an offer, where only the answer can make it', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward, { ...required, body: '' }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing'));
  flow.send(responseText(invite, '200 OK', ok));
  expect(mediaPort(await phone.response(200))).toBeGreaterThan(9999);
  expect(left(phone, 200)).toEqual([]);
});

it('an offer in PRACK is answered in its 200', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward, supported));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', reliably(1, sdpText(6000))));
  const progress = await phone.response(183);
  phone.send(prack(progress, { body: sdpText(4002) }));
  const taken = await flow.request('PRACK');
  expect(mediaPort(taken)).toBe(mediaPort(invite));
  flow.send(responseText(taken, '200 OK', { body: sdpText(6002) }));
  const agreed = await phone.response(200);
  expect([header(agreed, 'CSeq'), mediaPort(agreed)]).toEqual(['2 PRACK', mediaPort(progress)]);
  flow.send(responseText(invite, '200 OK', ok));
  const answer = await phone.response(200);
  expect(bodyOf(answer), 'an older description says nothing any more').toBe('');
  await hungUp(setting, answer);
});

it('an offer in PRACK is refused for a callee that has agreed on nothing yet', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward, required));
  flow.send(responseText(await flow.request('INVITE'), '183 Session Progress', ok));
  phone.send(prack(await phone.response(183), { body: sdpText(4002) }));
  expect(header(await phone.response(488), 'CSeq')).toBe('2 PRACK');
});

it('before the call is answered both ends may change by UPDATE what they have agreed on, and not before they have', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward, supported));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing'));
  const ringing = await phone.response(180);
  phone.send(within(outward, ringing, 'UPDATE').text({ cseq: 2, body: sdpText(4000) }));
  expect(header(await phone.response(500), 'Retry-After')).not.toBe('');
  flow.send(fromCloud(invite, 'UPDATE', { body: sdpText(6004) }));
  expect(header(await flow.response(491), 'CSeq'), 'the offer of its caller stands').toBe('10 UPDATE');
  flow.send(responseText(invite, '183 Session Progress', reliably(1, sdpText(6000))));
  const progress = await phone.response(183);
  phone.send(prack(progress, { cseq: 3 }));
  await phone.response(200);
  flow.send(responseText(await flow.request('PRACK'), '200 OK'));
  phone.send(within(outward, progress, 'UPDATE').text({ cseq: 4, body: sdpText(4000, ['a=sendonly']) }));
  const update = await flow.request('UPDATE');
  expect(bodyOf(update)).toContain('a=sendonly');
  expect(mediaPort(update)).toBe(mediaPort(invite));
  flow.send(responseText(update, '200 OK', { lines: [contact], body: sdpText(6000, ['a=recvonly']) }));
  expect(bodyOf(await phone.response(200))).toContain('a=recvonly');
  flow.send(fromCloud(invite, 'UPDATE', { cseq: 11, body: sdpText(6002) }));
  const back = await phone.request('UPDATE');
  expect(mediaPort(back)).toBe(mediaPort(progress));
  phone.send(responseText(back, '200 OK', { lines: [contact], body: sdpText(4000) }));
  expect(mediaPort(await flow.response(200))).toBe(mediaPort(invite));
  flow.send(responseText(invite, '200 OK', ok));
  const answer = await phone.response(200);
  expect(bodyOf(answer)).toBe('');
  await hungUp(setting, answer);
});

it('what says nothing of media passes before the answer too, and moves whoever says it', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing', { lines: [contact] }));
  const ringing = await phone.response(180);
  phone.send(
    within(outward, ringing, 'UPDATE').text({ cseq: 2, lines: ['P-Asserted-Identity: <tel:1001>'] }),
  );
  const update = await flow.request('UPDATE');
  expect([bodyOf(update), header(update, 'P-Asserted-Identity')]).toEqual(['', '<tel:1001>']);
  const moved = 'Contact: <sip:moved@127.0.0.1:5061;transport=tls>';
  flow.send(responseText(update, '200 OK', { lines: [moved] }));
  expect(header(await phone.response(200), 'CSeq')).toBe('2 UPDATE');
  phone.send(within(outward, ringing, 'UPDATE').text({ cseq: 3 }));
  const again = await flow.request('UPDATE');
  expect(again.uri).toBe('sip:moved@127.0.0.1:5061;transport=tls');
  flow.send(responseText(again, '200 OK', { lines: [moved] }));
  expect(header(await phone.response(200), 'CSeq')).toBe('3 UPDATE');
  flow.send(fromCloud(invite, 'UPDATE', { cseq: 10 }));
  const back = await phone.request('UPDATE');
  phone.send(responseText(back, '200 OK', { lines: ['Contact: <sip:elsewhere@127.0.0.1:5998>'] }));
  expect(header(await flow.response(200), 'CSeq')).toBe('10 UPDATE');
  flow.send(fromCloud(invite, 'UPDATE', { cseq: 11 }));
  expect((await phone.request('UPDATE')).uri).toBe('sip:elsewhere@127.0.0.1:5998');
});
