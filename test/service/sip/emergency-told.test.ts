/** Who is told of an emergency call, whom a call back reaches, and what a phone that calls without end is given. */
import { expect, it } from 'vitest';
import { readEmergencyCalls, type EmergencyCall } from '../../../appliance/store/emergency-calls.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { startMailServer, startSyslog, startWebhook } from '../../support/lan-ends.ts';
import { placed } from '../../support/placed.ts';
import { contact, inviteText, outward, registered, type Dialog } from '../../support/sip-calls.ts';
import { startGateway, type PlayedGateway } from '../../support/sip-gateway.ts';
import { register } from '../../support/sip-registering.ts';
import {
  bodyOf,
  header,
  openSipSite,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from '../../support/sip-site.ts';

const wait = { timeoutMs: 5000, everyMs: 10 };
const dialPlan = '[dial_plan]\ncountry_code = "49"\nextension_length = 3\n';
const attendant = '[emergency]\nattendants = ["102"]\n';
const trunk = ({ port }: PlayedGateway) =>
  `[gateway]\nhost = "127.0.0.9"\nport = ${port}\nnumber = "+4930555100"\n`;

async function office(settings: string, more: Parameters<typeof openSipSite>[0] = {}) {
  const site = await openSipSite({ settings: dialPlan + settings, ...more });
  const [phone, other] = [await site.phone('tls'), await site.phone('tls')];
  await register(site, phone, { aor: '+4930555101' });
  await register(site, other, { aor: '+4930555102' });
  return { site, phone, other };
}

function dial(phone: Peer, number: string, callId = `call-${number}`): void {
  const uri = `sip:${number}@127.0.0.1`;
  const from = '"Ann" <sip:+4930555101@office.example>;tag=me';
  phone.send(inviteText({ callId, from, to: `<${uri}>` }, { uri }));
}

function evidence({ directory }: SipSite): EmergencyCall[] {
  using reader = openReader(directory, 'sip');
  return reader === undefined ? [] : readEmergencyCalls(reader.db, { limit: 20 });
}

const noticed = async (site: SipSite, by: string) =>
  await until(
    `the notice by ${by}`,
    () => evidence(site)[0]?.notices.find((notice) => notice.by === by && notice.isDelivered),
    wait,
  );

it('attendants see a text at once that says who, where and which number to call back', async () => {
  const directory = await placed('Building 2, floor 3, room 301');
  const { phone, other } = await office(attendant, { directory });
  dial(phone, '112');
  const message = await other.request('MESSAGE');
  other.send(responseText(message, '200 OK'));
  expect(header(message, 'Content-Type')).toBe('text/plain;charset=UTF-8');
  const text = bodyOf(message);
  expect(text).toMatch(/^EMERGENCY 112: Ann \(\+4930555101\), Building 2, floor 3, room 301\n/);
  expect(text).toContain('Call back: +4930555101');
  expect(text).toContain('Phone: 00:15:65:aa:bb:cc, address 127.0.0.1');
});

it('webhook, syslog and mail are told, and again where it did not work; all of it stands in the evidence', async () => {
  const clock = hurriedClock();
  const [webhook, syslog, mail] = [
    await startWebhook([503, 302, 204]),
    await startSyslog('tcp'),
    await startMailServer(),
  ];
  const { site, phone } = await office(
    `[emergency]
webhook = "http://127.0.0.1:${webhook.port}/alarm?key=secret"
[emergency.syslog]
server = "127.0.0.1"
port = ${syslog.port}
transport = "tcp"
[emergency.mail]
server = "127.0.0.1"
port = ${mail.port}
tls = "none"
from = "box@example.com"
to = ["security@example.com", "desk@example.com"]
`,
    { clock },
  );
  dial(phone, '112');
  await until('the first post', () => webhook.heard[0], wait);
  await until(
    'the third post',
    async () => {
      await clock.advance(1000);
      return webhook.heard[2];
    },
    wait,
  );
  expect(JSON.parse(webhook.heard[2] ?? '')).toMatchObject({
    event: 'emergency_call',
    number: '112',
    caller: { name: 'Ann', number: '+4930555101', mac: '00:15:65:aa:bb:cc' },
    callback: '+4930555101',
    place: null,
  });
  expect(await noticed(site, 'webhook')).toMatchObject({
    to: `127.0.0.1:${webhook.port}`,
    result: 'HTTP 204',
    tries: 3,
  });
  await noticed(site, 'syslog');
  expect(syslog.heard[0]).toMatch(
    /^\d+ <105>1 \S+ \S+ gatehouse - emergency \[gatehouse@32473 .*number="112"/,
  );
  expect(await noticed(site, 'mail')).toMatchObject({ to: 'security@example.com, desk@example.com' });
  expect(mail.said).toEqual(
    expect.arrayContaining(['MAIL FROM:<box@example.com>', 'RCPT TO:<desk@example.com>']),
  );
  expect(mail.heard[0]).toMatch(/Subject: EMERGENCY 112: Ann \(\+4930555101\), place not known\r\n/);
  await until('the journal', () => site.journal('emergency_notice').length >= 4 || undefined, wait);
  expect(JSON.stringify(site.journal('emergency_notice'))).not.toContain('secret');
});

it('what was not delivered before a restart is delivered after it', async () => {
  const webhook = await startWebhook([500, 200]);
  const clock = hurriedClock();
  const { site, phone } = await office(`[emergency]\nwebhook = "http://127.0.0.1:${webhook.port}/"\n`, {
    clock,
  });
  dial(phone, '112');
  await until('the failure in the evidence', () => evidence(site)[0]?.notices[0]?.result, wait);
  await site.restartSip();
  await until('the second post', () => webhook.heard[1], wait);
  expect(await noticed(site, 'webhook')).toMatchObject({ tries: 2, result: 'HTTP 200' });
});

function callBack(
  { gateway, site }: { gateway: PlayedGateway; site: SipSite },
  called: string,
  callId: string,
) {
  const uri = `sip:${called}@127.0.0.1`;
  const dialog: Dialog = { callId, from: '<sip:112@127.0.0.9>;tag=psap', to: `<${uri}>` };
  gateway.sendTo(site.port.udp);
  gateway.send(
    inviteText(dialog, {
      uri,
      lines: [`Via: SIP/2.0/UDP 127.0.0.9:${gateway.port};branch=z9hG4bK${callId}`],
    }),
  );
}

it.each(['+4930555101', '030555101', '101'])(
  'a call back that the gateway brings for %s rings the phone that called, in an outage too',
  async (called) => {
    const gateway = await startGateway();
    const { site, phone } = await office(trunk(gateway));
    callBack({ gateway, site }, called, 'early');
    await gateway.response(404);
    site.cutRegistrar(true);
    await until('the outage', () => site.journal('outage_began')[0], wait);
    dial(phone, '112');
    gateway.send(responseText(await gateway.request('INVITE'), '486 Busy Here'));
    await until('the evidence', () => evidence(site)[0]?.ways[0]?.outcome !== 'trying' || undefined, wait);
    callBack({ gateway, site }, called, 'back');
    const ringing = await phone.request('INVITE');
    phone.send(responseText(ringing, '200 OK', { lines: [contact], body: sdpText(4000) }));
    expect(bodyOf(await gateway.response(200))).toContain('m=audio');
  },
);

it('a call back that the phone does not take rings the attendant', async () => {
  const gateway = await startGateway();
  const { site, phone, other } = await office(trunk(gateway) + attendant);
  dial(phone, '112');
  other.send(responseText(await other.request('MESSAGE'), '200 OK'));
  callBack({ gateway, site }, '+4930555101', 'back');
  phone.send(responseText(await phone.request('INVITE'), '486 Busy Here'));
  const ringing = await other.request('INVITE');
  other.send(responseText(ringing, '200 OK', { lines: [contact], body: sdpText(4000) }));
  expect(bodyOf(await gateway.response(200))).toContain('m=audio');
});

it('a call back is waited for as long as before when the clock is set meanwhile', async () => {
  const gateway = await startGateway();
  const clock = hurriedClock();
  const { site, phone, other } = await office(trunk(gateway) + attendant, { clock });
  dial(phone, '112');
  other.send(responseText(await other.request('MESSAGE'), '200 OK'));
  clock.set(clock.now() + 86_400_000);
  callBack({ gateway, site }, '+4930555101', 'back');
  expect(header(await phone.request('INVITE'), 'From')).toContain('112');
});

it('while a call back is waited for no limit holds for what the cloud calls a phone that called for help', async () => {
  const clock = hurriedClock();
  const { phone, flow, token } = await registered('tls', {
    clock,
    settings: '[emergency]\ncallback_minutes = 10\n',
  });
  for (let at = 0; at < 8; at += 1) {
    phone.send(inviteText({ ...outward, callId: `many-${at}` }));
    await flow.request('INVITE');
  }
  const call = (callId: string) =>
    flow.send(
      inviteText(
        { callId, from: '<sip:+4989112@cloud.example>;tag=psap', to: '<sip:1001@office.example>' },
        { uri: `sip:${token}@127.0.0.1` },
      ),
    );
  call('before');
  await flow.response(486);
  phone.send(inviteText({ ...outward, callId: 'help' }, { uri: 'sip:112@127.0.0.1' }));
  await flow.request('INVITE');
  call('back');
  await phone.request('INVITE');
  await clock.advance(11 * 60_000);
  call('late');
  expect((await flow.response(486)).reason).toBe('Too many calls');
});

it('a phone that calls for help without end is led to people here after the fifth time, and nobody is told again', async () => {
  const gateway = await startGateway();
  const { site, phone, other } = await office(trunk(gateway) + attendant);
  const flow = await site.flow(0);
  for (let at = 0; at < 5; at += 1) {
    dial(phone, '112', `flood-${at}`);
    await flow.request('INVITE');
    other.send(responseText(await other.request('MESSAGE'), '200 OK'));
  }
  dial(phone, '112', 'flood-6');
  expect(header(await other.request('INVITE'), 'From')).toContain('EMERGENCY');
  expect(other.waiting.filter((seen) => 'method' in seen && seen.method === 'MESSAGE')).toEqual([]);
  await until('the evidence', () => evidence(site)[5], wait);
});

it('933 goes the way of an emergency call and rings nobody here', async () => {
  const gateway = await startGateway();
  const site = await openSipSite({ settings: `[dial_plan]\ncountry_code = "1"\n${trunk(gateway)}` });
  const [phone, other] = [await site.phone('tls'), await site.phone('tls')];
  await register(site, phone, { aor: '+12125550101' });
  await register(site, other, { aor: '+12125550102' });
  site.cutRegistrar(true);
  await until('the outage', () => site.journal('outage_began')[0], wait);
  const from = '<sip:+12125550101@office.example>;tag=me';
  phone.send(inviteText({ callId: 'test', from, to: '<sip:933@127.0.0.1>' }, { uri: 'sip:933@127.0.0.1' }));
  const invite = await gateway.request('INVITE');
  expect(invite.uri).toContain('sip:933@');
  gateway.send(responseText(invite, '404 Not Found'));
  await phone.response(404);
  expect(other.waiting).toEqual([]);
  await until('the evidence', () => evidence(site).find(({ kind }) => kind === 'test'), wait);
});

it('nothing of a site without any of it is sent anywhere', async () => {
  const { site, phone, other } = await office('');
  dial(phone, '112');
  await (await site.flow(0)).request('INVITE');
  await until('the evidence', () => evidence(site)[0], wait);
  expect(evidence(site)[0]?.notices).toEqual([]);
  expect(other.waiting).toEqual([]);
});
