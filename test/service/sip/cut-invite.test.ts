/** The TLS connection to the cloud is cut in the middle of an INVITE: what the phone hears, that nothing is left of it, and that it may call again. */
import { expect, it } from 'vitest';
import type { SipMessage } from '../../../appliance/protocol/sip-message.ts';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { contact, inviteText, outward, registered, within, type Setting } from '../../support/sip-calls.ts';
import { accept, registerText } from '../../support/sip-registering.ts';
import { responseText, sdpText, type Peer } from '../../support/sip-site.ts';

const moments = [
  ['before any answer', []],
  ['after 100', ['100 Trying']],
  ['after 180', ['100 Trying', '180 Ringing']],
] as const;

const isRefusal = (message: SipMessage) => 'status' in message && message.status >= 300;

/** No leg, no port, no row that says that it goes on. */
async function nothingLeft({ site }: Setting): Promise<void> {
  const left = () => ({
    calls: site.sip.counters()['calls'],
    dialogs: site.sip.counters()['engine_open_dialogs'],
    sessions: site.rtp?.counters()['sessions'],
    ports: site.rtp?.counters()['ports_used'],
    going: site.calls().filter(({ state }) => state !== 'ended').length,
  });
  const isNothing = () => Object.values(left()).every((count) => count === 0) || undefined;
  await until('nothing to be left', isNothing, {
    timeoutMs: 5000,
    everyMs: 10,
    lastSeen: () => JSON.stringify(left()),
  });
  expect(site.sip.counters()).toMatchObject({ errors: 0 });
}

/** Called again in the same words, as a person does who presses the key once more. */
async function callsAgain(setting: Setting, flow: Peer): Promise<void> {
  const { phone } = setting;
  const again = { ...outward, callId: 'call-3' };
  phone.send(inviteText(again));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  const answer = await phone.response(200);
  phone.send(within(again, answer, 'ACK').text());
  await flow.request('ACK');
  phone.send(within(again, answer, 'BYE').text({ cseq: 2 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(200);
  await nothingLeft(setting);
}

async function calledUntil({ site, phone, flow }: Setting, heard: readonly string[]): Promise<void> {
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  for (const line of heard) flow.send(responseText(invite, line));
  if (heard.length > 1) await phone.response(180);
  // What was said must have been heard, and the box's own 100 says nothing of it: the first response was to REGISTER.
  const received = () => site.sip.counters()['engine_responses_received'] ?? 0;
  const isHeard = () => received() >= 1 + heard.length || undefined;
  await until('all of it to be heard', isHeard, { timeoutMs: 4000, everyMs: 5 });
}

it.each(moments)(
  'only the connection, %s: the phone may call again at once, over another one',
  async (_title, heard) => {
    const setting = await registered('tls');
    const { site, phone, flow } = setting;
    await calledUntil(setting, heard);
    flow.close();
    // Nobody out there is known to have heard of the call: it is asked for again.
    const isAskedAgain = heard.length === 0;
    const reason = isAskedAgain ? undefined : (await phone.response(503)).reason;
    expect(reason).toBe(isAskedAgain ? undefined : 'Registrar not reached');
    if (!isAskedAgain) {
      await nothingLeft(setting);
      phone.send(inviteText({ ...outward, callId: 'call-2' }));
    }
    const next = await site.flow(1);
    next.send(responseText(await next.request('INVITE'), '486 Busy Here'));
    await phone.response(486);
    await nothingLeft(setting);
    await callsAgain(setting, next);
  },
);

it.each(moments)(
  'the whole way, %s: the phone hears that nobody is there, and may call when it is back',
  async (_title, heard) => {
    const clock = hurriedClock();
    const setting = await registered('tls', { clock });
    const { site, phone } = setting;
    const passing = async <T>(what: string, found: () => T | undefined) => {
      const inTime = async () => {
        await clock.advance(500);
        return found();
      };
      return await until(what, inTime, { timeoutMs: 15_000, everyMs: 10 });
    };
    await calledUntil(setting, heard);
    site.cutRegistrar(true);
    const refused = await passing('a refusal', () => phone.waiting.find(isRefusal));
    expect([480, 503]).toContain('status' in refused ? refused.status : 0);
    await nothingLeft(setting);
    await passing('the outage', () => site.journal('outage_began')[0]);
    site.cutRegistrar(false);
    await passing('its end', () => site.journal('outage_ended')[0]);
    phone.send(registerText({ cseq: 9 }));
    const next = await site.flow(1);
    accept(next, await next.request('REGISTER'), { seconds: 3600 });
    await phone.response(200);
    await callsAgain(setting, next);
  },
);
