/**
 * Two releases of this tree, signed by keys of nobody: images to boot, and payloads to update with. `GATEHOUSE_UPDATE_IMAGES` names a
 * folder that has them already; else they are built into image/out/update, where they stay until the tree changes its commit.
 */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { announcementName } from '../../../appliance/update/names.ts';
import { manifestOf } from '../../../image/release/payload.ts';
import { announce, certify, makeKey, publicKeyOf } from '../../../image/release/signing.ts';

export const [older, newer] = ['0.1.0', '0.1.1'] as const;

const tree = join(import.meta.dirname, '../../..');
const dayMs = 86_400_000;

export interface Releases {
  /** Raw disk of {@link older}. */
  readonly image: string;
  /** Payload folder of a version, without an announcement. */
  readonly payload: (version: string) => string;
  readonly key: KeyObject;
  readonly root: KeyObject;
}

export function releasesFolder(): string {
  return process.env['GATEHOUSE_UPDATE_IMAGES'] ?? join(tree, 'image/out/update');
}

/** Builds what is missing. */
export function buildReleases(): void {
  const folder = releasesFolder();
  const [keys, roots, mark] = ['keys', 'roots', 'commit'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  if (process.env['GATEHOUSE_UPDATE_IMAGES'] !== undefined) return;
  const commit = execFileSync('git', ['-C', tree, 'rev-parse', 'HEAD'], { encoding: 'utf8' });
  if (existsSync(mark) && readFileSync(mark, 'utf8') === commit) return;
  rmSync(folder, { recursive: true, force: true });
  for (const made of [keys, roots]) mkdirSync(made, { recursive: true });
  for (const name of ['root', 'release'])
    writeFileSync(join(keys, `${name}.key`), makeKey().export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
  writeFileSync(join(roots, 'test.pub'), `${publicKeyOf(readKey(folder, 'root'))}\n`);
  for (const version of [older, newer]) {
    const env = { ...process.env, GATEHOUSE_VERSION: version, GATEHOUSE_UPDATE_ROOTS: roots };
    execFileSync('npm', ['run', '--silent', 'image', '--', '--quick'], {
      cwd: tree,
      env,
      stdio: 'inherit',
      timeout: 1_200_000,
    });
  }
  copyFileSync(join(tree, `image/out/gatehouse_${older}_amd64.raw`), join(folder, 'older.raw'));
  for (const version of [older, newer]) {
    const name = `gatehouse_${version}_amd64.update`;
    execFileSync('cp', ['-r', join(tree, 'image/out', name), folder]);
  }
  writeFileSync(mark, commit);
}

function readKey(folder: string, name: string): KeyObject {
  return createPrivateKey(readFileSync(join(folder, 'keys', `${name}.key`)));
}

export function releases(): Releases {
  const folder = releasesFolder();
  return {
    image: join(folder, 'older.raw'),
    payload: (version) => join(folder, `gatehouse_${version}_amd64.update`),
    key: readKey(folder, 'release'),
    root: readKey(folder, 'root'),
  };
}

/** Announces the release in that payload, in a file of its own folder; returns the file. */
export async function announceIn(
  folder: string,
  { payload, key, root }: Releases,
  version: string,
): Promise<string> {
  const now = Date.now();
  const certificate = certify(publicKeyOf(key), root, { from: now - dayMs, to: now + dayMs });
  const manifest = await manifestOf({ folder: payload(version), now: now - 60_000, expiresDays: 1 });
  mkdirSync(folder, { recursive: true });
  const file = join(folder, announcementName('amd64'));
  writeFileSync(file, JSON.stringify(announce(manifest, key, certificate)));
  return file;
}
