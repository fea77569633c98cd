/** `npm run deb [folder]`: packs this tree as a Debian package, with its runtime and the npm packages that it runs on. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { debName, settle, stageTree, type Release } from './stage.ts';

const out = resolve(process.argv[2] ?? join(import.meta.dirname, '../out'));
const stage = mkdtempSync(join(tmpdir(), 'gatehouse-deb-'));
try {
  const release = stageTree(stage);
  describe(join(stage, 'DEBIAN'), release);
  mkdirSync(out, { recursive: true });
  const file = join(out, debName(release));
  // The same tree gives the same bytes: files belong to root, and none is younger than its release.
  const environment = { ...process.env, SOURCE_DATE_EPOCH: String(release.epochSeconds) };
  const words = ['--root-owner-group', '-Zzstd', '-z9', '--build', stage, file];
  execFileSync('dpkg-deb', words, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  console.log(file);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** What the package says of itself and does at installation and removal. */
function describe(folder: string, { version, architecture, epochSeconds }: Release): void {
  cpSync(join(import.meta.dirname, 'control'), folder, { recursive: true });
  const control = join(folder, 'control');
  const text = readFileSync(control, 'utf8');
  writeFileSync(control, text.replace('@version@', version).replace('@architecture@', architecture));
  settle(folder, epochSeconds);
}
