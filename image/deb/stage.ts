/** What a machine gets: program, runtime, data and units, laid out as on Debian. The image's root file system begins with the same. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  lstatSync,
  lutimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle } from './bundle.ts';
import { licenceFiles } from './licence-files.ts';
import { npmPackages } from './npm-packages.ts';
import { knownRuntimes, readRuntime, requireKnown } from './runtime.ts';

const tree = join(import.meta.dirname, '../..');

/** Packages with machine code of their own: they stay folders. */
const native = ['better-sqlite3'];

/** Where all of it is, but for what systemd and people look for elsewhere. */
const home = 'usr/lib/gatehouse';

export interface Release {
  readonly version: string;
  readonly architecture: 'amd64' | 'arm64';
  /** No file is younger. */
  readonly epochSeconds: number;
}

export function debName({ version, architecture }: Release): string {
  return `gatehouse_${version}_${architecture}.deb`;
}

/** For who runs it, in the folders by which they name each other. */
const pages = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'appliance/EMERGENCY.md',
  'appliance/OPERATING.md',
  'appliance/location/OPTION-82.md',
  'firmware-templates/outages.md',
  'systemd/README.md',
];

/** Fills an empty folder with all of it. */
export function stageTree(stage: string): Release {
  const release = thisRelease();
  const put = (from: string, to: string) => {
    mkdirSync(dirname(join(stage, to)), { recursive: true });
    cpSync(join(tree, from), join(stage, to), { recursive: true, verbatimSymlinks: true, filter: isNeeded });
  };
  for (const name of ['appliance', 'firmware-templates', 'package.json', 'LICENSE'])
    put(name, join(home, name));
  for (const name of ['with-sockets', 'with-notify', 'lend', 'borrow'])
    put(`systemd/${name}`, `${home}/systemd/${name}`);
  put('systemd/system', 'usr/lib/systemd/system');
  put('systemd/sysusers.d', 'usr/lib/sysusers.d');
  put('systemd/gatehouse', 'usr/bin/gatehouse');
  for (const name of pages) put(name, `usr/share/doc/gatehouse/${name}`);
  nameVersion(join(stage, home, 'package.json'), release);
  put('LICENSE', 'usr/share/doc/gatehouse/copyright');
  put('image/UPDATES.md', 'usr/share/doc/gatehouse/UPDATES.md');
  putRoots(stage);
  for (const path of runtimePackages()) put(path, join(home, path));
  bundle(join(stage, home), native);
  putLicences(stage);
  putRuntime(stage);
  settle(stage, release.epochSeconds);
  return release;
}

/** Public keys of who may certify makers of releases: this tree's, or those of the folder that `GATEHOUSE_UPDATE_ROOTS` names. */
function putRoots(stage: string): void {
  const folder = process.env['GATEHOUSE_UPDATE_ROOTS'] ?? join(tree, 'image/release/roots');
  const to = join(stage, home, 'update-roots');
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.pub')))
    cpSync(join(folder, name), join(to, name));
}

/** The program tells it to people and to the cloud. */
function nameVersion(file: string, { version }: Release): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^(  "version": )".*"/m, `$1"${version}"`));
}

/** The version is that of package.json; `GATEHOUSE_VERSION` makes another, for tests of updates. */
function thisRelease(): Release {
  const file = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as { version: string };
  const version = process.env['GATEHOUSE_VERSION'] ?? file.version;
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (architecture !== 'amd64' && architecture !== 'arm64')
    throw new Error(`no package for ${process.arch}: build on amd64 or arm64`);
  return { version, architecture, epochSeconds: Number(process.env['SOURCE_DATE_EPOCH'] ?? commitTime()) };
}

/** When this tree's last commit was made, seconds since 1970. Throws where there is no git: SOURCE_DATE_EPOCH says it then. */
function commitTime(): string {
  return execFileSync('git', ['-C', tree, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }).trim();
}

/** Folders of the npm packages that run on the box; the runtime is one of them, and goes elsewhere. */
function runtimePackages(): string[] {
  return npmPackages().flatMap(({ path }) => (/^node_modules\/node(?:-bin-.*)?$/.test(path) ? [] : [path]));
}

const licences = 'usr/share/doc/gatehouse/npm';

/** Of each package whose modules are in the program, what it may be given on by. */
function putLicences(stage: string): void {
  for (const path of runtimePackages()) {
    const folder = join(stage, licences, path.split('node_modules/').at(-1) ?? path);
    for (const file of licenceFiles(readdirSync(join(tree, path))))
      cpSync(join(tree, path, file), join(folder, file), { recursive: true });
  }
}

/** Throws for one that nobody has looked at. */
function putRuntime(stage: string): void {
  const runtime = readRuntime();
  requireKnown(runtime, knownRuntimes());
  cpSync(runtime.file, join(stage, home, 'bin/node'));
  cpSync(join(import.meta.dirname, 'runtime.LICENSE'), join(stage, licences, runtime.name, 'LICENSE'));
}

/** Neither what compiles a package or describes it, nor what only its authors or other systems need. */
function isNeeded(path: string): boolean {
  const inside = path.split('/node_modules/').at(-1) ?? '';
  if (inside === path) return true;
  if (inside.includes('/prebuilds/')) return inside.endsWith(`/linux-${process.arch}.node`);
  return !/\.(?:map|md|[cm]?ts|c|cc|h|gyp|gypi)$|\/(?:tests?|docs?|benchmarks?|examples?|deps)$/.test(inside);
}

/** Rights without what the builder's mask did, and times without when it was built. */
export function settle(path: string, epochSeconds: number): void {
  const stat = lstatSync(path);
  if (stat.isDirectory()) for (const name of readdirSync(path)) settle(join(path, name), epochSeconds);
  if (!stat.isSymbolicLink())
    chmodSync(path, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644);
  lutimesSync(path, epochSeconds, epochSeconds);
}
