/**
 * Thirty calls through two bridges in a row: rtpengine makes SRTP of what a plain end says, the relay makes it plain again, and the other
 * way round. What each end hears must be what the other one said, to the bit, so neither bridge can be wrong by itself.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfig } from '../../appliance/config.ts';
import { openUdp, type UdpPort } from '../../appliance/net/udp.ts';
import { encodeRtp } from '../../appliance/protocol/rtp.ts';
import { startRtpRelay } from '../../appliance/rtp/relay.ts';
import { openMedia, type Media } from '../../appliance/sip/media.ts';
import { openWorld } from '../../appliance/world.ts';
import { openRtpengine, type Rtpengine } from '../bench/rtpengine.ts';
import { until } from '../support/command.ts';
import { benchPrograms, installPackages } from '../support/packages.ts';
import type { Finding } from './results.ts';

const calls = 30;
/** More than once around the sequence numbers, so that both bridges must count roll-overs. */
const packets = 300;
const firstSequence = 65_536 - 150;
const everyMs = 10;
const local = '127.0.0.1';
const suite = 'AES_CM_128_HMAC_SHA1_80';

export async function mediaBridge(say: (line: string) => void): Promise<Finding> {
  await installPackages(say, benchPrograms);
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bridge-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const world = openWorld('silent');
  const config = parseConfig(
    `[site]\naddress = "${local}"\nstate_directory = "${directory}"\n[rtp]\nkernel_path = "off"\n`,
  );
  stack.use(await startRtpRelay(world, config));
  const listeners = { onIdle: () => undefined, onConnected: () => Promise.resolve() };
  const media = stack.use(openMedia(world, directory, listeners));
  await until('the relay to be connected', () => media.isConnected || undefined, { timeoutMs: 10_000 });
  const rtpengine = stack.use(await openRtpengine(directory));
  const made: Bridged[] = [];
  for (let at = 0; at < calls; at += 1) made.push(await bridge(media, rtpengine, at));
  stack.defer(async () => {
    for (const { near, far } of made)
      await Promise.all([near, far].map(({ port }) => port[Symbol.asyncDispose]()));
  });
  for (let at = 0; at < packets; at += 1) {
    for (const { near, far } of made) for (const end of [near, far]) end.say(at);
    await sleep(everyMs);
  }
  await sleep(500);
  const ends = made.flatMap(({ near, far }) => [
    { said: near.said, heard: far.heard },
    { said: far.said, heard: near.heard },
  ]);
  const wrong = ends.filter(({ said, heard }) => digestOf(said) !== digestOf(heard));
  const lost = ends.reduce((sum, { said, heard }) => sum + said.length - heard.length, 0);
  return {
    name: 'media-bridge',
    passed: wrong.length === 0,
    detail:
      `${calls} calls through rtpengine (RTP to SRTP) and the relay (SRTP to RTP) at once, ${packets} packets each way, ` +
      `over the end of the sequence numbers: ${wrong.length} of ${ends.length} directions heard something else than was said, ` +
      `${lost} packets lost.`,
  };
}

interface End {
  readonly port: UdpPort;
  readonly said: Uint8Array[];
  readonly heard: Uint8Array[];
  say(at: number): void;
}

interface Bridged {
  /** Beyond rtpengine, and beyond the relay. */
  readonly near: End;
  readonly far: End;
}

async function bridge(media: Media, rtpengine: Rtpengine, at: number): Promise<Bridged> {
  const to = { near: 0, far: 0 };
  const near = await openEnd(() => to.near);
  const far = await openEnd(() => to.far);
  const session = `bridge.${at}`;
  const ours = await media.allocate(session, { phone: local, cloud: local });
  const common = { 'call-id': session, 'from-tag': 'a', replace: ['origin'], ICE: 'remove' };
  const offer = await rtpengine.ask({
    ...common,
    command: 'offer',
    'transport-protocol': 'RTP/SAVP',
    sdp: sdp('RTP/AVP', near.port.address().port),
  });
  const [, tag = '', theirs = ''] =
    new RegExp(`a=crypto:(\\d+) ${suite} inline:([\\w+/=]+)`).exec(offer) ?? [];
  if (theirs === '') throw new Error('rtpengine offers no key');
  const own = randomBytes(30).toString('base64');
  const key = (inline: string) => ({ suite, inline }) as const;
  await media.describe(session, 'phone', { codecs: [], keys: { receive: key(theirs), send: key(own) } });
  const farPort = far.port.address().port;
  for (const [leg, port] of [
    ['phone', portOf(offer)],
    ['cloud', farPort],
  ] as const)
    await media.update(session, leg, { address: local, port, rtcpPort: port + 1, allow: [local] });
  const answer = await rtpengine.ask({
    ...common,
    command: 'answer',
    'to-tag': 'b',
    sdp: sdp('RTP/SAVP', ours.phone.rtp, `a=crypto:${tag} ${suite} inline:${own}\r\n`),
  });
  to.near = portOf(answer);
  to.far = ours.cloud.rtp;
  return { near, far };
}

async function openEnd(target: () => number): Promise<End> {
  const port = await openUdp({ address: local, port: 0 });
  const said: Uint8Array[] = [];
  const heard: Uint8Array[] = [];
  const ssrc = randomBytes(4).readUInt32BE();
  port.onDatagram((bytes) => heard.push(bytes));
  return {
    port,
    said,
    heard,
    say: (at) => {
      const bytes = encodeRtp({
        padding: false,
        marker: at === 0,
        payloadType: 0,
        sequence: (firstSequence + at) & 0xff_ff,
        timestamp: at * 160,
        ssrc,
        contributors: [],
        payload: randomBytes(160),
      });
      said.push(bytes);
      port.post(bytes, { address: local, port: target() });
    },
  };
}

function sdp(profile: string, port: number, more = ''): string {
  return `v=0\r\no=- 1 1 IN IP4 ${local}\r\ns=-\r\nc=IN IP4 ${local}\r\nt=0 0\r\nm=audio ${port} ${profile} 0\r\n${more}`;
}

function portOf(text: string): number {
  return Number(/m=audio (\d+)/.exec(text)?.[1]);
}

/** Of what was said, in whatever order it came. */
function digestOf(bytes: readonly Uint8Array[]): string {
  const each = bytes.map((packet) => createHash('sha256').update(packet).digest('hex'));
  return each.toSorted().join();
}
