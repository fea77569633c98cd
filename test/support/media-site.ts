/** A media relay of its own and two ends that send to it. */
import { onTestFinished } from 'vitest';
import { parseConfig } from '../../appliance/config.ts';
import { openUdp, type UdpPort } from '../../appliance/net/udp.ts';
import { decodeRtp, encodeRtp } from '../../appliance/protocol/rtp.ts';
import { startRtpRelay } from '../../appliance/rtp/relay.ts';
import { openMedia, type Media } from '../../appliance/sip/media.ts';
import { openWorld, type Part } from '../../appliance/world.ts';
import { fakeClock, type FakeClock } from './clock.ts';
import { until } from './command.ts';
import { firstMediaPort } from './free-port.ts';
import { temporaryDirectory } from './directory.ts';

export const local = '127.0.0.1';

export interface MediaSite {
  readonly directory: string;
  readonly relay: Part;
  readonly media: Media;
  readonly idle: string[];
  readonly clock: FakeClock;
  readonly start: () => Promise<Part>;
}

/** `ports`: so many are to be had, four a session. */
export async function mediaSite({ ports = 40, directory = temporaryDirectory() } = {}): Promise<MediaSite> {
  const first = firstMediaPort(ports);
  const config = parseConfig(
    `[site]\naddress = "${local}"\nstate_directory = "${directory}"\n[rtp]\nfirst_port = ${first}\nlast_port = ${first + ports - 1}\n`,
  );
  const clock = fakeClock();
  const world = openWorld('silent');
  const start = () => startRtpRelay({ ...world, clock }, config);
  const relay = await start();
  const idle: string[] = [];
  const media = openMedia(world, directory, {
    onIdle: (session) => idle.push(session),
    onConnected: () => Promise.resolve(),
  });
  onTestFinished(async () => {
    await media[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
  });
  await until('the relay to be connected', () => media.isConnected || undefined, {
    timeoutMs: 5000,
    everyMs: 5,
  });
  return { directory, relay, media, idle, clock, start };
}

export async function endpoint(
  address = local,
): Promise<UdpPort & { readonly heard: number[]; next(count: number): Promise<void> }> {
  const port = await openUdp({ address, port: 0 });
  onTestFinished(() => port[Symbol.asyncDispose]());
  const heard: number[] = [];
  port.onDatagram((bytes) => heard.push(decodeRtp(bytes).sequence));
  return Object.assign(port, {
    heard,
    next: async (count: number) => {
      await until(`${count} packets`, () => heard.length >= count || undefined, {
        timeoutMs: 3000,
        everyMs: 5,
      });
    },
  });
}

/** 20 ms of PCMU. */
export const packet = (sequence: number, payload: Uint8Array = new Uint8Array(160)) =>
  encodeRtp({
    padding: false,
    marker: false,
    payloadType: 0,
    sequence,
    timestamp: sequence * 160,
    ssrc: 1,
    contributors: [],
    payload,
  });

export const remote = (port: number) => ({ address: local, port, rtcpPort: port + 1, allow: [local] });
