/** Two hundred media sessions up and down a second, each relayed by the kernel for a moment: nothing of them may stay. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMedia, type Media } from '../../appliance/sip/media.ts';
import { readMediaSessions } from '../../appliance/store/media-sessions.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { readReport } from '../../appliance/store/telemetry.ts';
import { openWorld } from '../../appliance/world.ts';
import { start, until, words, type Running } from '../support/command.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import type { Finding } from './results.ts';

const perSecond = 200;
const callMs = 500;
const ours = { phone: '10.66.0.1', cloud: '192.0.2.2' };
const far = { phone: '10.66.0.101', cloud: '192.0.2.50' };
const legs = ['phone', 'cloud'] as const;
/** Three packets of RTP to each port of the box that it is told. */
const sender = `use Socket; socket(my $s, 2, 2, 17); bind($s, pack_sockaddr_in(4000, INADDR_ANY)); my $to = inet_aton($ARGV[0]);
  while (my $port = <STDIN>) { send($s, pack("CCnNN", 128, 0, $_, $_, $port) . ("z" x 160), 0, pack_sockaddr_in($port, $to)) for 1..3 }`;

export async function mediaChurn(say: (line: string) => void, seconds = 600): Promise<Finding> {
  await using lab = openLab();
  const box = await lab.namespace('box');
  const senders = { phone: await end(lab, box, 'phone'), cloud: await end(lab, box, 'cloud') };
  const state = join(lab.directory, 'state');
  await using running = startRelay(lab, box, state);
  await using media = openMedia(openWorld('silent'), state, {
    onIdle: () => undefined,
    onConnected: () => Promise.resolve(),
  });
  const wait = { timeoutMs: 30_000, lastSeen: running.lastWords, hopeless: running.hasExited };
  await until('the relay to be connected', () => media.isConnected || undefined, wait);
  let [up, failed, unheard] = [0, 0, 0];
  const call = async (id: number) => {
    try {
      const relayed = await oneCall(media, senders, `churn.${id}`);
      up += 1;
      if (relayed < 6) unheard += 1;
    } catch (error) {
      failed += 1;
      if (failed < 5) say(String(error));
    }
  };
  const calls: Promise<void>[] = [];
  const begin = Date.now();
  for (let id = 0; id < seconds * perSecond; id += 1) {
    calls.push(call(id));
    if (id % (perSecond * 30) === 0) say(`${id} calls begun, ${failed} failed`);
    await sleep(Math.max(0, begin + ((id + 1) * 1000) / perSecond - Date.now()));
  }
  await Promise.all(calls);
  const pace = Math.round(up / ((Date.now() - begin) / 1000));
  await sleep(2500);
  const { rules, ports, rows } = await leftBehind(box, state);
  const changes = readReport(state, 'rtp')?.counters['kernel_changes'] ?? 0;
  return {
    name: 'media-churn',
    passed: rules + ports + rows + failed === 0 && changes >= up,
    detail:
      `${up} sessions of three packets each way, ${pace} a second for ${seconds} s: ${failed} failed, ${unheard} lost a packet, ` +
      `${changes} changes of the kernel's rules. Left behind: ${rules} rules, ${ports} ports, ${rows} rows.`,
  };
}

/** RTP packets relayed, six when none was lost. */
async function oneCall(
  media: Media,
  senders: Readonly<Record<'phone' | 'cloud', Running>>,
  id: string,
): Promise<number> {
  const ports = await media.allocate(id, ours);
  try {
    for (const leg of legs)
      await media.update(id, leg, { address: far[leg], port: 4000, rtcpPort: 4001, allow: [] });
    for (const leg of legs) senders[leg].write(`${ports[leg].rtp}\n`);
    await sleep(callMs);
  } catch (error) {
    await media.release(id);
    throw error;
  }
  const count = await media.release(id);
  return (count?.phone.packets ?? 0) + (count?.cloud.packets ?? 0);
}

async function end(lab: Lab, box: Namespace, leg: 'phone' | 'cloud'): Promise<Running> {
  const namespace = await lab.namespace(leg);
  await lab.wire({ namespace: box, card: leg }, { namespace, card: 'eth0' });
  await box.exec(words(`ip addr add ${ours[leg]}/24 dev ${leg}`));
  await namespace.exec(words(`ip addr add ${far[leg]}/24 dev eth0`));
  await box.exec(words(`ip link set ${leg} up`));
  await namespace.exec(words('ip link set eth0 up'));
  return namespace.start(['perl', '-e', sender, ours[leg]]);
}

function startRelay(lab: Lab, box: Namespace, state: string): Running {
  mkdirSync(state);
  const file = join(lab.directory, 'gatehouse.toml');
  writeFileSync(
    file,
    `[site]\naddress = "${ours.phone}"\nstate_directory = "${state}"\n[rtp]\nkernel_path = "on"\n`,
  );
  const main = join(import.meta.dirname, '../../appliance/main.ts');
  return start([...box.prefix, process.execPath, main, 'run', 'rtp', '--config', file]);
}

async function leftBehind(
  box: Namespace,
  state: string,
): Promise<Record<'rules' | 'ports' | 'rows', number>> {
  const table = await box.exec(words('nft list table netdev gatehouse_media'));
  using reader = openReader(state, 'rtp');
  return {
    rules: table.match(/counter packets \d+ bytes \d+ : \d/g)?.length ?? 0,
    ports: readReport(state, 'rtp')?.counters['ports_used'] ?? Number.NaN,
    rows: reader === undefined ? Number.NaN : readMediaSessions(reader.db).length,
  };
}
