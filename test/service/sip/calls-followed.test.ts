/** The box's address toward the cloud is another one now: calls that are up go on there, and phones hear nothing of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { isRequest, type SipMessage, type SipRequest } from '../../../appliance/protocol/sip-message.ts';
import { startSip } from '../../../appliance/sip/relay.ts';
import { openWorld } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import {
  contact,
  ear,
  ended,
  fromCloud,
  inviteText,
  local,
  outward,
  registered,
  rtp,
  within,
  type Setting,
} from '../../support/sip-calls.ts';
import { bodyOf, header, mediaPort, responseText, sdpText, type Peer } from '../../support/sip-site.ts';

/** Sockets can be bound there, and no card has it. */
const former = '127.0.0.9';
const wait = { timeoutMs: 6000, everyMs: 10 };

/** A phone that registered when the box had the former address. */
async function registeredThere(): Promise<Setting> {
  let isMoved = false;
  const setting = await registered('udp', {
    startSip: async (settings) => {
      const config = parseConfig(readFileSync(settings, 'utf8'));
      if (isMoved) {
        const file = new Database(join(config.site.state_directory, 'sip', 'sip.db'));
        file.prepare('UPDATE binding SET local_address = ?').run(former);
        file.close();
      }
      return await startSip(openWorld('silent'), config);
    },
  });
  isMoved = true;
  await setting.site.restartSip();
  return setting;
}

interface Talk extends Setting {
  readonly invite: SipRequest;
  readonly answer: SipMessage;
  readonly ears: Readonly<Record<'phone' | 'cloud', Awaited<ReturnType<typeof ear>>>>;
  hangUp(): Promise<void>;
}

/** A call that began there; it is moved from now on. */
async function talkingThere(uri = 'sip:+49301234@127.0.0.1'): Promise<Talk> {
  const setting = await registeredThere();
  const { site, phone } = setting;
  const ears = { phone: await ear(), cloud: await ear() };
  const call = inviteText(outward, { uri, body: sdpText(ears.phone.address().port) });
  // What it is sent goes to its Contact.
  phone.send(call.replace('<sip:x@127.0.0.1:5999;transport=tcp>', `<sip:x@127.0.0.1:${phone.port}>`));
  const flow = await site.flow(1);
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(ears.cloud.address().port) }));
  const answer = await phone.response(200);
  phone.send(within(outward, answer, 'ACK').text());
  await flow.request('ACK');
  const hangUp = async () => {
    phone.send(within(outward, answer, 'BYE').text({ cseq: 9 }));
    flow.send(responseText(await flow.request('BYE'), '200 OK'));
    await phone.response(200);
  };
  return { ...setting, flow, invite, answer, ears, hangUp };
}

const takes = ({ flow, ears }: Talk, offer: SipRequest, more: readonly string[] = []) =>
  flow.send(
    responseText(offer, '200 OK', { lines: [contact], body: sdpText(ears.cloud.address().port, more) }),
  );

const originOf = (message: SipMessage) => /o=(\S+ \S+) (\d+) IN IP4 (\S+)/.exec(bodyOf(message))?.slice(1);
const addressIn = (message: SipMessage) => /c=IN IP4 (\S+)/.exec(bodyOf(message))?.[1];
const counter = ({ site }: Setting, name: string) => site.sip.counters()[name];

async function moved(talk: Talk): Promise<void> {
  await until('the call to be moved', () => counter(talk, 'calls_moved') === 1 || undefined, wait);
}

async function hears(at: { readonly heard: number }, packets: number): Promise<void> {
  await until(`${packets} packets`, () => at.heard >= packets || undefined, wait);
}

it('the far end is told the new address and heard there, the phone goes on as it was, and each can hang up', async () => {
  const talk = await talkingThere();
  const { invite, answer, ears, flow, phone, site } = talk;
  expect(addressIn(invite)).toBe(former);
  const offer = await flow.request('INVITE');
  expect(header(offer, 'Call-ID')).toBe(header(invite, 'Call-ID'));
  expect([addressIn(offer), mediaPort(offer) !== mediaPort(invite)]).toEqual([local, true]);
  const [session, version, origin] = originOf(invite) ?? [];
  expect(originOf(offer), 'RFC 3264 section 8').toEqual([session, String(Number(version) + 1), origin]);
  takes(talk, offer);
  await flow.request('ACK');
  await moved(talk);
  await ears.cloud.send(rtp(1), { address: local, port: mediaPort(offer) });
  await ears.phone.send(rtp(1), { address: local, port: mediaPort(answer) });
  await Promise.all([hears(ears.phone, 1), hears(ears.cloud, 1)]);
  expect(phone.waiting.filter(isRequest)).toEqual([]);
  await talk.hangUp();
  const { id, reason } = await ended(site);
  expect(reason).toBe('phone hung up');
  expect(site.journal('call_moved')).toMatchObject([{ call: id }]);
  expect(site.rtp?.counters()).toMatchObject({ sessions: 0, ports_used: 0 });
});

it('what the phone changes after it is told from the new address, as a later version', async () => {
  const talk = await talkingThere();
  const { answer, ears, flow, phone } = talk;
  const offer = await flow.request('INVITE');
  takes(talk, offer);
  await flow.request('ACK');
  await moved(talk);
  const hold = sdpText(ears.phone.address().port, ['a=sendonly']);
  const version = Number(originOf(offer)?.[1]);
  phone.send(within(outward, answer, 'INVITE').text({ cseq: 2, body: hold.replace(/ 1 IN/, ' 2 IN') }));
  const change = await flow.request('INVITE');
  expect([addressIn(change), mediaPort(change)]).toEqual([local, mediaPort(offer)]);
  expect(originOf(change)).toEqual(originOf(offer)?.with(1, String(version + 1)));
  takes(talk, change, ['a=recvonly']);
  await phone.response(200);
});

it('the phone hears of what the far end changes besides', async () => {
  const talk = await talkingThere();
  const { flow, phone, ears } = talk;
  const offer = await flow.request('INVITE');
  const body = sdpText(ears.cloud.address().port).replace('AVP 0', 'AVP 8');
  flow.send(responseText(offer, '200 OK', { lines: [contact], body }));
  const change = await phone.request('INVITE');
  expect(bodyOf(change)).toContain(`m=audio ${mediaPort(talk.answer)} RTP/AVP 8\r\n`);
  phone.send(
    responseText(change, '200 OK', {
      lines: [`Contact: <sip:x@127.0.0.1:${phone.port}>`],
      body: sdpText(ears.phone.address().port).replace('AVP 0', 'AVP 8'),
    }),
  );
  await phone.request('ACK');
  await moved(talk);
  await talk.hangUp();
});

it('a far end that has an offer of its own under way is asked again a little later', async () => {
  const talk = await talkingThere();
  const { flow } = talk;
  const first = await flow.request('INVITE');
  const begin = Date.now();
  flow.send(responseText(first, '491 Request Pending'));
  // Up to four seconds, and half a second until it is looked at.
  const isAsked = () => flow.waiting.some((one) => isRequest(one) && one.method === 'INVITE') || undefined;
  await until('it to be asked again', isAsked, wait);
  const again = await flow.request('INVITE');
  expect(Date.now() - begin, 'RFC 3261 section 14.1').toBeGreaterThan(2000);
  expect(bodyOf(again)).toBe(bodyOf(first));
  takes(talk, again);
  await moved(talk);
  await talk.hangUp();
});

it('a change of the phone that crosses it is for later, and nothing of it is an error', async () => {
  const talk = await talkingThere();
  const { answer, flow, phone, ears } = talk;
  const offer = await flow.request('INVITE');
  const hold = sdpText(ears.phone.address().port, ['a=sendonly']);
  phone.send(within(outward, answer, 'INVITE').text({ cseq: 2, body: hold }));
  await phone.response(491);
  takes(talk, offer);
  await moved(talk);
  expect(counter(talk, 'errors')).toBe(0);
  await talk.hangUp();
});

it('a far end that refuses is hung up, the phone too, and the record says why', async () => {
  const talk = await talkingThere();
  const { flow, phone, site } = talk;
  flow.send(responseText(await flow.request('INVITE'), '488 Not Acceptable Here'));
  const byes = await Promise.all([flow, phone].map(async (peer: Peer) => await peer.request('BYE')));
  expect(byes.map((bye) => header(bye, 'Reason'))).toEqual(
    Array.from(byes, () => 'SIP;cause=408;text="address changed"'),
  );
  for (const [at, peer] of [flow, phone].entries()) peer.send(responseText(byes[at] as SipRequest, '200 OK'));
  expect((await ended(site)).reason).toBe('address changed');
  expect(site.sip.counters()).toMatchObject({ calls_moved: 0, calls_not_moved: 1 });
});

it('a far end that has hung up meanwhile says so then, and the phone is told', async () => {
  const talk = await talkingThere();
  const { flow, phone, site } = talk;
  flow.send(responseText(await flow.request('INVITE'), '481 Call Does Not Exist'));
  phone.send(responseText(await phone.request('BYE'), '200 OK'));
  expect((await ended(site)).reason).toBe('cloud hung up');
});

it('a call whose far end hangs up instead of answering is over for the phone too', async () => {
  const talk = await talkingThere();
  const { flow, phone, site, invite } = talk;
  await flow.request('INVITE');
  flow.send(fromCloud(invite, 'BYE'));
  phone.send(responseText(await phone.request('BYE'), '200 OK'));
  await flow.response(200);
  expect((await ended(site)).reason).toBe('cloud hung up');
});

it('a call for help is not ended by a refusal', async () => {
  const talk = await talkingThere('sip:112@127.0.0.1');
  const { flow, site } = talk;
  flow.send(responseText(await flow.request('INVITE'), '488 Not Acceptable Here'));
  await flow.request('ACK');
  expect(site.calls()[0]?.state).toBe('up');
  expect(site.sip.counters()).toMatchObject({ calls: 1, calls_not_moved: 0 });
  await talk.hangUp();
});
