/** The lock: every Debian package of the trees that are made here, by version and hash. The same lock gives the same image. */

export type TreeName = 'tools' | 'base' | 'emulator';

export interface LockedPackage {
  readonly tree: TreeName;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Of the .deb, hex. */
  readonly sha256: string;
}

/** What a tree has installed. */
export type InstalledPackage = Omit<LockedPackage, 'tree' | 'sha256'>;

/** sha256 of a .deb by `packageKey`, from the signed indexes of a mirror. */
export type PackageIndex = ReadonlyMap<string, string>;

export function packageKey({ name, version, architecture }: InstalledPackage): string {
  return `${name} ${version} ${architecture}`;
}

/** One package a line, in the order of their names. */
export function formatLock(packages: readonly LockedPackage[]): string {
  const lines = packages.map((row) =>
    [row.tree, row.name, row.version, row.architecture, row.sha256].join(' '),
  );
  return [
    '# Debian packages of the image (base), of what builds it (tools) and of what boots it in tests (emulator): written by npm run image -- --update-lock',
    ...lines.toSorted(),
    '',
  ].join('\n');
}

/** @throws at a line that is none */
export function parseLock(text: string): LockedPackage[] {
  return text.split('\n').flatMap((line, at) => {
    if (line === '' || line.startsWith('#')) return [];
    const match = /^(tools|base|emulator) (\S+) (\S+) (\S+) ([0-9a-f]{64})$/.exec(line);
    if (match === null) throw new Error(`line ${at + 1} of the lock is none: ${line}`);
    const [, tree, name = '', version = '', architecture = '', sha256 = ''] = match;
    return [{ tree: tree as TreeName, name, version, architecture, sha256 }];
  });
}

/** Settings by which apt takes the versions of the lock, newer ones or not (apt_preferences(5)). */
export function pins(packages: readonly LockedPackage[]): string {
  return packages
    .map(({ name, version }) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`)
    .join('\n');
}

/** A sentence for each package that the mirror doesn't have as the lock wants it. */
export function notOnMirror(packages: readonly LockedPackage[], index: PackageIndex): string[] {
  return packages.flatMap((row) => {
    const found = index.get(packageKey(row));
    if (found === row.sha256) return [];
    const wanted = `${row.name} ${row.version} (${row.architecture})`;
    return [
      found === undefined
        ? `${wanted} is not on the mirror any more`
        : `${wanted} is another file on the mirror`,
    ];
  });
}

/** A sentence for each package that only the lock or only the tree has. */
export function differences(
  locked: readonly InstalledPackage[],
  installed: readonly InstalledPackage[],
): string[] {
  const only = (some: readonly InstalledPackage[], others: readonly InstalledPackage[]) => {
    const keys = new Set(others.map(packageKey));
    return some.map(packageKey).filter((key) => !keys.has(key));
  };
  return [
    ...only(installed, locked).map((key) => `${key} was installed and is not in the lock`),
    ...only(locked, installed).map((key) => `${key} is in the lock and was not installed`),
  ];
}

/** @throws when an installed package isn't in the indexes it must have come from */
export function lockOf(
  tree: TreeName,
  installed: readonly InstalledPackage[],
  index: PackageIndex,
): LockedPackage[] {
  return installed.map((row) => {
    const sha256 = index.get(packageKey(row));
    if (sha256 === undefined)
      throw new Error(`${packageKey(row)} was installed and is in no index of the mirror`);
    return { tree, ...row, sha256 };
  });
}
