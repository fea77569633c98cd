/** The media relay ends under a call between SRTP and a gateway in clear: its keys are in no file, and the call goes on or ends at once. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { openUdp } from '../../../appliance/net/udp.ts';
import { decodeRtp } from '../../../appliance/protocol/rtp.ts';
import { startRtpRelay } from '../../../appliance/rtp/relay.ts';
import { newSrtpReceiver, newSrtpSender } from '../../../appliance/rtp/srtp.ts';
import { openWorld } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { missing } from '../../support/refusal.ts';
import { inviteText, local, rtp, within } from '../../support/sip-calls.ts';
import { startGateway, type PlayedGateway } from '../../support/sip-gateway.ts';
import { wait, written } from '../../support/sip-killed.ts';
import { newSipProcess } from '../../support/sip-process.ts';
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

const suite = 'AES_CM_128_HMAC_SHA1_80';
const address = '127.0.3.1';
const settings = ({ port }: PlayedGateway) => `[gateway]\nhost = "127.0.0.9"\nport = ${port}\n`;

async function hearing() {
  const port = await openUdp({ address: local, port: 0 });
  onTestFinished(() => port[Symbol.asyncDispose]());
  const heard: Uint8Array[] = [];
  port.onDatagram((bytes) => heard.push(bytes));
  return { port, heard, number: port.address().port };
}

/** A call for help of a phone that takes nothing but SRTP, through the gateway, with sound both ways. */
async function bridged({ site, phone, gateway }: { site: SipSite; phone: Peer; gateway: PlayedGateway }) {
  const [mine, theirs] = [await hearing(), await hearing()];
  const master = randomBytes(30);
  const offer = sdpText(mine.number, [`a=crypto:1 ${suite} inline:${master.toString('base64')}`]);
  const uri = 'sip:112@127.0.0.1';
  const dialog = { callId: 'help', from: '<sip:nobody@nowhere.example>;tag=s', to: `<${uri}>` };
  phone.send(inviteText(dialog, { uri, body: offer.replace('RTP/AVP', 'RTP/SAVP') }));
  const invite = await gateway.request('INVITE');
  const lines = [`Contact: <sip:trunk@127.0.0.9:${gateway.port}>`];
  gateway.send(responseText(invite, '200 OK', { lines, body: sdpText(theirs.number) }));
  const answer = await phone.response(200);
  phone.send(within(dialog, answer, 'ACK').text());
  await gateway.request('ACK');
  const [, inline = ''] = /a=crypto:1 \S+ inline:(\S+)/.exec(bodyOf(answer)) ?? [];
  const [sender, receiver] = [
    newSrtpSender({ suite, master }),
    newSrtpReceiver({ suite, master: Buffer.from(inline, 'base64') }),
  ];
  let sequence = 0;
  const speak = () => {
    sequence += 1;
    mine.port.post(sender.rtp(rtp(sequence)) ?? missing('SRTP'), { address: local, port: mediaPort(answer) });
    theirs.port.post(rtp(sequence), { address: local, port: mediaPort(invite) });
  };
  /** From now on. Synchronisation sources that the phone hears. */
  const bothHear = async () => {
    mine.heard.length = theirs.heard.length = 0;
    const areHeard = () => {
      speak();
      return (mine.heard.length > 2 && theirs.heard.length > 2) || undefined;
    };
    await until('both to hear', areHeard, wait);
    expect(theirs.heard.map((bytes) => decodeRtp(bytes).ssrc)).toContain(decodeRtp(rtp(1)).ssrc);
    return new Set(
      mine.heard.map((bytes) => decodeRtp(receiver.rtp(bytes) ?? missing('what is genuine')).ssrc),
    );
  };
  const first = await bothHear();
  const kept = () => site.calls().some(({ state }) => state === 'up') || undefined;
  await until('the call to be written down', kept, wait);
  return { bothHear, first };
}

async function relayAgain({ rtp: before, config }: SipSite): Promise<void> {
  await before?.[Symbol.asyncDispose]();
  const relay = await startRtpRelay(openWorld('silent'), config);
  onTestFinished(() => relay[Symbol.asyncDispose]());
}

it('who made the call tells it them anew by who made the call: both hear each other again, and no keystream is used twice', async () => {
  const gateway = await startGateway();
  const site = await openSipSite({ settings: settings(gateway) });
  const phone = await site.phone('tcp', address);
  const { bothHear, first } = await bridged({ site, phone, gateway });
  await relayAgain(site);
  const second = await bothHear();
  expect([...second].filter((source) => first.has(source))).toEqual([]);
  expect(site.sip.counters()).toMatchObject({ calls: 1, calls_lost: 0 });
});

it('where that was killed too the next one tells it them, which has the key to what was written down', async () => {
  const memory = mkdtempSync('/dev/shm/gatehouse-test-');
  onTestFinished(() => rmSync(memory, { recursive: true }));
  const { site, bothHear } = await bothKilled(memory);
  await bothHear();
  expect(site.calls()).toMatchObject([{ state: 'up' }]);
}, 60_000);

it('where nobody has them any more the call ends at once, and both sides hear why', async () => {
  const { site, gateway, phone } = await bothKilled();
  for (const peer of [gateway, phone]) {
    const bye = await peer.request('BYE');
    expect(header(bye, 'Reason')).toContain('text="media relay restarted"');
    peer.send(responseText(bye, '200 OK'));
  }
  await until(
    'the call to be over',
    () => site.calls().every(({ state }) => state === 'ended') || undefined,
    wait,
  );
  expect(site.calls()).toMatchObject([{ reason: 'media relay restarted' }]);
}, 60_000);

async function bothKilled(memory?: string) {
  const gateway = await startGateway();
  const sip = newSipProcess(memory);
  const site = await openSipSite({ settings: settings(gateway), startSip: sip.startSip });
  await sip.listens(site);
  const before = await site.phone('tcp', address);
  const { bothHear } = await bridged({ site, phone: before, gateway });
  await written(site, 1);
  await sip.kill();
  await relayAgain(site);
  await site.restartSip();
  await sip.listens(site);
  return { site, gateway, bothHear, phone: await site.phone('tcp', address) };
}
