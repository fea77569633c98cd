/** A payload of a release in a folder, with bytes that are nobody's system. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../appliance/update/manifest.ts';
import { announcementName } from '../../appliance/update/names.ts';
import { announcementOf, someManifest, type Maker } from './release.ts';

/** Of each file, bytes. */
const size = 3_000_000;

/** Fills the folder. */
export function writePayload(folder: string, maker: Maker, rest: Partial<Manifest> = {}): Manifest {
  mkdirSync(folder, { recursive: true });
  const named = someManifest(rest);
  const files = named.files.map((file) => {
    const bytes = randomBytes(size);
    writeFileSync(join(folder, file.name), bytes);
    return { ...file, size, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  const manifest = { ...named, files };
  writeFileSync(join(folder, announcementName(manifest.architecture)), announcementOf(maker, manifest));
  return manifest;
}

/** In one bit. */
export function changed(bytes: Buffer): Buffer {
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  return bytes;
}
