/** A box with the part `rtp` alone between a phone's network and the internet, whose lines are what a test wants them to be. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openMedia, type Media } from '../../appliance/sip/media.ts';
import { openWorld } from '../../appliance/world.ts';
import { until, words, type Running } from './command.ts';
import type { Lab, Namespace } from './namespaces.ts';

const patience = { timeoutMs: 20_000 };
export const near = '10.66.0.1';
const far = '192.0.2.2';
/** Where each end is, and where it sends to. */
const ends = [
  { leg: 'phone', address: '10.66.0.101', port: 5000, toward: near },
  { leg: 'cloud', address: '203.0.113.50', port: 6000, toward: far },
] as const;

export interface Place {
  readonly lab: Lab;
  readonly box: Namespace;
  readonly phone: Namespace;
  readonly cloud: Namespace;
  /** Of the box. */
  readonly state: string;
}

/** The phone is on the box's card `port1`, which has no address yet; there is no line to the internet. */
export async function openPlace(lab: Lab): Promise<Place> {
  const box = await lab.namespace('box');
  const phone = await lab.namespace('phone');
  const cloud = await lab.namespace('cloud');
  await lab.wire({ namespace: phone, card: 'eth0' }, { namespace: box, card: 'port1' });
  for (const [namespace, command] of [
    [phone, 'ip addr add 10.66.0.101/24 dev eth0'],
    [phone, 'ip link set eth0 up'],
    [box, 'ip link set port1 up'],
    [cloud, 'ip addr add 203.0.113.50/32 dev lo'],
  ] as const)
    await namespace.exec(words(command));
  const state = join(lab.directory, 'state');
  mkdirSync(state);
  return { lab, box, phone, cloud, state };
}

/** A line of Ethernet. */
export async function wireWan(place: Place): Promise<void> {
  const { lab, box, cloud } = place;
  await lab.wire({ namespace: cloud, card: 'wan' }, { namespace: box, card: 'wan' });
  await addressWan(place);
}

/** A line that bears nothing but IP, and each packet so much later. */
export async function bareWan(place: Place, delayMs = 0): Promise<AsyncDisposable> {
  const { lab, box, cloud } = place;
  const script = join(import.meta.dirname, 'tun-end.pl');
  const sockets = ['box', 'cloud'].map((name) => join(lab.directory, `${name}.line`));
  await using begun = new AsyncDisposableStack();
  for (const [at, namespace] of [box, cloud].entries()) {
    const [own = '', other = ''] = at === 0 ? sockets : sockets.toReversed();
    const end: Running = begun.use(namespace.start(['perl', script, 'wan', own, other, String(delayMs)]));
    const isReady = () => end.lastWords().includes('ready') || undefined;
    await until('the line', isReady, { ...patience, lastSeen: end.lastWords, hopeless: end.hasExited });
  }
  await addressWan(place);
  return begun.move();
}

async function addressWan({ box, cloud }: Place): Promise<void> {
  for (const [namespace, command] of [
    [box, `ip addr add ${far}/24 dev wan`],
    [box, 'ip link set wan up'],
    [cloud, 'ip addr add 192.0.2.1/24 dev wan'],
    [cloud, 'ip link set wan up'],
    [box, 'ip route add default via 192.0.2.1'],
    [cloud, `ip route add default via ${far}`],
  ] as const)
    await namespace.exec(words(command));
}

export interface PlacedRelay extends AsyncDisposable {
  readonly running: Running;
  readonly media: Media;
}

/** The part `rtp`, with the kernel path, and who asks it. */
export async function startRelay({ lab, box, state }: Place, settings = ''): Promise<PlacedRelay> {
  const file = join(lab.directory, 'gatehouse.toml');
  writeFileSync(
    file,
    `[site]\naddress = "${near}"\nstate_directory = "${state}"\n[rtp]\nkernel_path = "on"\n${settings}`,
  );
  const main = join(import.meta.dirname, '../../appliance/main.ts');
  await using opened = new AsyncDisposableStack();
  const running = opened.use(box.start([process.execPath, main, 'run', 'rtp', '--config', file]));
  const media = opened.use(
    openMedia(openWorld('silent'), state, {
      onIdle: () => undefined,
      onConnected: () => Promise.resolve(),
    }),
  );
  await until('the relay to be connected', () => media.isConnected || undefined, {
    ...patience,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
  const owned = opened.move();
  return { running, media, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A session of both ends; our ports. */
export async function allocated(media: Media, session: string) {
  const ours = await media.allocate(session, { phone: near, cloud: far });
  for (const { leg, address, port } of ends)
    await media.update(session, leg, { address, port, rtcpPort: port + 1, allow: [address] });
  return ours;
}

/** Both ends speak and report for so long: packets that phone and cloud heard. */
export async function talk(
  { phone, cloud }: Place,
  ours: Awaited<ReturnType<typeof allocated>>,
  seconds: number,
): Promise<number[]> {
  const script = join(import.meta.dirname, 'rtp-reporting-end.pl');
  const heard = ends.map(async ({ leg, address, port, toward }) => {
    const to = [toward, String(ours[leg].rtp), String(seconds), String(port)];
    const end = leg === 'phone' ? phone : cloud;
    return Number(
      await end.exec(['perl', script, address, String(port), ...to], { timeoutMs: (seconds + 20) * 1000 }),
    );
  });
  return await Promise.all(heard);
}

/** The rules of media, as nft prints them; empty when there are none. */
export async function mediaRules({ box }: Place): Promise<string> {
  return await box.exec(words('nft list table netdev gatehouse_media'), { anyExitCode: true });
}

/** Packets that the kernel relayed, of each flow that is in the rules. */
export function inKernel(rules: string): number[] {
  return Array.from(rules.matchAll(/counter packets (\d+) bytes \d+ : \d+/g), ([, packets]) =>
    Number(packets),
  );
}
