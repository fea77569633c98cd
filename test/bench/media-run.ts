/** One run of streams between the ends of a site: processor time a packet, how long a packet takes, how many are lost. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start, until, type Running } from '../support/command.ts';
import type { Lab } from '../support/namespaces.ts';
import { addresses, endPort, type MediaSite } from './media-site.ts';

export interface MediaRun {
  /** Microseconds of processor time a packet: of the ends, in whose time the kernel forwards, of its threads, and of who relays. */
  readonly cost: number;
  /** Of which the relaying process. */
  readonly relay: number;
  /** Microseconds from end to end. */
  readonly p50: number;
  readonly p99: number;
  /** Packets sent and not heard. */
  readonly lost: number;
  readonly sent: number;
}

interface Counted {
  readonly sent: number;
  readonly heard: number;
  readonly p50: number;
  readonly p99: number;
}

const roundsASecond = 50;

/** The first stream is for timing alone, the others each carry 50 packets a second both ways. */
export async function runMedia(lab: Lab, site: MediaSite, seconds: number): Promise<MediaRun> {
  await using ends = new AsyncDisposableStack();
  const begin = async (role: 'load' | 'probe', side: 'phone' | 'cloud') => {
    const streams = role === 'probe' ? site.targets[side].slice(0, 1) : site.targets[side].slice(1);
    const file = join(lab.directory, `${site.box.name}-${role}-${side}`);
    writeFileSync(file, `${streams.join('\n')}\n`);
    const port = role === 'probe' ? endPort : endPort + 2;
    const rounds = seconds * roundsASecond * (role === 'probe' ? 8 : 1);
    const script = join(import.meta.dirname, 'rtp-end.pl');
    const address = addresses[side];
    const command = ['perl', script, role, address, String(port), String(rounds), file];
    const end = ends.use(start([...site[side].prefix, ...command]));
    await says(end, /^ready$/m);
    return end;
  };
  const load = [await begin('load', 'phone'), await begin('load', 'cloud')];
  const probes = [await begin('probe', 'phone'), await begin('probe', 'cloud')];
  const all = [...load, ...probes];
  const pids = [...all.map(({ pid }) => pid), ...kernelThreads()];
  const before = { packets: sumOf(pids), relay: sumOf(site.pids) };
  for (const end of all) end.write('go\n');
  const counted = await Promise.all(all.map((end) => counts(end, seconds)));
  const relay = sumOf(site.pids) - before.relay;
  const spent = sumOf(pids) - before.packets + relay;
  const sent = counted.reduce((sum, count) => sum + count.sent, 0);
  const heard = counted.reduce((sum, count) => sum + count.heard, 0);
  const timed = counted.slice(load.length);
  return {
    cost: spent / 1000 / sent,
    relay: relay / 1000 / sent,
    p50: Math.min(...timed.map(({ p50 }) => p50)),
    p99: Math.max(...timed.map(({ p99 }) => p99)),
    lost: sent - heard,
    sent,
  };
}

async function says(end: Running, wanted: RegExp): Promise<RegExpExecArray> {
  return await until(
    `an end of the streams to say ${wanted.source}`,
    () => wanted.exec(end.lastWords()) ?? undefined,
    {
      timeoutMs: 60_000,
      everyMs: 20,
      lastSeen: end.lastWords,
      hopeless: end.hasExited,
    },
  );
}

async function counts(end: Running, seconds: number): Promise<Counted> {
  // Asking often would cost what is measured.
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const [text] = await says(end, /^\{.*\}$/m);
  return JSON.parse(text) as Counted;
}

/** Packets that are too many for who sends them are worked off there. */
function kernelThreads(): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readFileSync(`/proc/${name}/comm`, 'latin1').startsWith('ksoftirqd/') ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
}

/** By parent: what each program that it started had used when it was last looked at. nft is followed by another one now and then. */
const usedBefore = new Map<number, Map<number, number>>();

/** Nanoseconds on a processor so far, of all threads, and of the programs that they started. */
function sumOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const used = usedBefore.get(pid) ?? new Map<number, number>();
    usedBefore.set(pid, used);
    for (const child of childrenOf(pid)) used.set(child, usedBy(child) ?? used.get(child) ?? 0);
    return sum + (usedBy(pid) ?? 0) + used.values().reduce((all, one) => all + one, 0);
  }, 0);
}

/** Undefined: it has ended. */
function usedBy(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]))
      .reduce((sum, used) => sum + used, 0);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
