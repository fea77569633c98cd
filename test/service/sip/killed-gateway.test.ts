/** kill -9 of the SIP process with calls through the site's gateway: either end hangs up and changes them as before. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { SipRequest } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { ear, inviteText, local, rtp, within, type Dialog } from '../../support/sip-calls.ts';
import { startGateway, type PlayedGateway } from '../../support/sip-gateway.ts';
import { wait, written } from '../../support/sip-killed.ts';
import { newSipProcess } from '../../support/sip-process.ts';
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

const signedIn = '127.0.3.1';
const stranger = '127.0.3.2';

interface Call {
  readonly dialog: Dialog;
  readonly invite: SipRequest;
  readonly answer: { readonly headers: SipRequest['headers']; readonly body: Uint8Array };
}

/** Somebody at that address calls that number, and speaks until the test is over. */
async function calling(
  { gateway, phone }: { gateway: PlayedGateway; phone: Peer },
  { user, number }: { user: string; number: string },
): Promise<Call> {
  const mouth = await ear();
  const uri = `sip:${number}@127.0.0.1`;
  const dialog = { callId: `call-${user}`, from: `<sip:${user}@office.example>;tag=me`, to: `<${uri}>` };
  phone.send(inviteText(dialog, { uri, body: sdpText(mouth.address().port) }));
  const invite = await gateway.request('INVITE');
  gateway.send(responseText(invite, '200 OK', { lines: [trunk(gateway)], body: sdpText(6000) }));
  const answer = await phone.response(200);
  phone.send(within(dialog, answer, 'ACK').text());
  await gateway.request('ACK');
  let sequence = 0;
  const speaking = setInterval(() => {
    mouth.post(rtp((sequence += 1)), { address: local, port: mediaPort(answer) });
  }, 200);
  onTestFinished(() => clearInterval(speaking));
  return { dialog, invite, answer };
}

const trunk = ({ port }: PlayedGateway) => `Contact: <sip:trunk@127.0.0.9:${port}>`;

/** Of the gateway, in that call. */
function ofGateway(
  { port }: PlayedGateway,
  { invite }: Call,
  { method, cseq, body = '' }: { method: string; cseq: number; body?: string },
): string {
  const uri = /<([^>]+)>/.exec(header(invite, 'Contact'))?.[1] ?? '';
  const [callId, to] = [header(invite, 'Call-ID'), header(invite, 'From')];
  const text = inviteText(
    { callId, to, from: `${header(invite, 'To')};tag=far` },
    { uri, method, body, cseq },
  );
  return text.replace('SIP/2.0/TCP 127.0.0.1:5999', `SIP/2.0/UDP 127.0.0.9:${port}`);
}

/** A phone that is signed in, and one that is not and calls for help, each in a call through the gateway. None has come back. */
async function killed(memory?: string) {
  const gateway = await startGateway();
  const secret = join(temporaryDirectory(), 'secret');
  writeFileSync(secret, 'open sesame');
  const sip = newSipProcess(memory);
  const site: SipSite = await openSipSite({
    startSip: sip.startSip,
    settings: `[dial_plan]\ncountry_code = "49"
[gateway]\nhost = "127.0.0.9"\nport = ${gateway.port}\nnumber = "+4930555100"\nprefixes = ["+49"]
username = "box"\nsecret_file = "${secret}"\n`,
  });
  await sip.listens(site);
  const phone = await site.phone('tcp', signedIn);
  await register(site, phone, { aor: '+4930555101' });
  site.cutRegistrar(true);
  await until('the outage', () => site.journal('outage_began')[0], wait);
  const calls = [
    await calling({ gateway, phone }, { user: '+4930555101', number: '030777888' }),
    await calling({ gateway, phone: await site.phone('tcp', stranger) }, { user: 'nobody', number: '112' }),
  ] as const;
  await written(site, 2);
  await sip.kill();
  await site.restartSip();
  await sip.listens(site);
  const phones = [await site.phone('tcp', signedIn), await site.phone('tcp', stranger)] as const;
  return { site, gateway, calls, phones };
}

/** The gateway wants to know who we are first, and is told. */
async function challenged(gateway: PlayedGateway, method: string): Promise<SipRequest> {
  const first = await gateway.request(method);
  const lines = ['Proxy-Authenticate: Digest realm="trunk", nonce="n1", qop="auth", algorithm=MD5'];
  gateway.send(responseText(first, '407 Proxy Authentication Required', { lines }));
  const again = await gateway.request(method);
  expect(header(again, 'Proxy-Authorization')).toMatch(
    /username="box".*uri="sip:(?:\+4930777888|112)@127\.0\.0\.9/,
  );
  return again;
}

async function reasons(site: SipSite): Promise<(string | undefined)[]> {
  const areOver = () => site.calls().every(({ state }) => state === 'ended') || undefined;
  await until('all calls to be over', areOver, wait);
  return site.calls().map(({ reason }) => reason);
}

it('a phone holds, resumes and hangs up, whoever calls for help too, with the account that the gateway asks for', async () => {
  const memory = mkdtempSync('/dev/shm/gatehouse-test-');
  onTestFinished(() => rmSync(memory, { recursive: true }));
  const { site, gateway, calls, phones } = await killed(memory);
  for (const [at, call] of calls.entries()) {
    const phone = phones[at];
    if (phone === undefined) throw new Error('no phone');
    for (const [cseq, mode, back] of [
      [2, 'sendonly', 'recvonly'],
      [3, 'sendrecv', 'sendrecv'],
    ] as const) {
      const body = sdpText(4000, [`a=${mode}`]);
      phone.send(within(call.dialog, call.answer, 'INVITE').text({ cseq, body }));
      const change = await challenged(gateway, 'INVITE');
      expect(bodyOf(change)).toContain(`a=${mode}`);
      expect(mediaPort(change)).toBe(mediaPort(call.invite));
      const said = { lines: [trunk(gateway)], body: sdpText(6000, [`a=${back}`]) };
      gateway.send(responseText(change, '200 OK', said));
      const answer = await phone.response(200);
      expect(bodyOf(answer)).toContain(`a=${back}`);
      expect(mediaPort(answer)).toBe(
        Number(/^m=audio (\d+)/m.exec(Buffer.from(call.answer.body).toString())?.[1]),
      );
      phone.send(within(call.dialog, answer, 'ACK').text({ cseq }));
      await gateway.request('ACK');
    }
    gateway.send(ofGateway(gateway, call, { method: 'INVITE', cseq: 11, body: sdpText(6002) }));
    const change = await phone.request('INVITE');
    phone.send(
      responseText(change, '200 OK', { lines: ['Contact: <sip:x@127.0.0.1:5999>'], body: sdpText(4000) }),
    );
    expect(mediaPort(await gateway.response(200))).toBe(mediaPort(call.invite));
    gateway.send(ofGateway(gateway, call, { method: 'ACK', cseq: 11 }));
    await phone.request('ACK');
    phone.send(within(call.dialog, call.answer, 'BYE').text({ cseq: 5 }));
    gateway.send(responseText(await challenged(gateway, 'BYE'), '200 OK'));
    await phone.response(200);
  }
  expect(await reasons(site)).toEqual(['phone hung up', 'phone hung up']);
}, 60_000);

it('without the key to what was said of media either end hangs up all the same', async () => {
  const { site, gateway, calls, phones } = await killed();
  phones[0].send(within(calls[0].dialog, calls[0].answer, 'BYE').text({ cseq: 5 }));
  gateway.send(responseText(await challenged(gateway, 'BYE'), '200 OK'));
  await phones[0].response(200);
  gateway.send(ofGateway(gateway, calls[1], { method: 'BYE', cseq: 11 }));
  const isThere = phones[1];
  // Whoever has said nothing since is found by its address.
  const bye = await isThere.request('BYE');
  isThere.send(responseText(bye, '200 OK'));
  await gateway.response(200);
  expect(new Set(await reasons(site))).toEqual(new Set(['cloud hung up', 'phone hung up']));
}, 60_000);

function anotherCall(uri: string): string {
  const dialog = { callId: uri, from: '<sip:+4930555101@office.example>;tag=again', to: `<${uri}>` };
  return inviteText(dialog, { uri, lines: ['Authorization: Digest x="y"'] });
}

it.each([
  ['known', true],
  ['unknown', false],
])(
  'a call for help takes the line of one that was left behind, its media being %s',
  async (_title, isKnown) => {
    const memory = isKnown ? mkdtempSync('/dev/shm/gatehouse-test-') : undefined;
    if (memory !== undefined) onTestFinished(() => rmSync(memory, { recursive: true }));
    const { site, gateway, calls, phones } = await killed(memory);
    const [phone, other] = phones;
    site.cutRegistrar(false);
    await register(site, phone, { aor: '+4930555101', at: 1 });
    const begun = site.journal('outage_began').length;
    site.cutRegistrar(true);
    await until('another outage', () => site.journal('outage_began')[begun], wait);
    phone.send(anotherCall('sip:030777999@127.0.0.1'));
    expect((await phone.response(480)).reason).toBe('No internet, all lines are in use');
    other.send(anotherCall('sip:112@127.0.0.1'));
    gateway.send(responseText(await gateway.request('INVITE'), '486 Busy Here'));
    const bye = await gateway.request('BYE');
    expect(header(bye, 'Call-ID')).toBe(header(calls[0].invite, 'Call-ID'));
    gateway.send(responseText(bye, '200 OK'));
    phone.send(responseText(await phone.request('BYE'), '200 OK'));
    expect((await gateway.request('INVITE')).uri).toContain('sip:112@');
    const taken = () =>
      site.calls().some(({ reason }) => reason === 'line needed for an emergency call') || undefined;
    expect(await until('its end to be written down', taken, wait)).toBe(true);
  },
  60_000,
);
