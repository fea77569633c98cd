/** Where a process of ours spent its time: what `node --cpu-prof` wrote, as a short table. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Options of node; the profile is written when the process ends by itself. */
export function profileOptions(directory: string): string[] {
  mkdirSync(directory, { recursive: true });
  return ['--cpu-prof', `--cpu-prof-dir=${directory}`, '--cpu-prof-interval=400'];
}

/** Of the same machine, µs: what profiles count time by. */
export function monotonicMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
}

/** By {@link monotonicMicroseconds}. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly operations: number;
}

/** Self time by file, then self time and time with all that it called by function, both an operation. */
export function profileTable(directory: string, { from, to, operations }: Span): string[] {
  const file = readdirSync(directory).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error(`no profile in ${directory}`);
  const profile = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Profile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((one) => [one, id])));
  const files = new Map<string, number>();
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  let at = profile.startTime;
  for (const [index, sample] of profile.samples.entries()) {
    const micros = profile.timeDeltas[index] ?? 0;
    at += micros;
    const node = nodes.get(sample);
    if (at < from || at > to || node === undefined) continue;
    add(files, fileOf(node), micros);
    add(self, nameOf(node), micros);
    for (const name of stackOf(sample, nodes, parents)) add(total, name, micros);
  }
  const each = (sums: Map<string, number>, name: string) =>
    ((sums.get(name) ?? 0) / operations).toFixed(1).padStart(9);
  return [
    '  µs an operation, by file:',
    ...top(files, 25).map((name) => `${each(files, name)}  ${name}`),
    '  by function: itself, and with what it called',
    ...top(self, 45).map((name) => `${each(self, name)}${each(total, name)}  ${name}`),
    '  by function, with what it called:',
    ...top(total, 60).map((name) => `${each(total, name)}  ${name}`),
  ];
}

function add(sums: Map<string, number>, name: string, micros: number): void {
  sums.set(name, (sums.get(name) ?? 0) + micros);
}

function top(sums: Map<string, number>, count: number): string[] {
  return Array.from(sums)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name]) => name);
}

/** Each function once, however often it stands on the stack. */
function stackOf(
  sample: number,
  nodes: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
): Set<string> {
  const names = new Set<string>();
  for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
    const node = nodes.get(id);
    if (node !== undefined) names.add(nameOf(node));
  }
  return names;
}

const root = join(import.meta.dirname, '../..');

function fileOf({ callFrame: { url, functionName } }: ProfileNode): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(native)';
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  return path.replace(`${root}/`, '').replace(/^.*\/node_modules\//, '');
}

function nameOf(node: ProfileNode): string {
  const { functionName, lineNumber } = node.callFrame;
  const file = fileOf(node);
  return file === functionName ? file : `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}
