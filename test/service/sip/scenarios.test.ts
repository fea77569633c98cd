/** What a phone notices, told by SIPp: a scenario of `fixtures/sipp` is named by its outcome. The far end is this file. */
import { expect, it } from 'vitest';
import type { SipRequest } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { contact, fromCloud, inviteText, inward, within } from '../../support/sip-calls.ts';
import {
  bodyOf,
  header,
  openSipSite,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from '../../support/sip-site.ts';
import { playPhone } from '../../support/sipp-phone.ts';

/** A site with one phone, registered on UDP by SIPp: each scenario is played by that phone. */
async function withPhone() {
  const site = await openSipSite();
  const from = await freePort();
  const play = async (scenario: string, service = '+49301234') =>
    await playPhone(scenario, { to: site.port.udp, from, service });
  const registered = play('phone-is-registered-for-a-minute');
  const flow = await site.flow(0);
  const register = await flow.request('REGISTER');
  const granted = `Contact: ${header(register, 'Contact')};expires=3600`;
  flow.send(responseText(register, '200 OK', { lines: [granted] }));
  expect(await registered).toMatchObject({ code: 0 });
  return { site, flow, play, token: /sip:([0-9a-f]+)@/.exec(header(register, 'Contact'))?.[1] };
}

const ok = { lines: [contact], body: sdpText(6000) };

/** Takes a call, and whatever comes in it until it is hung up. */
async function takeCall(flow: Peer, then: (invite: SipRequest) => Promise<void>): Promise<void> {
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', ok));
  await flow.request('ACK');
  await then(invite);
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
}

const nothing = async () => await Promise.resolve();

/** By scenario: what happens in the call at its far end. */
const inCall: Readonly<Record<string, (flow: Peer, invite: SipRequest, site: SipSite) => Promise<void>>> = {
  'call-is-answered-and-hung-up': nothing,
  'late-ack-is-taken': nothing,
  'short-session-is-422': nothing,
  'transfer-to-a-foreign-host-is-403': nothing,
  'hold-and-resume-are-taken': async (flow) => {
    for (let times = 0; times < 2; times += 1) {
      flow.send(responseText(await flow.request('INVITE'), '200 OK', ok));
      await flow.request('ACK');
    }
  },
  'update-crosses': async (flow) => flow.send(responseText(await flow.request('UPDATE'), '200 OK', ok)),
  'dtmf-by-info-crosses': async (flow) => flow.send(responseText(await flow.request('INFO'), '200 OK')),
  'glare-is-491': async (flow, invite, { sip }) => {
    // The phone has heard of the answer: REGISTER, INVITE, ACK.
    const hasAcknowledged = () => (sip.counters()['engine_requests_received'] ?? 0) >= 3 || undefined;
    await until('the ACK of the phone', hasAcknowledged, { timeoutMs: 4000, everyMs: 5 });
    flow.send(fromCloud(invite, 'INVITE', { body: sdpText(6002) }));
    await flow.response(491);
    flow.send(fromCloud(invite, 'ACK'));
  },
  'transfer-names-a-call-as-it-is-known-out-there': async (flow, invite) => {
    const refer = await flow.request('REFER');
    const named = `Replaces=${header(invite, 'Call-ID')};to-tag=far;from-tag=`;
    expect(decodeURIComponent(header(refer, 'Refer-To')), 'as it is called out there').toContain(named);
    flow.send(responseText(refer, '202 Accepted', { lines: [contact] }));
    const [number] = header(refer, 'CSeq').split(' ');
    const lines = [`Event: refer;id=${number}`, 'Subscription-State: terminated;reason=noresource'];
    flow.send(fromCloud(invite, 'NOTIFY', { lines, cseq: 11 }));
    await flow.response(200);
  },
  'lamp-names-the-call-as-its-phone-does': async (flow, invite) => {
    const subscribe = await flow.request('SUBSCRIBE');
    flow.send(responseText(subscribe, '200 OK', { lines: ['Expires: 600', contact] }));
    const own = /;tag=([^;]+)/.exec(header(invite, 'From'))?.[1];
    const dialog = `<dialog id="1" call-id="${header(invite, 'Call-ID')}" local-tag="${own}" remote-tag="far" direction="initiator"><state>confirmed</state></dialog>`;
    const lines = [
      'Event: dialog',
      'Subscription-State: active;expires=600',
      'Content-Type: application/dialog-info+xml',
    ];
    const body = `<?xml version="1.0"?>\r\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:1001@office.example">${dialog}</dialog-info>\r\n`;
    flow.send(fromCloud(subscribe, 'NOTIFY', { lines, body }));
    await flow.response(200);
  },
  'blind-transfer-is-told-by-notify': async (flow, invite) => {
    flow.send(responseText(await flow.request('REFER'), '202 Accepted', { lines: [contact] }));
    const lines = ['Event: refer', 'Subscription-State: terminated;reason=noresource'];
    flow.send(fromCloud(invite, 'NOTIFY', { lines, cseq: 11 }));
    await flow.response(200);
  },
};

it.each(Object.entries(inCall))('%s', async (scenario, then) => {
  const { site, flow, play } = await withPhone();
  const played = play(scenario);
  await takeCall(flow, async (invite) => await then(flow, invite, site));
  expect(await played).toMatchObject({ code: 0 });
  expect(site.sip.counters()).toMatchObject({ calls: 0, errors: 0 });
});

it('call-is-answered-and-hung-up, also where two phones out there answer: one is let go', async () => {
  const { flow, play } = await withPhone();
  const played = play('call-is-answered-and-hung-up');
  const invite = await flow.request('INVITE');
  for (const tag of ['far', 'farther']) flow.send(responseText(invite, '200 OK', { ...ok, tag }));
  const ended = [await flow.request('BYE')];
  flow.send(responseText(ended[0] ?? invite, '200 OK'));
  ended.push(await flow.request('BYE'));
  flow.send(responseText(ended[1] ?? invite, '200 OK'));
  expect(ended.map((bye) => header(bye, 'To').replace(/^.*;tag=/, '')).toSorted()).toEqual([
    'far',
    'farther',
  ]);
  expect(await played).toMatchObject({ code: 0 });
});

it.each(['*30*', '*99*', '*55*123456'])('call-is-answered-and-hung-up, also that to %s', async (code) => {
  const { flow, play } = await withPhone();
  const played = play('call-is-answered-and-hung-up', code);
  await takeCall(flow, async (invite) => {
    expect(invite.uri).toBe(`sip:${code}@127.0.0.1`);
    await nothing();
  });
  expect(await played).toMatchObject({ code: 0 });
});

it('call-to-a-forwarded-phone-is-302', async () => {
  const { flow, play, token } = await withPhone();
  const played = play('call-to-a-forwarded-phone-is-302');
  flow.send(inviteText(inward, { uri: `sip:${token}@127.0.0.1` }));
  expect(header(await flow.response(302), 'Contact')).toBe('<sip:+49302@127.0.0.1>');
  expect(await played).toMatchObject({ code: 0 });
});

it.each(['text-of-a-stranger-is-403', 'restart-by-a-stranger-is-403'])('%s', async (scenario) => {
  const { site, flow } = await withPhone();
  const played = playPhone(scenario, { to: site.port.udp, from: await freePort(), user: '9999' });
  expect(await played).toMatchObject({ code: 0 });
  expect(flow.waiting).toEqual([]);
  expect(site.sip.counters()).toMatchObject({ identities_refused: 1 });
});

it('call-taken-back-is-487', async () => {
  const { flow, play } = await withPhone();
  const played = play('call-taken-back-is-487');
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing'));
  flow.send(responseText(await flow.request('CANCEL'), '200 OK'));
  flow.send(responseText(invite, '487 Request Terminated'));
  expect(await played).toMatchObject({ code: 0 });
});

const reliably = (rseq: number, body = '') => ({
  lines: [contact, 'Require: 100rel', `RSeq: ${rseq}`],
  body,
});

it('ringing-that-must-arrive-is-taken', async () => {
  const { site, flow, play } = await withPhone();
  const played = play('ringing-that-must-arrive-is-taken');
  const invite = await flow.request('INVITE');
  const ringing = [
    ['183 Session Progress', reliably(21, sdpText(6000))],
    ['180 Ringing', reliably(22)],
  ] as const;
  for (const [line, content] of ringing) {
    flow.send(responseText(invite, line, content));
    flow.send(responseText(await flow.request('PRACK'), '200 OK'));
  }
  flow.send(responseText(invite, '200 OK', { lines: [contact] }));
  await flow.request('ACK');
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  expect(await played).toMatchObject({ code: 0 });
  expect(site.sip.counters()).toMatchObject({ calls: 0, errors: 0 });
});

it('ringing-that-must-arrive-is-taken, also where the far end knows no PRACK', async () => {
  const { flow, play } = await withPhone();
  const played = play('ringing-that-must-arrive-is-taken');
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '183 Session Progress', ok));
  flow.send(responseText(invite, '180 Ringing'));
  flow.send(responseText(invite, '200 OK', ok));
  await flow.request('ACK');
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  expect(await played).toMatchObject({ code: 0 });
  expect(flow.waiting).toEqual([]);
});

it.each([
  ['knows PRACK', ['Supported: 100rel']],
  ['knows none', []],
])('ringing-waits-for-prack, of a caller that %s', async (_title, lines) => {
  const { flow, play, token } = await withPhone();
  const played = play('ringing-waits-for-prack');
  flow.send(inviteText(inward, { uri: `sip:${token}@127.0.0.1`, lines }));
  for (const [at, status] of [183, 180].entries()) {
    const ringing = await flow.response(status);
    if (lines.length === 0) continue;
    const rack = `RAck: ${header(ringing, 'RSeq')} 1 INVITE`;
    flow.send(within(inward, ringing, 'PRACK').text({ cseq: 2 + at, lines: [rack] }));
    expect(header(await flow.response(200), 'CSeq')).toBe(`${2 + at} PRACK`);
  }
  const answer = await flow.response(200);
  expect(bodyOf(answer) === '', 'said already, where it has arrived').toBe(lines.length > 0);
  flow.send(within(inward, answer, 'ACK').text());
  flow.send(within(inward, answer, 'BYE').text({ cseq: 5 }));
  await flow.response(200);
  expect(await played).toMatchObject({ code: 0 });
});

it('messages-waiting-are-told', async () => {
  const { flow, play } = await withPhone();
  const played = play('messages-waiting-are-told');
  const subscribe = await flow.request('SUBSCRIBE');
  flow.send(responseText(subscribe, '200 OK', { lines: ['Expires: 600', contact] }));
  const lines = ['Event: message-summary', 'Subscription-State: active;expires=600'];
  flow.send(fromCloud(subscribe, 'NOTIFY', { lines, body: 'Messages-Waiting: yes\r\n' }));
  await flow.response(200);
  expect(await played).toMatchObject({ code: 0 });
});

it.each([
  ['other-identity-is-403', { identities_refused: 1 }],
  ['scanner-hears-nothing', { engine_scanners_dropped: 1 }],
])('%s', async (scenario, counted) => {
  const { site, flow, play } = await withPhone();
  expect(await play(scenario)).toMatchObject({ code: 0 });
  expect(flow.waiting).toEqual([]);
  expect(site.sip.counters()).toMatchObject(counted);
});
