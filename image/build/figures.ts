/** Seconds of each step, kept in image/out/figures.json beside what tests of the booted image measure. */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputName } from './output.ts';
import type { Build } from './root.ts';

const seconds: Record<string, number> = {};

/** Does it, and prints and keeps how long that took. */
export function step<T>(title: string, make: () => T): T {
  const begin = performance.now();
  process.stdout.write(`${title.padEnd(48, ' .')} `);
  const made = make();
  const took = Math.round((performance.now() - begin) / 100) / 10;
  process.stdout.write(`${took.toFixed(1)} s\n`);
  seconds[`build, ${title}, s`] = took;
  return made;
}

/** Steps that the cache answered keep the figure of the build that did the work. */
export function saveBuildFigures(build: Build, out: string): void {
  const file = join(out, 'figures.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>) : {};
  const worked = Object.entries(seconds).filter(([name, took]) => took >= 0.2 || before[name] === undefined);
  const figures = {
    ...before,
    ...Object.fromEntries(worked),
    'size of the update, MB': megabytes(updateBytes(build, out)),
  };
  writeFileSync(file, `${JSON.stringify(figures, undefined, 2)}\n`);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 100_000) / 10;
}

function updateBytes(build: Build, out: string): number {
  const folder = join(out, `${outputName(build)}.update`);
  return readdirSync(folder).reduce((total, file) => total + statSync(join(folder, file)).size, 0);
}
