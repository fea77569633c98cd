/** RESULTS.md: a section a check, with the state of tree and machine that it was run on. Written by script alone. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { run } from '../support/command.ts';

export interface Finding {
  readonly name: string;
  readonly passed: boolean;
  /** What was done and the figures, in a sentence or several. */
  readonly detail: string;
}

interface Machine {
  readonly at: Date;
  readonly commit: string;
  /** Load averages of 1, 5 and 15 minutes. */
  readonly load: string;
}

interface Result extends Finding {
  readonly seconds: number;
  readonly before: Machine;
  readonly after: Machine;
}

export async function machineNow(): Promise<Machine> {
  const commit = (await run(['git', 'rev-parse', '--short', 'HEAD'])).trim();
  const changed = (await run(['git', 'status', '--porcelain', '--', 'appliance', 'test', 'systemd'])) !== '';
  const load = loadavg()
    .map((value) => value.toFixed(2))
    .join(' ');
  return { at: new Date(), commit: changed ? `${commit}, with changes` : commit, load };
}

const file = join(import.meta.dirname, 'RESULTS.md');
const head = `# Results of \`npm run test:long\`

Written by the script: each section is the last run of that check, on the commit named there.
`;

/** Replaces the section of this check and keeps the others. */
export function writeResult(result: Result): void {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : head;
  const sections = new Map(
    text
      .split(/^(?=## )/m)
      .slice(1)
      .map((section) => [/^## (\S+)/.exec(section)?.[1] ?? '', section.trimEnd()]),
  );
  sections.set(result.name, sectionOf(result));
  const sorted = [...sections].toSorted(([a], [b]) => a.localeCompare(b));
  writeFileSync(file, `${[head.trimEnd(), ...sorted.map(([, section]) => section)].join('\n\n')}\n`);
}

function sectionOf({ name, passed, detail, seconds, before, after }: Result): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.version}`;
  return `## ${name}

**${passed ? 'passed' : 'FAILED'}** on ${before.at.toISOString().slice(0, 16).replace('T', ' ')} UTC in ${seconds} s, commit ${before.commit}

${detail}

Machine: ${machine}; load ${before.load} before, ${after.load} after.`;
}
