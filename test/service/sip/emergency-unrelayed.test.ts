/** Calls for help when there is no media relay to be had: each finds a way, and is heard where both ends reach each other. */
import { dirname } from 'node:path';
import { mkdirSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { serveLines } from '../../../appliance/net/unix-lines.ts';
import {
  formatControl,
  mediaSocketPath,
  parseMediaRequest,
  type MediaReply,
  type MediaRequest,
} from '../../../appliance/protocol/media-control.ts';
import { hurriedClock, type FakeClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { contact, inviteText, within, type Dialog } from '../../support/sip-calls.ts';
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

const dialPlan = '[dial_plan]\ncountry_code = "49"\nextension_length = 3\n';
const attendant = '[emergency]\nattendants = ["102"]\n';
const trunk = ({ port }: PlayedGateway) =>
  `[gateway]\nhost = "127.0.0.9"\nport = ${port}\nnumber = "+4930555100"\nprefixes = ["+49"]\n`;
const wait = { timeoutMs: 4000, everyMs: 5 };

interface Office {
  readonly site: SipSite;
  readonly clock: FakeClock;
  readonly phone: Peer;
  readonly other: Peer;
  readonly flow: Peer;
}

/** Without a relay, for so long that nobody waits for it any more. */
async function office(settings = '', directory = temporaryDirectory()): Promise<Office> {
  const clock = hurriedClock();
  const site = await openSipSite({ settings: dialPlan + settings, rtp: false, clock, directory });
  const [phone, other] = [await site.phone('tls'), await site.phone('tls')];
  await register(site, phone, { aor: '+4930555101' });
  await register(site, other, { aor: '+4930555102' });
  await clock.advance(8000);
  return { site, clock, phone, other, flow: await site.flow(0) };
}

function dial(phone: Peer, number: string, body = sdpText(4000)): Dialog {
  const uri = `sip:${number}@127.0.0.1`;
  const from = '"Ann" <sip:+4930555101@office.example>;tag=me';
  const dialog = { callId: `call-${number}`, from, to: `<${uri}>` };
  phone.send(inviteText(dialog, { uri, body }));
  return dialog;
}

/** A relay that is connected to; of what it is asked it answers what the test wants. */
async function relay(directory: string, answer: (request: MediaRequest) => MediaReply | undefined) {
  const path = mediaSocketPath(directory);
  mkdirSync(dirname(path), { recursive: true });
  const asked: string[] = [];
  const server = await serveLines(path, (line, peer) => {
    const request = parseMediaRequest(line);
    asked.push(request.verb);
    const reply = answer(request);
    if (reply !== undefined) peer.send(formatControl(reply));
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return asked;
}

it('through the gateway first, whose address the phone is told, and the gateway the address of the phone', async () => {
  const gateway = await startGateway();
  const { site, phone } = await office(trunk(gateway));
  const dialog = dial(phone, '112');
  const invite = await gateway.request('INVITE');
  expect(bodyOf(invite)).toBe(sdpText(4000));
  const lines = [`Contact: <sip:trunk@127.0.0.9:${gateway.port}>`];
  gateway.send(responseText(invite, '200 OK', { lines, body: sdpText(6000) }));
  const answer = await phone.response(200);
  expect(bodyOf(answer)).toBe(sdpText(6000));
  phone.send(within(dialog, answer, 'ACK').text());
  await gateway.request('ACK');
  expect(site.sip.counters()['emergency_calls_unrelayed']).toBe(1);
  phone.send(within(dialog, answer, 'BYE').text({ cseq: 2 }));
  gateway.send(responseText(await gateway.request('BYE'), '200 OK'));
  await phone.response(200);
});

it('to the cloud where there is no gateway, with all that says where the phone is', async () => {
  const { phone, flow } = await office();
  dial(phone, '112');
  const invite = await flow.request('INVITE');
  expect(bodyOf(invite)).toBe(sdpText(4000));
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  expect(bodyOf(await phone.response(200))).toBe(sdpText(6000));
});

it('to people here, with the keys of one phone for the other', async () => {
  const { site, phone, other } = await office(attendant);
  site.cutRegistrar(true);
  await until('the outage', () => site.journal('outage_began')[0], wait);
  const body = sdpText(4000, [
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd',
  ]).replace('RTP/AVP', 'RTP/SAVP');
  dial(phone, '112', body);
  expect(bodyOf(await other.request('INVITE'))).toBe(body);
});

it('any other call is refused', async () => {
  const { phone } = await office();
  dial(phone, '+49301234');
  expect((await phone.response(503)).reason).toBe('No media relay');
});

it('with a relay that takes orders and never answers, after the seconds that it has', async () => {
  const directory = temporaryDirectory();
  const asked = await relay(directory, () => undefined);
  const { clock, phone, flow } = await office('', directory);
  dial(phone, '112');
  await until('the relay to be asked', () => asked.includes('allocate') || undefined, wait);
  await clock.advance(3000);
  expect(bodyOf(await flow.request('INVITE'))).toBe(sdpText(4000));
});

it('with a relay that dies while it rings: the call comes up, at the ports that were told', async () => {
  const directory = temporaryDirectory();
  const ports = { rtp: 20_000, rtcp: 20_001 };
  const good = new Set(['allocate', 'describe', 'update', 'stats']);
  let isDead = false;
  await relay(directory, ({ id, verb }) => {
    if (!isDead && good.has(verb)) return { id, ok: true, phone: ports, cloud: ports, sessions: [] };
    return { id, ok: false, error: 'no such session' };
  });
  const { phone, flow } = await office('', directory);
  const dialog = dial(phone, '112');
  const invite = await flow.request('INVITE');
  expect(bodyOf(invite)).toContain('m=audio 20000');
  isDead = true;
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  const answer = await phone.response(200);
  expect(bodyOf(answer)).toContain('m=audio 20000');
  phone.send(within(dialog, answer, 'ACK').text());
  await flow.request('ACK');
  phone.send(within(dialog, answer, 'BYE').text({ cseq: 2 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(200);
});

it('a call back of the emergency service reaches the phone too', async () => {
  const gateway = await startGateway();
  const { site, phone } = await office(trunk(gateway));
  dial(phone, '112');
  gateway.send(responseText(await gateway.request('INVITE'), '486 Busy Here'));
  gateway.sendTo(site.port.udp);
  const uri = `sip:+4930555101@127.0.0.1:${site.port.udp}`;
  const back = { callId: 'back', from: '<sip:112@127.0.0.9>;tag=psap', to: `<${uri}>` };
  gateway.send(
    inviteText(back, { uri, body: sdpText(6000) }).replace(
      'SIP/2.0/TCP 127.0.0.1:5999',
      `SIP/2.0/UDP 127.0.0.9:${gateway.port}`,
    ),
  );
  const invite = await phone.request('INVITE');
  expect([header(invite, 'From').includes('112'), bodyOf(invite)]).toEqual([true, sdpText(6000)]);
});
