/**
 * Node's program. package-lock.json has no hash of it: the package `node` fetches the one with the program for this processor while it is
 * installed, and npm takes that away again at its next chance, but for the program. So which bytes we give on stands in runtime.sha256,
 * and by which licence in runtime.LICENSE.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../node_modules/node/bin/node');

export interface Runtime {
  /** Of the package that npm fetches it in. */
  readonly name: string;
  readonly version: string;
  /** Of the program, hex. */
  readonly sha256: string;
  readonly file: string;
}

export function readRuntime(): Runtime {
  const name = `node-linux-${process.arch}`;
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '');
  const sha256 = createHash('sha256').update(readFileSync(program)).digest('hex');
  return { name, version, sha256, file: program };
}

export function knownRuntimes(): string {
  return readFileSync(join(import.meta.dirname, 'runtime.sha256'), 'utf8');
}

/** `known`: lines of "NAME VERSION SHA256". Throws, with the line that would make it known. */
export function requireKnown({ name, version, sha256 }: Omit<Runtime, 'file'>, known: string): void {
  const line = `${name} ${version} ${sha256}`;
  if (known.split('\n').includes(line)) return;
  const other = known.split('\n').find((row) => row.startsWith(`${name} ${version} `));
  throw new Error(
    other === undefined
      ? `image/deb/runtime.sha256 does not have the runtime: look where it comes from, then add\n${line}`
      : `the runtime is not the ${name} ${version} that image/deb/runtime.sha256 has:\n${line}`,
  );
}
