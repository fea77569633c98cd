/** Calls between phones of the site while the registrar is away. */
import { expect, it } from 'vitest';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { contact, ear, ended, inviteText, local, rtp, within, type Dialog } from '../../support/sip-calls.ts';
import { register } from '../../support/sip-registering.ts';
import {
  header,
  mediaPort,
  openSipSite,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from '../../support/sip-site.ts';

const settings = '[dial_plan]\ncountry_code = "49"\nextension_length = 3\n';
const wait = { timeoutMs: 5000, everyMs: 10 };

async function office(more = ''): Promise<{ site: SipSite; phone: Peer; other: Peer }> {
  const site = await openSipSite({ settings: settings + more });
  const [phone, other] = [await site.phone('tls'), await site.phone('tls')];
  await register(site, phone, { aor: '+4930555101' });
  await register(site, other, { aor: '+4930555102' });
  return { site, phone, other };
}

async function cut(site: SipSite): Promise<void> {
  site.cutRegistrar(true);
  await until('the outage', () => site.journal('outage_began')[0], wait);
}

function dialling(number: string): { dialog: Dialog; uri: string } {
  const uri = `sip:${number}@127.0.0.1`;
  return {
    uri,
    dialog: {
      callId: `call-${number}`,
      from: '"Ann" <sip:+4930555101@office.example>;tag=me',
      to: `<${uri}>`,
    },
  };
}

async function answered(
  { phone, other }: { phone: Peer; other: Peer },
  number: string,
  media = [4000, 6000],
) {
  const { dialog, uri } = dialling(number);
  phone.send(
    inviteText(dialog, { uri, body: sdpText(media[0] ?? 0), lines: ['Authorization: Digest x="y"'] }),
  );
  const invite = await other.request('INVITE');
  other.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(media[1] ?? 0) }));
  const answer = await phone.response(200);
  phone.send(within(dialog, answer, 'ACK').text());
  await other.request('ACK');
  return { dialog, invite, answer };
}

it.each(['102', '030555102', '004930555102', '+4930555102'])(
  'in an outage %s reaches the phone that has this number',
  async (number) => {
    const { site, phone, other } = await office();
    await cut(site);
    const { invite } = await answered({ phone, other }, number);
    expect(invite.uri).toContain('sip:+4930555102@127.0.0.1:5999');
    expect(invite.headers.some(({ name }) => name === 'Authorization')).toBe(false);
  },
);

it('in an outage both hear each other through the box, until one hangs up', async () => {
  const { site, phone, other } = await office();
  await cut(site);
  const [mine, theirs] = [await ear(), await ear()];
  const { dialog, invite, answer } = await answered({ phone, other }, '102', [
    mine.address().port,
    theirs.address().port,
  ]);
  await mine.send(rtp(1), { address: local, port: mediaPort(answer) });
  await theirs.send(rtp(1), { address: local, port: mediaPort(invite) });
  await until('both to hear', () => (mine.heard > 0 && theirs.heard > 0) || undefined, wait);
  expect(site.calls()).toMatchObject([{ state: 'up' }]);
  phone.send(within(dialog, answer, 'BYE').text({ cseq: 2 }));
  const bye = await other.request('BYE');
  other.send(responseText(bye, '200 OK'));
  await phone.response(200);
  expect(await ended(site)).toMatchObject({
    reason: 'phone hung up',
    packetsFromPhone: 1,
    packetsToPhone: 1,
  });
});

it('in an outage other numbers are refused in words that a display can show', async () => {
  const { site, phone } = await office();
  await cut(site);
  const { dialog, uri } = dialling('004420123456');
  phone.send(inviteText(dialog, { uri }));
  const refused = await phone.response(480);
  expect(refused.reason).toBe('No internet, only phones here can be called');
  expect(header(refused, 'Warning')).toBe('399 gatehouse "No internet, only phones here can be called"');
});

it('in an outage a call for help rings the attendant, whose display says so', async () => {
  const { site, phone, other } = await office('[emergency]\nattendants = ["102"]\n');
  await cut(site);
  const { invite } = await answered({ phone, other }, '112');
  expect(header(invite, 'From')).toMatch(/^"EMERGENCY 112: Ann" </);
  await until('the journal', () => site.journal('emergency_call')[0], wait);
  expect(site.journal('emergency_call')).toMatchObject([{ way: 'attendants', outcome: 'up' }]);
});

it('a call for help without attendants rings every phone; the first that answers has it, the others stop', async () => {
  const { site, phone, other } = await office();
  const third = await site.phone('tls');
  await register(site, third, { aor: '+4930555103' });
  await cut(site);
  const { dialog, uri } = dialling('110');
  phone.send(inviteText(dialog, { uri }));
  const [ringing, taken] = [await third.request('INVITE'), await other.request('INVITE')];
  third.send(responseText(ringing, '180 Ringing'));
  await phone.response(180);
  other.send(responseText(taken, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await phone.response(200);
  const cancel = await third.request('CANCEL');
  expect(header(cancel, 'Call-ID')).toBe(header(ringing, 'Call-ID'));
  third.send(responseText(cancel, '200 OK'));
  third.send(responseText(ringing, '487 Request Terminated'));
});

it('a phone that is not registered reaches somebody too', async () => {
  const { site, other } = await office('[emergency]\nattendants = ["102"]\n');
  await cut(site);
  const stranger = await site.phone('tls', '127.0.0.2');
  const dialog = { callId: 'help', from: '<sip:nobody@nowhere.example>;tag=s', to: '<sip:112@127.0.0.1>' };
  stranger.send(inviteText(dialog, { uri: 'sip:112@127.0.0.1' }));
  const invite = await other.request('INVITE');
  other.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  expect(mediaPort(await stranger.response(200))).not.toBe(6000);
});

it('a call for help of which the cloud says nothing rings here after four seconds', async () => {
  const clock = hurriedClock();
  const site = await openSipSite({ settings, clock });
  const [phone, other] = [await site.phone('tls'), await site.phone('tls')];
  await register(site, phone, { aor: '+4930555101' });
  await register(site, other, { aor: '+4930555102' });
  const { dialog, uri } = dialling('112');
  phone.send(inviteText(dialog, { uri }));
  const upstream = await site.flow(0);
  await upstream.request('INVITE');
  await clock.advance(4000);
  const invite = await other.request('INVITE');
  other.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  expect(mediaPort(await phone.response(200))).not.toBe(6000);
});
