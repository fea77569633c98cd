/** What this machine's image says of itself. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isReleaseVersion } from './release-version.ts';
import { isPublicKey, type PublicKey } from './signed-text.ts';

export interface Image {
  readonly version: string;
  readonly architecture: 'amd64' | 'arm64';
}

/** Undefined where Gatehouse is not an image: a package, or a tree. */
export function thisImage(root = '/'): Image | undefined {
  const text = readText(join(root, 'usr/lib/os-release')) ?? '';
  const value = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const version = value('IMAGE_VERSION');
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] as
    | Image['architecture']
    | undefined;
  if (value('IMAGE_ID') !== 'gatehouse' || !isReleaseVersion(version) || architecture === undefined)
    return undefined;
  return { version, architecture };
}

/** Public root keys, one a file `NAME.pub`. None: the image takes no updates. */
export function imageRoots(root = '/'): PublicKey[] {
  const folder = join(root, 'usr/lib/gatehouse/update-roots');
  return listOf(folder)
    .filter((name) => name.endsWith('.pub'))
    .map((name) => readText(join(folder, name))?.trim() ?? '')
    .filter(isPublicKey);
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
