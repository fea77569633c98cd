/** Over UDP anybody on the network may write another one's address as his own: what a call for help that is forged so can do, and what not. */
import { expect, it } from 'vitest';
import { isRequest, type SipMessage, type SipRequest } from '../../../appliance/protocol/sip-message.ts';
import { mostUnheardBytes } from '../../../appliance/rtp/session.ts';
import { until } from '../../support/command.ts';
import {
  contact,
  ear,
  inviteText,
  local,
  registered,
  rtp,
  within,
  type Dialog,
} from '../../support/sip-calls.ts';
import { header, mediaPort, responseText, sdpText, type Peer, type SipSite } from '../../support/sip-site.ts';

const wait = { timeoutMs: 8000, everyMs: 10 };
const packetBytes = rtp(0).length;
/** More than an end gets that was never heard. */
const count = Math.ceil((mostUnheardBytes * 1.2) / packetBytes);

function dial(from: Peer, body: string, callId = 'forged'): Dialog {
  const uri = 'sip:112@127.0.0.1';
  const dialog = { callId, from: '<sip:1001@office.example>;tag=me', to: `<${uri}>` };
  from.send(inviteText(dialog, { uri, body }));
  return dialog;
}

/** A call over UDP from the address of a phone that is registered over TLS, until there is sound from the far end before it is answered. */
async function forgedCall() {
  const setting = await registered('tls');
  const { site, flow } = setting;
  const caller = await site.phone('udp');
  const [victim, cloud] = [await ear(), await ear()];
  const dialog = dial(caller, sdpText(victim.address().port));
  const invite = await flow.request('INVITE');
  const body = sdpText(cloud.address().port);
  flow.send(responseText(invite, '183 Session Progress', { lines: [contact], body }));
  await caller.response(183);
  /** In heaps that no socket is too small for. */
  const talk = async () => {
    const heap = 20;
    for (let at = 0; at < count; at += 1) {
      await cloud.send(rtp(at), { address: local, port: mediaPort(invite) });
      if (at % heap === heap - 1) await until('a heap', () => seen(site) > at || undefined, wait);
    }
    await until('all packets', () => seen(site) >= count || undefined, wait);
  };
  return { ...setting, caller, victim, dialog, invite, body, talk };
}

const seen = (site: SipSite) => {
  const { packets = 0, dropped = 0 } = site.rtp?.counters() ?? {};
  return packets + dropped;
};

async function answerOf(caller: Peer, flow: Peer, { invite, body }: { invite: SipRequest; body: string }) {
  flow.send(responseText(invite, '200 OK', { lines: [contact], body }));
  return await caller.response(200);
}

it('an address that never says anything gets some seconds of sound and no more', async () => {
  const { caller, victim, talk } = await forgedCall();
  expect(header(await caller.request('OPTIONS'), 'To')).toBe(`<sip:${local}>`);
  await talk();
  expect(victim.heard).toBe(Math.floor(mostUnheardBytes / packetBytes));
});

it('whoever answers the question whether he is there hears all, before anybody takes the call too', async () => {
  const { site, caller, victim, talk } = await forgedCall();
  caller.send(responseText(await caller.request('OPTIONS'), '405 Method Not Allowed'));
  const isProven = () => site.sip.counters()['emergency_callers_proven'] === 1 || undefined;
  await until('the answer to count', isProven, wait);
  await talk();
  expect(await until('all of it to be heard', () => victim.heard === count || undefined, wait)).toBe(true);
});

it('whoever acknowledges the answer hears all', async () => {
  const at = await forgedCall();
  const answer = await answerOf(at.caller, at.flow, at);
  at.caller.send(within(at.dialog, answer, 'ACK').text());
  await at.flow.request('ACK');
  const isProven = () => at.site.sip.counters()['emergency_callers_proven'] === 1 || undefined;
  await until('it to count', isProven, wait);
  await at.talk();
  const isHeard = () => at.victim.heard === count || undefined;
  expect(await until('all of it to be heard', isHeard, wait)).toBe(true);
});

const isOfAnn = (message: SipMessage) => isRequest(message) && header(message, 'From').includes('Ann');

/** As many as one address may have at a time. */
const most = 16;

/** Calls for help over UDP that bear the address of a phone. `isAnswering`: it says that it is there, as phones do to whoever asks. */
async function forgeMany(site: SipSite, { isAnswering }: { isAnswering: boolean }): Promise<Peer> {
  const forger = await site.phone('udp');
  for (let at = 0; at < most; at += 1) {
    dial(forger, sdpText(4000), `forged-${at}`);
    if (isAnswering) forger.send(responseText(await forger.request('OPTIONS'), '200 OK'));
  }
  const counter = isAnswering ? 'emergency_callers_proven' : 'emergency_calls';
  const areThere = () => (site.sip.counters()[counter] ?? 0) >= most || undefined;
  await until('all of them to count', areThere, wait);
  return forger;
}

it.each([
  ['says nothing', false],
  ['says that it is there, as phones do to whoever asks', true],
])(
  'forged calls take neither the way nor the notices of a phone whose address %s',
  async (_, isAnswering) => {
    const { site, phone, flow } = await registered('tls');
    await forgeMany(site, { isAnswering });
    const uri = 'sip:112@127.0.0.1';
    const own = { callId: 'own', from: '"Ann" <sip:1001@office.example>;tag=own', to: `<${uri}>` };
    phone.send(inviteText(own, { uri }));
    const invite = await until('its own call', () => flow.waiting.find(isOfAnn), wait);
    if (!isRequest(invite)) return;
    flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
    const answer = await phone.response(200);
    phone.send(within(own, answer, 'ACK').text());
    const kept = () =>
      (site.journal('emergency_call') as object[]).find((row) => 'outcome' in row && row.outcome === 'up');
    expect(await until('the evidence', kept, wait)).not.toHaveProperty('slowed');
  },
);

it('of those that come over UDP from an address that is there the seventeenth is 486', async () => {
  const { site } = await registered('tls');
  const forger = await forgeMany(site, { isAnswering: true });
  dial(forger, sdpText(4000), 'one-more');
  expect((await forger.response(486)).reason).toBe('Calls for help are going on');
});
