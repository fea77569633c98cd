/** After a kill -9 a call is still one that can be changed: held, resumed, refreshed, transferred, and killed once more. */
import { mkdtempSync, rmSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/command.ts';
import { contact, fromCloud, within } from '../../support/sip-calls.ts';
import {
  callOf,
  hearsBye,
  killedWith,
  registered,
  wait,
  type Call,
  type Killed,
  type Phone,
} from '../../support/sip-killed.ts';
import { bodyOf, header, mediaPort, responseText, sdpText } from '../../support/sip-site.ts';

const direction = (message: { body: Uint8Array }) =>
  /a=(sendrecv|sendonly|recvonly|inactive)/.exec(Buffer.from(message.body).toString())?.[1] ?? 'sendrecv';

const keyIn = (text: string) => /inline:\S+/.exec(text)?.[0];

/** One phone in a call, its unit's directory in memory as on a box. */
async function killed(body = sdpText(6000)): Promise<Killed> {
  const memory = mkdtempSync('/dev/shm/gatehouse-test-');
  onTestFinished(() => rmSync(memory, { recursive: true }));
  return await killedWith(1, { memory, body });
}

/** The phone is back, and the far end has taken our new address. `body`: what it says of its media. */
async function back(left: Killed, body = sdpText(6000)): Promise<Phone & { call: Call }> {
  const phone = await registered(left.site, 0);
  phone.upstream.send(
    responseText(await phone.upstream.request('INVITE'), '200 OK', { lines: [contact], body }),
  );
  await phone.upstream.request('ACK');
  return { ...phone, call: callOf(left, 0) };
}

/** By the phone: what the far end got, and what the phone got back. */
async function changed(
  { peer, upstream, call }: Phone & { call: Call },
  { cseq, mode, body }: { cseq: number; mode: string; body: string },
) {
  const offer = sdpText(4000, [`a=${mode}`]);
  peer.send(within(call.dialog, call.answer, 'INVITE').text({ cseq, body: offer }));
  const invite = await upstream.request('INVITE');
  upstream.send(responseText(invite, '200 OK', { lines: [contact], body }));
  const answer = await peer.response(200);
  peer.send(within(call.dialog, answer, 'ACK').text({ cseq }));
  await upstream.request('ACK');
  return { invite, answer };
}

it('a phone holds its call and takes it up again, on the ports that it has', async () => {
  const left = await killed();
  const phone = await back(left);
  const held = await changed(phone, { cseq: 3, mode: 'sendonly', body: sdpText(6000, ['a=recvonly']) });
  expect(header(held.invite, 'Call-ID')).toBe(header(phone.call.invite, 'Call-ID'));
  expect([direction(held.invite), direction(held.answer)]).toEqual(['sendonly', 'recvonly']);
  expect(mediaPort(held.invite)).toBe(mediaPort(phone.call.invite));
  expect(mediaPort(held.answer)).toBe(mediaPort(phone.call.answer));
  const resumed = await changed(phone, { cseq: 4, mode: 'sendrecv', body: sdpText(6000) });
  expect([direction(resumed.invite), direction(resumed.answer)]).toEqual(['sendrecv', 'sendrecv']);
  expect(left.site.calls()).toMatchObject([{ state: 'up' }]);
  phone.peer.send(within(phone.call.dialog, phone.call.answer, 'BYE').text({ cseq: 5 }));
  phone.upstream.send(responseText(await phone.upstream.request('BYE'), '200 OK'));
  await phone.peer.response(200);
  const ended = await until('its end', () => left.site.calls().find(({ state }) => state === 'ended'), wait);
  expect(ended.reason).toBe('phone hung up');
}, 60_000);

it('a far end that refreshes the session by INVITE is answered, and the call goes on', async () => {
  const left = await killed();
  const { peer, upstream, call } = await back(left);
  const lines = ['Supported: timer', 'Session-Expires: 1800;refresher=uac'];
  upstream.send(fromCloud(call.invite, 'INVITE', { cseq: 11, lines, body: sdpText(6000) }));
  const invite = await peer.request('INVITE');
  expect(mediaPort(invite)).toBe(mediaPort(call.answer));
  peer.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(4000) }));
  const answer = await upstream.response(200);
  expect(header(answer, 'Session-Expires')).toBe('1800;refresher=uac');
  expect(mediaPort(answer)).toBe(mediaPort(call.invite));
  upstream.send(fromCloud(call.invite, 'ACK', { cseq: 11 }));
  await peer.request('ACK');
  upstream.send(fromCloud(call.invite, 'BYE', { cseq: 12 }));
  await hearsBye({ peer }, call);
  await upstream.response(200);
}, 60_000);

it('keys of our own go on: the far end hears the one that it has', async () => {
  const inline = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
  const crypto = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${inline}`;
  const secured = sdpText(6000, [crypto]).replace('RTP/AVP', 'RTP/SAVP');
  const left = await killed(secured);
  const phone = await back(left, secured);
  const held = await changed(phone, { cseq: 3, mode: 'sendonly', body: secured });
  expect(keyIn(bodyOf(held.invite))).toMatch(/^inline:/);
  expect(keyIn(bodyOf(held.invite))).toBe(keyIn(bodyOf(phone.call.invite)));
  expect(bodyOf(held.answer)).not.toContain('crypto');
}, 60_000);

it('digits and a transfer of the phone reach the far end', async () => {
  const left = await killed();
  const { peer, upstream, call } = await back(left);
  const info = within(call.dialog, call.answer, 'INFO');
  peer.send(info.text({ cseq: 3, lines: ['Content-Type: application/dtmf-relay'], body: 'Signal=5' }));
  const digit = await upstream.request('INFO');
  expect(bodyOf(digit)).toBe('Signal=5');
  upstream.send(responseText(digit, '200 OK'));
  await peer.response(200);
  const refer = within(call.dialog, call.answer, 'REFER');
  peer.send(refer.text({ cseq: 4, lines: ['Refer-To: <sip:+49305555@127.0.0.1>'] }));
  upstream.send(responseText(await upstream.request('REFER'), '202 Accepted'));
  await peer.response(202);
}, 60_000);

it('a call that was changed and is left behind once more goes on as it was changed', async () => {
  const left = await killed();
  const phone = await back(left);
  await changed(phone, { cseq: 3, mode: 'sendonly', body: sdpText(6002, ['a=recvonly']) });
  await left.kill();
  const again = await back(left, sdpText(6002, ['a=recvonly']));
  const resumed = await changed(again, { cseq: 4, mode: 'sendrecv', body: sdpText(6002) });
  expect(mediaPort(resumed.invite)).toBe(mediaPort(phone.call.invite));
  again.upstream.send(fromCloud(again.call.invite, 'BYE', { cseq: 30 }));
  await hearsBye(again, again.call);
  await again.upstream.response(200);
}, 60_000);
