/** A Debian tree in a folder, by mmdebstrap. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { keyring } from './host.ts';
import { sourcesList, suite, type Mirror } from './mirror.ts';

/** No account that a package makes is dated later: Debian 13's release, seconds since 1970. */
export const treeEpoch = 1_754_697_600;

export interface TreeOptions {
  readonly mirror: Mirror;
  readonly variant: 'essential' | 'apt';
  readonly packages: readonly string[];
  readonly words?: readonly string[];
}

/** Fills the folder. Recommended packages stay away. */
export function makeTree(folder: string, { mirror, variant, packages, words = [] }: TreeOptions): void {
  const options = [
    '--mode=root',
    '--format=directory',
    `--variant=${variant}`,
    '--aptopt=APT::Install-Recommends "false"',
    ...proxyOptions().map((option) => `--aptopt=${option}`),
    ...['man', 'locale', 'info', 'lintian', 'bug'].map(
      (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
    ),
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    ...words,
    `--include=${packages.join(',')}`,
  ];
  run('mmdebstrap', [...options, suite, folder, '-'], {
    input: sourcesList(mirror, keyring),
    environment: { SOURCE_DATE_EPOCH: String(treeEpoch), DEBIAN_FRONTEND: 'noninteractive', INITRD: 'No' },
  });
}

/** How this machine's apt reaches its mirrors. */
function proxyOptions(): string[] {
  const lines = run('apt-config', ['dump', '--format', '%f "%v";%n', 'Acquire']).split('\n');
  return lines.filter((line) => /^Acquire::https?::(?:Proxy|.*Verify|CaInfo)\b[^"]*"[^"]+";$/.test(line));
}

/** Names in a list such as packages.txt: one a line, # begins a remark. */
export function packageList(file: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '..', file), 'utf8');
  return text.split('\n').flatMap((line) => line.replace(/#.*/, '').trim() || []);
}
