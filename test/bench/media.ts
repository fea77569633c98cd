/** What relaying media costs above plain routing: by the kernel, by our process, and by rtpengine in userspace, in turns. */
import { join } from 'node:path';
import { readReport } from '../../appliance/store/telemetry.ts';
import { until } from '../support/command.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import { benchPrograms, installPackages } from '../support/packages.ts';
import { runMedia, type MediaRun } from './media-run.ts';
import { openMediaSite, type Kind, type MediaSite } from './media-site.ts';
import { benchRow, round, type BenchRow } from './row.ts';
import { rtpengineMissing } from './rtpengine.ts';

type Say = (line: string) => void;

/** With the one for timing: 20,000 packets a second, both ways together. */
const streams = 201;
const rounds = 5;
const seconds = 4;
/** 100,000 packets a second, both ways together. */
const manyCalls = 1000;
const manySeconds = 10;

export async function measureMedia(say: Say): Promise<BenchRow[]> {
  if (rtpengineMissing() !== undefined)
    await installPackages(say, benchPrograms).catch((cause: unknown) => say(String(cause)));
  const kinds: Kind[] = ['routing', 'kernel', 'process'];
  if (rtpengineMissing() === undefined) kinds.push('rtpengine');
  const runs = await measureInTurns(kinds, say);
  const losses = await measureMany(say);
  const rules = await measureRules();
  return rows({ runs, losses, rules });
}

async function measureInTurns(kinds: readonly Kind[], say: Say): Promise<Map<Kind, MediaRun[]>> {
  await using lab = openLab();
  const sites = new Map<Kind, MediaSite>();
  await using open = new AsyncDisposableStack();
  for (const kind of kinds) sites.set(kind, open.use(await openMediaSite(lab, kind, streams)));
  const runs = new Map<Kind, MediaRun[]>(kinds.map((kind) => [kind, []]));
  // Once for all relays to learn who speaks.
  for (const site of sites.values()) await runMedia(lab, site, 1);
  for (let at = 1; at <= rounds; at += 1)
    for (const [kind, site] of sites) {
      const figures = await runMedia(lab, site, seconds);
      runs.get(kind)?.push(figures);
      say(`  round ${at}, ${kind}: ${wordsOf(figures)}`);
    }
  return runs;
}

interface Many {
  readonly routing: MediaRun;
  readonly kernel: MediaRun;
  /** Seconds until the kernel relays all, when all begin in the same moment. */
  readonly learnedS: number;
}

/** A thousand calls through the kernel, and the same packets routed. */
async function measureMany(say: Say): Promise<Many> {
  const figures: Partial<Record<Kind, MediaRun>> = {};
  let learnedS = Number.NaN;
  for (const kind of ['routing', 'kernel'] as const) {
    await using lab = openLab();
    await using site = await openMediaSite(lab, kind, manyCalls);
    const begin = performance.now();
    const beginning = runMedia(lab, site, manySeconds);
    if (kind === 'kernel') {
      await inKernel(join(lab.directory, kind), manyCalls);
      learnedS = (performance.now() - begin) / 1000;
    }
    say(`  ${manyCalls} calls that begin, ${kind}: ${wordsOf(await beginning)}`);
    figures[kind] = await runMedia(lab, site, manySeconds);
    say(`  ${manyCalls} calls, ${kind}: ${wordsOf(figures[kind])}`);
  }
  const { routing, kernel } = figures;
  if (routing === undefined || kernel === undefined) throw new Error('nothing was measured');
  return { routing, kernel, learnedS };
}

async function inKernel(state: string, sessions: number): Promise<void> {
  // Two flows each.
  const flows = () => readReport(state, 'rtp')?.counters['kernel_changes'] ?? 0;
  await until('the kernel to relay all', () => flows() >= sessions * 2 || undefined, {
    timeoutMs: 60_000,
    lastSeen: () => `${flows()} flows`,
  });
}

async function measureRules(): Promise<Measured['rules']> {
  await using lab: Lab = openLab();
  const box = await lab.namespace('rules');
  const text = await box.exec([process.execPath, join(import.meta.dirname, 'media-rules.ts')]);
  return JSON.parse(text) as Measured['rules'];
}

function wordsOf({ cost, relay, p50, p99, lost, sent }: MediaRun): string {
  return `${cost.toFixed(2)} µs a packet in all, ${relay.toFixed(2)} of them the relay's, p50 ${p50.toFixed(0)} µs, p99 ${p99.toFixed(0)} µs, ${lost} of ${sent} lost`;
}

interface Measured {
  readonly runs: ReadonlyMap<Kind, readonly MediaRun[]>;
  readonly losses: Many;
  /** Milliseconds; `barest`: of one element of one set, in the middle. */
  readonly rules: { readonly p50: number; readonly p99: number; readonly barest: number };
}

function rows({ runs, losses, rules }: Measured): BenchRow[] {
  const peerName = rtpengineMissing() ?? 'rtpengine in userspace (--table=-1)';
  const lower = { unit: 'µs', better: 'lower' } as const;
  const row = (name: string, kind: Kind, figure: 'cost' | 'p50' | 'p99') => {
    const ours = above(runs, kind, figure) ?? Number.NaN;
    return benchRow({ name, ours, peer: above(runs, 'rtpengine', figure), peerName, ...lower });
  };
  const alone = { peer: null, peerName: 'none that does the same' } as const;
  return [
    row('the kernel, above routing: processor a packet', 'kernel', 'cost'),
    row('our process, above routing: processor a packet', 'process', 'cost'),
    row('the kernel, above routing: p50', 'kernel', 'p50'),
    row('the kernel, above routing: p99', 'kernel', 'p99'),
    row('our process, above routing: p50', 'process', 'p50'),
    benchRow({
      name: `${manyCalls} calls: lost`,
      ours: percentLost(losses.kernel),
      peer: percentLost(losses.routing),
      peerName: 'plain routing, for packets lost',
      unit: '%',
      better: 'lower',
    }),
    benchRow({
      name: `${manyCalls} calls begun at once: in the kernel after`,
      ours: round(losses.learnedS),
      ...alone,
      unit: 's',
      better: 'lower',
    }),
    benchRow({
      name: 'rules of a call set, p50',
      ours: round(rules.p50),
      peer: round(rules.barest),
      peerName: 'one element added to one set',
      unit: 'ms',
      better: 'lower',
    }),
    benchRow({
      name: 'rules of a call set, p99',
      ours: round(rules.p99),
      ...alone,
      unit: 'ms',
      better: 'lower',
    }),
  ];
}

function percentLost({ lost, sent }: MediaRun): number {
  return round((lost / sent) * 100);
}

/** The middle of the rounds' differences from the routing of the same round. */
function above(runs: Measured['runs'], kind: Kind, figure: 'cost' | 'p50' | 'p99'): number | null {
  const routed = runs.get('routing') ?? [];
  const differences = (runs.get(kind) ?? [])
    .map((run, at) => run[figure] - (routed[at]?.[figure] ?? Number.NaN))
    .toSorted((a, b) => a - b);
  const middle = differences[Math.floor(differences.length / 2)];
  return middle === undefined ? null : round(middle);
}
