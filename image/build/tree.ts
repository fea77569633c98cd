/** A Debian tree in a folder, by mmdebstrap, of the lock's packages and no others. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, inputHash, partialFolder } from './cache.ts';
import { run } from './command.ts';
import { keyring } from './host.ts';
import { differences, lockOf, notOnMirror, pins, type LockedPackage, type TreeName } from './lock.ts';
import { sourcesList, suite } from './mirror.ts';
import { installedPackages, type Supply } from './supply.ts';

/** No account that a package makes is dated later: Debian 13's release, seconds since 1970. */
export const treeEpoch = 1_754_697_600;

export interface TreePlan {
  readonly name: TreeName;
  readonly packages: readonly string[];
  /** More words for mmdebstrap. */
  readonly words?: readonly string[];
  /** What is done to it before it is kept. */
  readonly finish?: (folder: string) => void;
  /** What it is made from besides. */
  readonly inputs?: readonly unknown[];
  readonly sources: readonly string[];
}

export interface Tree {
  readonly folder: string;
  readonly hash: string;
  readonly packages: readonly LockedPackage[];
}

/** From the cache where its packages and all else are the same. */
export function makeTree(plan: TreePlan, supply: Supply): Tree {
  const locked = supply.lock?.filter((row) => row.tree === plan.name);
  const hashOf = (rows: readonly LockedPackage[]) =>
    inputHash([rows, plan.packages, plan.words, plan.inputs], ['tree.ts', ...plan.sources]);
  if (locked !== undefined) {
    const hash = hashOf(locked);
    return { hash, packages: locked, folder: cached(plan.name, hash, (path) => fill(path, plan, supply)) };
  }
  // Which versions it has is known afterwards.
  const made = partialFolder(plan.name);
  try {
    const packages = fill(made, plan, supply);
    const hash = hashOf(packages);
    const folder = cached(plan.name, hash, (path) => {
      rmSync(path, { recursive: true });
      renameSync(made, path);
    });
    return { hash, packages, folder };
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** Throws, naming every package that isn't as the lock says. */
function fill(folder: string, plan: TreePlan, supply: Supply): LockedPackage[] {
  const locked = supply.lock?.filter((row) => row.tree === plan.name) ?? [];
  const missing =
    supply.lock === undefined ? [] : [...notLocked(plan, locked), ...notOnMirror(locked, supply.index())];
  if (missing.length > 0) throw new Error(lockError(missing));
  bootstrap(folder, plan, { supply, pinned: pins(locked) });
  const installed = installedPackages(folder);
  const different = supply.lock === undefined ? [] : differences(locked, installed);
  if (different.length > 0) throw new Error(lockError(different));
  plan.finish?.(folder);
  return supply.lock === undefined ? lockOf(plan.name, installed, supply.index()) : locked;
}

function notLocked({ packages, name: tree }: TreePlan, locked: readonly LockedPackage[]): string[] {
  const names = new Set(locked.map(({ name }) => name));
  return packages
    .filter((name) => !names.has(name))
    .map((name) => `${name} is wanted in ${tree} and is not in the lock`);
}

function lockError(sentences: readonly string[]): string {
  return `the lock of packages can't be kept:\n  ${sentences.join('\n  ')}\nnpm run image -- --update-lock renews it, --current-packages builds without it`;
}

/** Recommended packages stay away, and so do manuals and translations. */
function bootstrap(
  folder: string,
  plan: TreePlan,
  { supply, pinned }: { supply: Supply; pinned: string },
): void {
  const preferences = `${folder}.pins`;
  const excluded = ['man', 'locale', 'info', 'lintian', 'bug', 'doc'];
  const options = [
    '--mode=root',
    '--format=directory',
    '--variant=essential',
    '--aptopt=APT::Install-Recommends "false"',
    ...proxyOptions().map((option) => `--aptopt=${option}`),
    ...excluded.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    `--setup-hook=mkdir -p "$1/etc/apt/preferences.d"; cp '${preferences}' "$1/etc/apt/preferences.d/lock"`,
    ...(plan.words ?? []),
    `--include=${plan.packages.join(',')}`,
  ];
  writeFileSync(preferences, pinned);
  try {
    run('mmdebstrap', [...options, suite, folder, '-'], {
      input: sourcesList(supply.mirror, keyring),
      environment: { SOURCE_DATE_EPOCH: String(treeEpoch), DEBIAN_FRONTEND: 'noninteractive', INITRD: 'No' },
    });
  } finally {
    rmSync(preferences);
  }
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
