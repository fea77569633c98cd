/** Attendants whose phones show no texts: they are rung with the same words. */
import { expect, it } from 'vitest';
import type { SipRequest } from '../../../appliance/protocol/sip-message.ts';
import { readEmergencyCalls } from '../../../appliance/store/emergency-calls.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { contact, inviteText } from '../../support/sip-calls.ts';
import { register } from '../../support/sip-registering.ts';
import {
  bodyOf,
  header,
  openSipSite,
  requestText,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from '../../support/sip-site.ts';

const settings = `[dial_plan]
country_code = "49"
extension_length = 3
[emergency]
attendants = ["102"]
`;

/** Somebody calls for help, and the attendant's phone refuses the text. */
async function textRefused(more: Parameters<typeof openSipSite>[0] = {}) {
  const site = await openSipSite({ settings, ...more });
  const [phone, desk] = [await site.phone('tls'), await site.phone('tls')];
  await register(site, phone, { aor: '+4930555101' });
  await register(site, desk, { aor: '+4930555102' });
  const uri = 'sip:112@127.0.0.1';
  const from = '"Ann" <sip:+4930555101@office.example>;tag=me';
  phone.send(inviteText({ callId: 'help', from, to: `<${uri}>` }, { uri }));
  const upstream = await site.flow(0);
  const call = await upstream.request('INVITE');
  desk.send(responseText(await desk.request('MESSAGE'), '405 Method Not Allowed'));
  return { site, phone, desk, upstream, call };
}

/** Resolves when the box has heard that it rings: it reads what comes on a connection in order. */
async function ringing(desk: Peer): Promise<SipRequest> {
  const invite = await desk.request('INVITE');
  desk.send(responseText(invite, '180 Ringing', { lines: [contact] }));
  desk.send(
    requestText({
      method: 'OPTIONS',
      uri: 'sip:127.0.0.1',
      lines: ['From: <sip:x@x>;tag=x', 'To: <sip:x@x>', 'Call-ID: x', 'CSeq: 1 OPTIONS'],
    }),
  );
  await desk.response(200);
  return invite;
}

const toldDesk = async ({ directory }: SipSite) =>
  await until(
    'the notice in the evidence',
    () => {
      using reader = openReader(directory, 'sip');
      const [call] = reader === undefined ? [] : readEmergencyCalls(reader.db, { limit: 1 });
      return call?.notices.find(({ by, result }) => by === 'phone' && result !== undefined);
    },
    { timeoutMs: 5000, everyMs: 10 },
  );

it('a phone that shows no texts rings with who and where on its display, and whoever picks it up is let go', async () => {
  const { site, desk } = await textRefused();
  const invite = await ringing(desk);
  expect(header(invite, 'From')).toMatch(
    /^"EMERGENCY 112: Ann \(\+4930555101\), place not known" <sip:\+4930555101@office\.example>;tag=/,
  );
  expect(bodyOf(invite)).toBe('');
  desk.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await desk.request('ACK');
  desk.send(responseText(await desk.request('BYE'), '200 OK'));
  expect(await toldDesk(site)).toMatchObject({
    to: '+4930555102',
    isDelivered: true,
    result: '405 Method Not Allowed; rung, answered',
  });
});

it('a phone rings for as long as attendants do; who lets it ring is told all the same', async () => {
  const clock = hurriedClock();
  const { site, phone, desk, upstream, call } = await textRefused({ clock });
  upstream.send(responseText(call, '180 Ringing', { lines: [contact] }));
  await phone.response(180);
  const invite = await ringing(desk);
  await clock.advance(20_000);
  desk.send(responseText(await desk.request('CANCEL'), '200 OK'));
  desk.send(responseText(invite, '487 Request Terminated'));
  expect(await toldDesk(site)).toMatchObject({
    isDelivered: true,
    result: '405 Method Not Allowed; rung, not answered',
  });
});

it('a phone that can’t be rung either was not told', async () => {
  const { site, desk } = await textRefused();
  desk.send(responseText(await desk.request('INVITE'), '486 Busy Here'));
  expect(await toldDesk(site)).toMatchObject({
    isDelivered: false,
    result: '405 Method Not Allowed; 486 Busy Here',
  });
});

it('when the call itself comes to people here, it finds their phones free', async () => {
  const { site, phone, desk, upstream, call } = await textRefused();
  const notice = await ringing(desk);
  upstream.send(responseText(call, '503 Service Unavailable'));
  await until('the call itself', () => desk.waiting.length >= 2 || undefined, {
    timeoutMs: 4000,
    everyMs: 5,
  });
  expect(desk.waiting.map((message) => ('method' in message ? message.method : ''))).toEqual([
    'CANCEL',
    'INVITE',
  ]);
  desk.send(responseText(await desk.request('CANCEL'), '200 OK'));
  desk.send(responseText(notice, '487 Request Terminated'));
  const invite = await desk.request('INVITE');
  expect(bodyOf(invite)).toContain('m=audio');
  desk.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await phone.response(200);
  expect(await toldDesk(site)).toMatchObject({
    isDelivered: true,
    result: '405 Method Not Allowed; rung by the call itself',
  });
});
