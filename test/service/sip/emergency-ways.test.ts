/** Emergency calls and the ways that they take: cloud, gateway, attendants, everybody. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startRtpRelay } from '../../../appliance/rtp/relay.ts';
import { openWorld } from '../../../appliance/world.ts';
import { hurriedClock, type FakeClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { contact, ear, inviteText, local, rtp, within, type Dialog } from '../../support/sip-calls.ts';
import { startGateway, type PlayedGateway } from '../../support/sip-gateway.ts';
import { register } from '../../support/sip-registering.ts';
import {
  bodyOf,
  header,
  mediaPort,
  openSipSite,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from '../../support/sip-site.ts';

const wait = { timeoutMs: 5000, everyMs: 10 };
const dialPlan = '[dial_plan]\ncountry_code = "49"\nextension_length = 3\n';
const attendant = '[emergency]\nattendants = ["102"]\n';

interface Office {
  readonly site: SipSite;
  readonly gateway: PlayedGateway;
  readonly phone: Peer;
  readonly other: Peer;
}

const gatewayTable = ({ port }: PlayedGateway, more = '') =>
  `[gateway]\nhost = "127.0.0.9"\nport = ${port}\nnumber = "+4930555100"\nprefixes = ["+49"]\n${more}`;

async function office({
  clock,
  more = '',
  account = '',
}: { clock?: FakeClock; more?: string; account?: string } = {}): Promise<Office> {
  const gateway = await startGateway();
  const site = await openSipSite({
    settings: dialPlan + gatewayTable(gateway, account) + more,
    ...(clock === undefined ? {} : { clock }),
  });
  const [phone, other] = [await site.phone('tls'), await site.phone('tls')];
  await register(site, phone, { aor: '+4930555101' });
  await register(site, other, { aor: '+4930555102' });
  return { site, gateway, phone, other };
}

async function cut(site: SipSite): Promise<void> {
  site.cutRegistrar(true);
  await until('the outage', () => site.journal('outage_began')[0], wait);
}

function dialling(number: string, callId = `call-${number}`): { dialog: Dialog; uri: string } {
  const uri = `sip:${number}@127.0.0.1`;
  const from = '"Ann" <sip:+4930555101@office.example>;tag=me';
  return { uri, dialog: { callId, from, to: `<${uri}>` } };
}

function dial(phone: Peer, number: string, callId?: string): Dialog {
  const { dialog, uri } = dialling(number, callId);
  phone.send(inviteText(dialog, { uri, lines: ['Authorization: Digest x="y"'] }));
  return dialog;
}

const gatewayContact = ({ port }: PlayedGateway) => `Contact: <sip:trunk@127.0.0.9:${port}>`;

async function takenByGateway({ gateway, phone }: Office, dialog: Dialog) {
  const invite = await gateway.request('INVITE');
  const lines = [gatewayContact(gateway)];
  gateway.send(responseText(invite, '200 OK', { lines, body: sdpText(6000) }));
  const answer = await phone.response(200);
  phone.send(within(dialog, answer, 'ACK').text());
  await gateway.request('ACK');
  return { invite, answer };
}

const outcome = async (site: SipSite) =>
  await until('the evidence', () => site.journal('emergency_call')[0], wait);

it('in an outage an emergency call goes out through the gateway, shows its number, and both hear each other', async () => {
  const at = await office();
  await cut(at.site);
  const [mine, theirs] = [await ear(), await ear()];
  const { dialog, uri } = dialling('112');
  at.phone.send(
    inviteText(dialog, { uri, body: sdpText(mine.address().port), lines: ['Authorization: Digest x="y"'] }),
  );
  const invite = await at.gateway.request('INVITE');
  expect(invite.uri).toBe(`sip:112@127.0.0.9:${at.gateway.port}`);
  expect(header(invite, 'From')).toMatch(/^"Ann" <sip:\+4930555101@127\.0\.0\.1>/);
  expect(header(invite, 'P-Asserted-Identity')).toBe('<sip:+4930555101@127.0.0.1>');
  expect(header(invite, 'Authorization')).toBe('');
  const body = sdpText(theirs.address().port);
  at.gateway.send(responseText(invite, '200 OK', { lines: [gatewayContact(at.gateway)], body }));
  const answer = await at.phone.response(200);
  at.phone.send(within(dialog, answer, 'ACK').text());
  await at.gateway.request('ACK');
  await mine.send(rtp(1), { address: local, port: mediaPort(answer) });
  await theirs.send(rtp(1), { address: local, port: mediaPort(invite) });
  await until('both to hear', () => (mine.heard > 0 && theirs.heard > 0) || undefined, wait);
  expect(await outcome(at.site)).toMatchObject({ way: 'gateway', outcome: 'up', callback: '+4930555101' });
  expect(at.site.journal('gateway_used')).toMatchObject([{ to: '112', emergency: true }]);
  expect(at.site.sip.health()).toMatchObject({ state: 'degraded' });
  at.phone.send(within(dialog, answer, 'BYE').text({ cseq: 2 }));
  at.gateway.send(responseText(await at.gateway.request('BYE'), '200 OK'));
  await at.phone.response(200);
});

it('the far end behind the gateway hangs up', async () => {
  const at = await office();
  await cut(at.site);
  const dialog = dial(at.phone, '112');
  const { invite } = await takenByGateway(at, dialog);
  const bye = inviteText(
    {
      callId: header(invite, 'Call-ID'),
      from: `${header(invite, 'To')};tag=far`,
      to: header(invite, 'From'),
    },
    { uri: /<([^>]+)>/.exec(header(invite, 'Contact'))?.[1] ?? '', method: 'BYE', body: '', cseq: 5 },
  );
  at.gateway.send(bye.replace('SIP/2.0/TCP 127.0.0.1:5999', `SIP/2.0/UDP 127.0.0.9:${at.gateway.port}`));
  at.phone.send(responseText(await at.phone.request('BYE'), '200 OK'));
  expect((await at.gateway.response(200)).status).toBe(200);
});

it('the gateway is told the account that it asks for, and the password stands in no message', async () => {
  const file = join(temporaryDirectory(), 'secret');
  writeFileSync(file, 'correct horse\n');
  const at = await office({ account: `username = "box"\nsecret_file = "${file}"\n` });
  await cut(at.site);
  const dialog = dial(at.phone, '112');
  const first = await at.gateway.request('INVITE');
  const lines = ['WWW-Authenticate: Digest realm="trunk", nonce="n1", qop="auth", algorithm=MD5'];
  at.gateway.send(responseText(first, '401 Unauthorized', { lines }));
  await at.gateway.request('ACK');
  const { invite } = await takenByGateway(at, dialog);
  const credentials = header(invite, 'Authorization');
  expect(credentials).toMatch(/^Digest username="box", realm="trunk", nonce="n1", uri="sip:112@127\.0\.0\.9/);
  expect(credentials).not.toContain('horse');
  expect([header(invite, 'Call-ID'), header(invite, 'CSeq')]).toEqual([header(first, 'Call-ID'), '2 INVITE']);
});

it.each([
  ['403 Forbidden'],
  ['404 Not Found'],
  ['480 Temporarily Unavailable'],
  ['503 Service Unavailable'],
  ['603 Decline'],
])('an emergency call that the cloud answers with %s goes out through the gateway', async (line) => {
  const at = await office();
  dial(at.phone, '112');
  const flow = await at.site.flow(0);
  flow.send(responseText(await flow.request('INVITE'), line));
  expect((await at.gateway.request('INVITE')).uri).toContain('sip:112@');
});

it('a challenge of the cloud reaches the phone, and the call is one in the evidence', async () => {
  const at = await office();
  const dialog = dial(at.phone, '112');
  const flow = await at.site.flow(0);
  const lines = ['WWW-Authenticate: Digest realm="x", nonce="n"'];
  flow.send(responseText(await flow.request('INVITE'), '401 Unauthorized', { lines }));
  await at.phone.response(401);
  at.phone.send(inviteText(dialog, { uri: 'sip:112@127.0.0.1', cseq: 2 }));
  const again = await flow.request('INVITE');
  flow.send(responseText(again, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await at.phone.response(200);
  expect(await outcome(at.site)).toMatchObject({ way: 'cloud', outcome: 'up' });
  expect(at.site.journal('emergency_call')).toHaveLength(1);
});

it('cloud silent, gateway silent: after four seconds each the attendant rings, and after twenty more everybody', async () => {
  const clock = hurriedClock();
  const at = await office({ clock, more: attendant });
  const third = await at.site.phone('tls');
  await register(at.site, third, { aor: '+4930555103' });
  dial(at.phone, '112');
  const flow = await at.site.flow(0);
  await flow.request('INVITE');
  await clock.advance(4000);
  const asked = await at.gateway.request('INVITE');
  await clock.advance(4000);
  const ringing = await at.other.request('INVITE');
  expect(header(ringing, 'From')).toMatch(/^"EMERGENCY 112: Ann" </);
  at.other.send(responseText(ringing, '180 Ringing'));
  await at.phone.response(180);
  expect(third.waiting.filter((seen) => 'method' in seen && seen.method === 'INVITE')).toEqual([]);
  await clock.advance(20_000);
  at.other.send(responseText(await at.other.request('CANCEL'), '200 OK'));
  at.other.send(responseText(ringing, '487 Request Terminated'));
  const taken = await third.request('INVITE');
  third.send(responseText(taken, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await at.phone.response(200);
  expect(await outcome(at.site)).toMatchObject({ way: 'everybody' });
  // Too late, and in nobody's call.
  at.gateway.send(
    responseText(asked, '200 OK', { lines: [gatewayContact(at.gateway)], body: sdpText(6000) }),
  );
  at.gateway.send(responseText(await at.gateway.request('BYE'), '200 OK'));
});

it('a gateway that does not answer is tried last in an outage', async () => {
  const clock = hurriedClock();
  const at = await office({ clock, more: attendant });
  await until('the first question', () => at.gateway.asked > 0 || undefined, wait);
  at.gateway.fallSilent();
  await until(
    'the gateway to be missed',
    async () => {
      await clock.advance(2000);
      return at.site.sip.health().reason?.includes('gateway');
    },
    wait,
  );
  await cut(at.site);
  dial(at.phone, '112');
  expect(header(await at.other.request('INVITE'), 'From')).toContain('EMERGENCY');
});

it.each([
  '<sip:nobody@nowhere.example>;tag=s',
  // Without accounts some phones have no user to name.
  '<sip:127.0.0.2>;tag=s',
  '<tel:+4930555199>;tag=s',
])('a phone that is not signed in reaches the gateway as %s, with the main number shown', async (from) => {
  const at = await office();
  const stranger = await at.site.phone('tls', '127.0.0.2');
  stranger.send(
    inviteText({ callId: 'help', from, to: '<sip:112@127.0.0.1>' }, { uri: 'sip:112@127.0.0.1' }),
  );
  const invite = await at.gateway.request('INVITE');
  expect(header(invite, 'From')).toContain('<sip:+4930555100@127.0.0.1>');
});

it('urn:service:sos.police becomes the number that the police has here, for the cloud and for the gateway', async () => {
  const at = await office();
  const { dialog } = dialling('sos');
  at.phone.send(inviteText({ ...dialog, to: '<urn:service:sos.police>' }, { uri: 'urn:service:sos.police' }));
  const flow = await at.site.flow(0);
  const invite = await flow.request('INVITE');
  expect(invite.uri).toBe('sip:110@127.0.0.1');
  flow.send(responseText(invite, '500 Server Internal Error'));
  expect((await at.gateway.request('INVITE')).uri).toContain('sip:110@');
});

it('in an outage an allowed number goes out through the gateway, one call at a time; an emergency call takes its line', async () => {
  const at = await office();
  await cut(at.site);
  const ordinary = await takenByGateway(at, dial(at.phone, '030777888'));
  expect(ordinary.invite.uri).toContain('sip:+4930777888@');
  dial(at.phone, '030777999');
  expect((await at.phone.response(480)).reason).toBe('No internet, all lines are in use');
  dial(at.other, '112');
  const refused = await at.gateway.request('INVITE');
  at.gateway.send(responseText(refused, '486 Busy Here'));
  at.gateway.send(responseText(await at.gateway.request('BYE'), '200 OK'));
  at.phone.send(responseText(await at.phone.request('BYE'), '200 OK'));
  expect((await at.gateway.request('INVITE')).uri).toContain('sip:112@');
});

it('in an outage a number that is not allowed is refused in words', async () => {
  const at = await office();
  await cut(at.site);
  dial(at.phone, '004420123456');
  expect((await at.phone.response(480)).reason).toBe('No internet, this number cannot be called now');
});

it('sound with keys goes through a gateway that takes it in clear: the box ends the encryption', async () => {
  const at = await office();
  await cut(at.site);
  const { dialog, uri } = dialling('112');
  const key = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PUxxQ0kyMDIzMDEyMzQ1Njc4OTAxMjM0NTY3ODkw';
  at.phone.send(inviteText(dialog, { uri, body: sdpText(4000, [key]).replace('RTP/AVP', 'RTP/SAVP') }));
  const { invite, answer } = await takenByGateway(at, dialog);
  expect(bodyOf(invite)).toContain('RTP/AVP');
  expect(bodyOf(invite)).not.toContain('inline');
  expect(bodyOf(answer)).toMatch(/RTP\/SAVP [^]*a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:/);
  expect(bodyOf(answer)).not.toContain(key);
});

it('a call for help waits for a media relay that is being started again', async () => {
  const site = await openSipSite({ settings: dialPlan, rtp: false });
  const phone = await site.phone('tls');
  await register(site, phone, { aor: '+4930555101' });
  dial(phone, '112');
  await until('the call', () => site.sip.counters()['emergency_calls'] === 1 || undefined, wait);
  const rtp = await startRtpRelay(openWorld('silent'), site.config);
  onTestFinished(() => rtp[Symbol.asyncDispose]());
  const invite = await (await site.flow(0)).request('INVITE');
  expect(bodyOf(invite)).toContain('m=audio 2');
});

it('a phone that says who it is in a way that nobody understands is heard all the same', async () => {
  const site = await openSipSite({ settings: dialPlan + attendant });
  const [phone, other] = [await site.phone('tls'), await site.phone('tls')];
  await register(site, phone, { aor: '+4930555101' });
  await register(site, other, { aor: '+4930555102' });
  await cut(site);
  const { dialog, uri } = dialling('112');
  const lines = ['P-Preferred-Identity: <urn:uuid:1>', 'Remote-Party-ID: Ann, party=calling'];
  phone.send(inviteText(dialog, { uri, lines }));
  const invite = await other.request('INVITE');
  expect(header(invite, 'P-Preferred-Identity') + header(invite, 'Remote-Party-ID')).toBe('');
});

it('a phone that is not signed in may name two places where it can be reached', async () => {
  const at = await office();
  const stranger = await at.site.phone('tls', '127.0.0.2');
  const { dialog, uri } = dialling('112');
  stranger.send(
    inviteText(dialog, { uri }).replace(/^Contact: .*$/m, 'Contact: <sip:x@127.0.0.2>, <sip:y@127.0.0.2>'),
  );
  expect((await at.gateway.request('INVITE')).uri).toContain('sip:112@');
});
