/** What the admin told the box beforehand: whose number it is in an outage, and for whom one is played. */
import { expect, it } from 'vitest';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { endOutage, listNumbers, playOutage } from '../../support/drills.ts';
import { contact, inviteText, within, type Dialog } from '../../support/sip-calls.ts';
import { register, registerText } from '../../support/sip-registering.ts';
import {
  header,
  openSipSite,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from '../../support/sip-site.ts';

const wait = { timeoutMs: 5000, everyMs: 10 };

async function office(options: Parameters<typeof openSipSite>[0] = {}) {
  const site = await openSipSite(options);
  const [phone, other] = [await site.phone('tls'), await site.phone('tls')];
  await register(site, phone, { aor: 'anna' });
  await register(site, other, { aor: 'ben' });
  return { site, phone, other };
}

let calls = 0;

function dial(phone: Peer, number: string): { dialog: Dialog; uri: string } {
  calls += 1;
  const uri = `sip:${number}@127.0.0.1`;
  const dialog = {
    callId: `call-${calls}`,
    from: `<sip:anna@office.example>;tag=me${calls}`,
    to: `<${uri}>`,
  };
  phone.send(inviteText(dialog, { uri }));
  return { dialog, uri };
}

async function cut(site: SipSite): Promise<void> {
  site.cutRegistrar(true);
  await until('the outage', () => site.journal('outage_began')[0], wait);
}

it('in an outage a number or extension of the list reaches the phone that it names', async () => {
  const clock = hurriedClock();
  const { site, phone, other } = await office({ clock, settings: '[dial_plan]\ncountry_code = "49"\n' });
  await listNumbers(site.directory, [{ phone: 'ben', number: '+4930555102', extension: '42' }]);
  await clock.advance(1100);
  await cut(site);
  for (const number of ['42', '030555102', '004930555102', '+4930555102']) {
    const { dialog } = dial(phone, number);
    other.send(responseText(await other.request('INVITE'), '486 Busy Here'));
    const busy = await phone.response(486);
    phone.send(within(dialog, busy, 'ACK').text());
  }
  dial(phone, '43');
  expect((await phone.response(480)).reason).toMatch(/only phones here/);
});

it('in an outage that is played phones call each other here, and calls for help go to the cloud', async () => {
  const clock = hurriedClock();
  const { site, phone, other } = await office({ clock });
  const cloud = await site.flow(0);
  await playOutage(site.directory, '*');
  await clock.advance(1100);
  dial(phone, 'ben');
  other.send(responseText(await other.request('INVITE'), '486 Busy Here'));
  await phone.response(486);
  phone.send(registerText({ cseq: 2, aor: 'anna' }));
  expect(header(await phone.response(200), 'Contact')).toContain('expires=40');
  dial(phone, '112');
  const help = await cloud.request('INVITE');
  cloud.send(responseText(help, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await phone.response(200);
  expect(site.journal('outage_began')).toEqual([]);
  expect(site.sip.health().reason).toMatch(/^an outage is played \(gatehouse drill\) until 20/);

  await endOutage(site.directory, '*');
  await clock.advance(1100);
  expect(site.sip.health().reason ?? '').not.toContain('played');
  dial(phone, 'ben');
  const invite = await cloud.request('INVITE');
  cloud.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  expect(header(await phone.response(200), 'Contact')).toContain('127.0.0.1');
});

it('an outage is played for the phones that are named and no others, and ends by itself', async () => {
  const clock = hurriedClock();
  const { site, phone } = await office({ clock });
  const cloud = await site.flow(0);
  const goesOut = async () => {
    dial(phone, 'ben');
    cloud.send(responseText(await cloud.request('INVITE'), '486 Busy Here'));
    await phone.response(486);
  };
  await playOutage(site.directory, '00:15:65:00:00:99');
  await clock.advance(1100);
  await goesOut();
  await playOutage(site.directory, '*', 60_000);
  await clock.advance(60_001);
  await goesOut();
  expect(site.sip.counters()).toMatchObject({ calls_refused: 0 });
});
