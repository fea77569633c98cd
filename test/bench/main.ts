/** `npm run bench [-- area…] [--json] [--profile]`: how fast we are, beside a peer in the same run on the same machine. */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { namespacesRefused } from '../support/namespaces.ts';
import type { BenchRow } from './row.ts';

type Measure = (say: (line: string) => void) => Promise<BenchRow[]>;

/** One file an area. */
const areas: Readonly<Record<string, () => Promise<Measure>>> = {
  dhcp: async () => (await import('./dhcp.ts')).measureDhcp,
  sip: async () => (await import('./sip.ts')).measureSip,
  survival: async () => (await import('./survival.ts')).measureSurvival,
  media: async () => (await import('./media.ts')).measureMedia,
  provisioning: async () => (await import('./provisioning.ts')).measureProvisioning,
};

const profiles: Readonly<Record<string, () => Promise<(say: (line: string) => void) => Promise<void>>>> = {
  sip: async () => (await import('./sip.ts')).profileSip,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, profile: { type: 'boolean' } },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(areas);
const unknown = wanted.find((area) => areas[area] === undefined);
if (unknown !== undefined) {
  console.error(`bench: no area "${unknown}"; there are ${Object.keys(areas).join(', ')}`);
  process.exit(2);
}
const refused = namespacesRefused();
if (refused !== undefined) {
  console.error(`bench: ${refused}`);
  process.exit(1);
}

const say = (line: string) => {
  if (values.json !== true) console.log(line);
};
say(
  `${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.version}, load ${load()} at the start`,
);
for (const area of wanted) {
  if (values.profile === true) {
    if (profiles[area] === undefined) say(`no profile of ${area}`);
    await (
      await profiles[area]?.()
    )?.(say);
    continue;
  }
  const measure = await areas[area]?.();
  const rows = (await measure?.(say)) ?? [];
  if (values.json === true) for (const row of rows) console.log(JSON.stringify(row));
  else printTable(rows);
}
say(`load ${load()} at the end`);

function printTable(rows: readonly BenchRow[]): void {
  const lines = rows.map(({ name, ours, peer, unit, ratio, better }) => [
    name,
    number(ours),
    number(peer),
    unit,
    ratio === null ? '–' : `${ratio} (${better} is better)`,
  ]);
  const header = ['', 'ours', 'peer', '', 'ours / peer'];
  const widths = header.map((_, column) =>
    Math.max(...[header, ...lines].map((line) => (line[column] ?? '').length)),
  );
  for (const line of [header, ...lines]) {
    console.log(
      line
        .map((cell, column) =>
          column === 1 || column === 2
            ? cell.padStart(widths[column] ?? 0)
            : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    );
  }
  for (const peer of new Set(rows.map(({ peerName }) => peerName))) console.log(`peer: ${peer}`);
}

function number(value: number | null): string {
  return value === null ? '–' : value.toLocaleString('en');
}

function load(): string {
  return loadavg()
    .map((value) => value.toFixed(2))
    .join(' ');
}
