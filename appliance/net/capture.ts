/** Frames from one card, or what nftables logs: a `tcpdump` child that is started again for as long as we want to hear, its pcap stream decoded here. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { DecodeError } from '../protocol/bytes.ts';
import { PcapStream, type CapturedPacket } from '../protocol/pcap.ts';
import type { Clock, Health, Logger } from '../world.ts';
import { borrowing } from './borrowing.ts';

export interface Capture extends AsyncDisposable {
  health(): Health;
  /** How often the child had to be started again. */
  restarts(): number;
}

export interface CaptureOptions {
  /** A card, or `nflog:` and a group. */
  readonly interface: string;
  /** Of what comes; Ethernet when left out. */
  readonly linkType?: number;
  /** In the language of pcap-filter(7). */
  readonly filter: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onPacket: (packet: CapturedPacket) => void;
  /** For tests: what is run in place of `tcpdump`. */
  readonly program?: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

const [firstWaitMs, longestWaitMs] = [500, 30_000];
/** A child that ran this long was fine: the next start is tried quickly again. */
const settledMs = 10_000;
const snapBytes = 1600;
const stderrChars = 600;
const killAfterMs = 2000;

/** A name that can't be mistaken for an option of tcpdump; Linux allows 15 characters. */
const interfaceName = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,14}$/;

export function openCapture(options: CaptureOptions): Capture {
  if (!interfaceName.test(options.interface))
    throw new TypeError(`"${options.interface}" is not a card's name`);
  const stop = new AbortController();
  const state = {
    problem: 'not started yet' as string | undefined,
    restarts: -1,
    child: undefined as Child | undefined,
  };

  const supervising = (async () => {
    for (let waitMs = firstWaitMs; !stop.signal.aborted; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      state.restarts += 1;
      const startedAt = options.clock.now();
      const problem = await runChild(options, state);
      if (stop.signal.aborted) break;
      if (problem !== state.problem)
        options.log.warn({ interface: options.interface, problem }, 'capture ended');
      state.problem = problem;
      if (options.clock.now() - startedAt > settledMs) waitMs = firstWaitMs;
      await options.clock.sleep(waitMs, stop.signal).catch(() => undefined);
    }
  })();

  return {
    health: () => {
      const problem = state.problem ?? linkProblem(options.interface);
      return problem === undefined
        ? { state: 'ok' }
        : { state: 'degraded', reason: `LLDP is not heard: ${problem}` };
    },
    restarts: () => Math.max(state.restarts, 0),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      if (state.child !== undefined) await endChild(state.child);
      await supervising;
    },
  };
}

/** Resolves when the child is gone, with the reason in words for the person who looks after the box. */
async function runChild(
  options: CaptureOptions,
  state: { problem: string | undefined; child: Child | undefined },
): Promise<string> {
  // Without -p on purpose: many cards drop the group addresses of LLDP unless they are promiscuous.
  const words = ['-U', '--immediate-mode', '-n', '-i', options.interface, '-s', String(snapBytes), '-w', '-'];
  const child = spawn(...borrowing(options.program ?? 'tcpdump', [...words, options.filter]), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
  state.child = child;
  const stream = new PcapStream(options.linkType);
  let stderr = '';
  let broken: string | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    if (broken !== undefined) return;
    try {
      for (const packet of stream.push(chunk)) options.onPacket(packet);
      if (stream.hasBegun) state.problem = undefined;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      broken = error.message;
      child.kill('SIGKILL');
    }
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString('latin1')}`.slice(-stderrChars);
  });
  const ended = await new Promise<{ code: number | null; error?: NodeJS.ErrnoException }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, error }));
    child.once('close', (code) => resolve({ code }));
  });
  state.child = undefined;
  if (ended.error?.code === 'ENOENT') return 'tcpdump is not installed';
  if (ended.error !== undefined)
    return `tcpdump cannot be started (${ended.error.code ?? ended.error.message})`;
  return broken ?? explain(stderr, options.interface, ended.code);
}

function explain(stderr: string, name: string, code: number | null): string {
  if (/No such device|doesn't exist|disappeared/i.test(stderr)) return `there is no card ${name}`;
  if (/permission|not permitted/i.test(stderr))
    return `no right to listen on ${name} (CAP_NET_RAW is needed)`;
  if (/not up|went down|network is down/i.test(stderr)) return `card ${name} is down`;
  const lastLine =
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replaceAll(/[^\x20-\x7e]/g, '') ?? '';
  return `tcpdump ended with ${code ?? 'a signal'}${lastLine === '' ? '' : `: ${lastLine}`}`;
}

/** tcpdump survives a link that goes down, silently: the kernel is asked. */
function linkProblem(name: string): string | undefined {
  try {
    const state = readFileSync(`/sys/class/net/${name}/operstate`, 'latin1').trim();
    return ['down', 'lowerlayerdown', 'notpresent'].includes(state) ? `no link on ${name}` : undefined;
  } catch {
    // No such card: the child's end, which follows, says so.
    return undefined;
  }
}

async function endChild(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  const last = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  await ended;
  clearTimeout(last);
}
