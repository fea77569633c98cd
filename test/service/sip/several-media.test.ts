/** Picture beside sound, taken out and put back, and a fax in its place: each crosses for as long as both ends want it. */
import { randomBytes } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { openUdp, type UdpPort } from '../../../appliance/net/udp.ts';
import { encodeRtp } from '../../../appliance/protocol/rtp.ts';
import { isRequest, type SipMessage } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import { packet } from '../../support/media-site.ts';
import { contact, inviteText, outward, registered, within, type Setting } from '../../support/sip-calls.ts';
import { bodyOf, responseText, sdpText } from '../../support/sip-site.ts';

const local = '127.0.0.1';
const wait = { timeoutMs: 4000, everyMs: 5 };

interface End {
  readonly port: UdpPort;
  /** In hex. */
  readonly heard: string[];
}

async function end(): Promise<End> {
  const port = await openUdp({ address: local, port: 0 });
  onTestFinished(() => port[Symbol.asyncDispose]());
  const heard: string[] = [];
  port.onDatagram((bytes) => heard.push(Buffer.from(bytes).toString('hex')));
  return { port, heard };
}

const numberOf = ({ port }: End) => port.address().port;
/** As large as a piece of a picture gets. */
const picture = (sequence: number) =>
  encodeRtp({
    padding: false,
    marker: true,
    payloadType: 96,
    sequence,
    timestamp: 3000,
    ssrc: 2,
    contributors: [],
    payload: randomBytes(1350),
  });
/** T.38 annex D: a sequence number and a primary packet; its first byte looks like RTP's now and then. */
const faxPage = (sequence: number) =>
  Buffer.concat([Buffer.from([sequence >> 8, sequence & 255, 1, 6]), randomBytes(90)]);

const portsIn = (message: SipMessage) =>
  Array.from(bodyOf(message).matchAll(/m=\w+ (\d+)/g), ([, port]) => Number(port));

/** By the ports of both ends of one side. */
type Describe = (first: number, second: number) => string;

interface Talk extends Setting {
  readonly phoneSide: readonly End[];
  readonly cloudSide: readonly End[];
  /** Ours: where the cloud sends to, and the phone. */
  toPhone: number[];
  toCloud: number[];
  /** Anew, by both. */
  change(by: Describe): Promise<void>;
}

async function talkingWith(begin: Describe, cloudBegins = begin): Promise<Talk> {
  const setting = await registered('tcp');
  const { phone, flow } = setting;
  const [phoneSide, cloudSide] = [[await end(), await end()] as const, [await end(), await end()] as const];
  const described = (by: Describe, [first, second]: typeof phoneSide) =>
    by(numberOf(first), numberOf(second));
  phone.send(inviteText(outward, { body: described(begin, phoneSide) }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: described(cloudBegins, cloudSide) }));
  const answer = await phone.response(200);
  phone.send(within(outward, answer, 'ACK').text());
  await flow.request('ACK');
  let cseq = 1;
  const talk: Talk = {
    ...setting,
    phoneSide,
    cloudSide,
    toPhone: portsIn(invite),
    toCloud: portsIn(answer),
    change: async (by) => {
      cseq += 1;
      phone.send(within(outward, answer, 'INVITE').text({ cseq, body: described(by, phoneSide) }));
      const changed = await flow.request('INVITE');
      flow.send(responseText(changed, '200 OK', { lines: [contact], body: described(by, cloudSide) }));
      const agreed = await phone.response(200);
      phone.send(within(outward, agreed, 'ACK').text({ cseq }));
      await flow.request('ACK');
      [talk.toPhone, talk.toCloud] = [portsIn(changed), portsIn(agreed)];
    },
  };
  return talk;
}

/** Both ends of one medium, each hears what the other sends to the bit. */
async function crosses(talk: Talk, at: number, packet: (sequence: number) => Uint8Array): Promise<void> {
  const ways = [
    [talk.phoneSide[at], talk.toCloud[at], talk.cloudSide[at]],
    [talk.cloudSide[at], talk.toPhone[at], talk.phoneSide[at]],
  ] as const;
  for (const [from, port = 0, to] of ways) {
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      const sent = packet(sequence);
      await from?.port.send(sent, { address: local, port });
      const hex = Buffer.from(sent).toString('hex');
      await until('it to arrive', () => to?.heard.includes(hex) || undefined, wait);
    }
  }
}

const sound = (sequence: number) => packet(sequence, randomBytes(160));

const video = (port: number) => `m=video ${port} RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n`;
const image = (port: number) => `m=image ${port} udptl t38\r\na=T38FaxVersion:0\r\n`;
const withPicture: Describe = (first, second) => sdpText(first) + video(second);
const withoutPicture: Describe = (first) => sdpText(first) + video(0);
const soundAlone: Describe = (first) => sdpText(first);
const asFax: Describe = (_first, second) => sdpText(0) + image(second);

it('sound and picture cross to the bit; a picture that was taken out reaches nobody, until it is back', async () => {
  const talk = await talkingWith(withPicture);
  await crosses(talk, 0, sound);
  await crosses(talk, 1, picture);
  const [port = 0] = [talk.toPhone[1]];
  await talk.change(withoutPicture);
  expect([talk.toPhone[1], talk.toCloud[1]]).toEqual([0, 0]);
  const before = talk.phoneSide[1]?.heard.length;
  const dropped = () => talk.site.rtp?.counters()['dropped'] ?? 0;
  const droppedBefore = dropped();
  await talk.cloudSide[1]?.port.send(picture(77), { address: local, port });
  await until('it to be dropped', () => dropped() > droppedBefore || undefined, wait);
  expect(talk.phoneSide[1]?.heard).toHaveLength(before ?? 0);
  await crosses(talk, 0, sound);
  await talk.change(withPicture);
  await crosses(talk, 1, picture);
});

it('a fax takes the place of sound as a medium of its own, and its pages cross to the bit', async () => {
  const talk = await talkingWith(soundAlone);
  await crosses(talk, 0, sound);
  await talk.change(asFax);
  expect([talk.toPhone[0], talk.toCloud[0]]).toEqual([0, 0]);
  await crosses(talk, 1, faxPage);
  await crosses(talk, 1, (sequence) =>
    Buffer.concat([Buffer.from([0x80, 200 + (sequence % 8)]), faxPage(sequence)]),
  );
  expect(talk.flow.waiting.filter(isRequest)).toEqual([]);
});

const byName: Describe = (first) => sdpText(first).replace('c=IN IP4 127.0.0.1', 'c=IN IP4 phone.example');

it('a phone that names its host is heard from where its signalling comes, and hears once it has spoken', async () => {
  const talk = await talkingWith(byName, soundAlone);
  await crosses(talk, 0, sound);
  expect(talk.cloudSide[0]?.heard).toHaveLength(20);
});
