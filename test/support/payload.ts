/** A payload of a release in a folder, with bytes that are nobody's system. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../appliance/update/manifest.ts';
import { announcementName } from '../../appliance/update/names.ts';
import { announcementOf, someManifest, type Maker } from './release.ts';

/** Of each file, bytes. */
const size = 3_000_000;

/** By name. */
export type ReleaseFiles = ReadonlyMap<string, Buffer>;

/** Its announcement is the last of the files. */
export function makeRelease(
  maker: Maker,
  rest: Partial<Manifest> = {},
): { manifest: Manifest; files: ReleaseFiles } {
  const named = someManifest(rest);
  const byName = new Map<string, Buffer>(named.files.map(({ name }) => [name, randomBytes(size)]));
  const files = named.files.map((file) => {
    const content = byName.get(file.name) ?? '';
    return { ...file, size, sha256: createHash('sha256').update(content).digest('hex') };
  });
  const manifest = { ...named, files };
  byName.set(announcementName(manifest.architecture), announcementOf(maker, manifest));
  return { manifest, files: byName };
}

/** Fills the folder. */
export function writePayload(folder: string, maker: Maker, rest: Partial<Manifest> = {}): Manifest {
  mkdirSync(folder, { recursive: true });
  const { manifest, files } = makeRelease(maker, rest);
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  return manifest;
}

/** In one bit. */
export function changed(bytes: Buffer): Buffer {
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  return bytes;
}
