/** A phone's network, a box and a cloud, each a namespace, and who relays media between them: one such site for each that is measured. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openMedia } from '../../appliance/sip/media.ts';
import { openWorld } from '../../appliance/world.ts';
import { start, until, words } from '../support/command.ts';
import type { Lab, Namespace } from '../support/namespaces.ts';
import { startRtpengine } from './rtpengine.ts';

export const addresses = { phone: '10.66.0.101', near: '10.66.0.1', far: '192.0.2.2', cloud: '192.0.2.50' };
/** Of the first stream at either end; the next has two more. */
export const endPort = 10_000;

export interface Ports {
  /** Of the relay, where phone and cloud send to. */
  readonly phone: number;
  readonly cloud: number;
}

export interface MediaSite extends AsyncDisposable {
  readonly phone: Namespace;
  readonly box: Namespace;
  readonly cloud: Namespace;
  /** Whose processor time counts besides that of the ends. */
  readonly pids: readonly number[];
  /** Where the ends send to, a stream each. */
  readonly targets: Readonly<Record<'phone' | 'cloud', readonly string[]>>;
}

export type Kind = 'routing' | 'kernel' | 'process' | 'rtpengine';

interface Relay extends AsyncDisposable {
  readonly pid: number;
  readonly ports: readonly Ports[];
}

export async function openMediaSite(lab: Lab, kind: Kind, streams: number): Promise<MediaSite> {
  const [phone, box, cloud] = await Promise.all(
    ['phone', 'box', 'cloud'].map((name) => lab.namespace(`${kind.slice(0, 3)}-${name}`)),
  );
  if (phone === undefined || box === undefined || cloud === undefined) throw new Error('no namespaces');
  await lab.wire({ namespace: phone, card: 'eth0' }, { namespace: box, card: 'lan' });
  await lab.wire({ namespace: cloud, card: 'eth0' }, { namespace: box, card: 'wan' });
  for (const [namespace, card, address] of [
    [phone, 'eth0', addresses.phone],
    [box, 'lan', addresses.near],
    [box, 'wan', addresses.far],
    [cloud, 'eth0', addresses.cloud],
  ] as const) {
    await namespace.exec(words(`ip addr add ${address}/24 dev ${card}`));
    await namespace.exec(words(`ip link set ${card} up`));
  }
  await phone.exec(words(`ip route add default via ${addresses.near}`));
  await cloud.exec(words(`ip route add default via ${addresses.far}`));
  const place = { lab, box, kind, streams };
  if (kind === 'routing') {
    await box.exec(words('sysctl -qw net.ipv4.ip_forward=1'));
    const all = (address: string) =>
      Array.from({ length: streams }, (_, at) => `${address} ${endPort + at * 2}`);
    return {
      phone,
      box,
      cloud,
      pids: [],
      targets: { phone: all(addresses.cloud), cloud: all(addresses.phone) },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const relay = kind === 'rtpengine' ? await startRtpengine(place) : await startOurs(place);
  return {
    phone,
    box,
    cloud,
    pids: [relay.pid],
    targets: {
      phone: relay.ports.map(({ phone: port }) => `${addresses.near} ${port}`),
      cloud: relay.ports.map(({ cloud: port }) => `${addresses.far} ${port}`),
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

export interface Place {
  readonly lab: Lab;
  readonly box: Namespace;
  readonly kind: Kind;
  readonly streams: number;
}

async function startOurs({ lab, box, kind, streams }: Place): Promise<Relay> {
  const state = join(lab.directory, kind);
  mkdirSync(state);
  const file = join(state, 'gatehouse.toml');
  const path = kind === 'kernel' ? 'on' : 'off';
  writeFileSync(
    file,
    `[site]\naddress = "${addresses.near}"\nstate_directory = "${state}"\n[rtp]\nkernel_path = "${path}"\nidle_seconds = 600\n`,
  );
  const main = join(import.meta.dirname, '../../appliance/main.ts');
  const running = start([...box.prefix, process.execPath, main, 'run', 'rtp', '--config', file]);
  const media = openMedia(openWorld('silent'), state, {
    onIdle: () => undefined,
    onConnected: () => Promise.resolve(),
  });
  await until('the relay to be connected', () => media.isConnected || undefined, {
    timeoutMs: 20_000,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
  const ports: Ports[] = [];
  for (let at = 0; at < streams; at += 1) {
    const session = `bench.${at}`;
    const ours = await media.allocate(session, { phone: addresses.near, cloud: addresses.far });
    for (const [leg, address] of [
      ['phone', addresses.phone],
      ['cloud', addresses.cloud],
    ] as const) {
      const port = endPort + at * 2;
      await media.update(session, leg, { address, port, rtcpPort: port + 1, allow: [] });
    }
    ports.push({ phone: ours.phone.rtp, cloud: ours.cloud.rtp });
  }
  return {
    pid: running.pid,
    ports,
    [Symbol.asyncDispose]: async () => {
      await media[Symbol.asyncDispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}
