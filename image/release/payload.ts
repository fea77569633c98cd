/** The files of a built image that an update brings, as the manifest names them. */
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import release from '../../appliance/update/release.json' with { type: 'json' };
import type { FileRole, Manifest, ReleaseFileEntry } from '../../appliance/update/manifest.ts';
import { isReleaseVersion } from '../../appliance/update/release-version.ts';
import { partNames } from '../../appliance/store/journal-kinds.ts';
import { readMigrations } from '../../appliance/store/database.ts';
import { momentOf } from './signing.ts';

interface Wanted {
  readonly folder: string;
  /** ms since 1970. */
  readonly now: number;
  readonly expiresDays: number;
  /** Others than those of `appliance/update/release.json`. */
  readonly securityFloor?: string | undefined;
  readonly updatesFrom?: string | undefined;
}

const dayMs = 86_400_000;

const folderShape = /^gatehouse_(?<version>[^_]+)_(?<architecture>amd64|arm64)\.update$/;

/** Throws when the folder is no payload: its name says version and architecture, its files what they are. */
export async function manifestOf(wanted: Wanted): Promise<Manifest> {
  const { folder, now, expiresDays } = wanted;
  const { version = '', architecture } = folderShape.exec(folder.split('/').at(-1) ?? '')?.groups ?? {};
  if (architecture === undefined || !isReleaseVersion(version))
    throw new Error(`${folder}: a payload is a folder gatehouse_VERSION_amd64.update, VERSION three numbers`);
  const files = await Promise.all(
    (['root', 'verity', 'uki'] as const).map(async (role) => await entryOf(folder, version, role)),
  );
  return {
    product: 'gatehouse',
    architecture: architecture as Manifest['architecture'],
    version,
    issuedAt: momentOf(now),
    expiresAt: momentOf(now + expiresDays * dayMs),
    securityFloor: wanted.securityFloor ?? release.securityFloor,
    updatesFrom: wanted.updatesFrom ?? release.updatesFrom,
    migrations: Object.fromEntries(partNames.map((part) => [part, readMigrations(part).length])),
    files,
  };
}

/** After product and version; partitions arrive with their UUID in the name. systemd's importer knows xz, and no zstd. */
const uuid = '(?:_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?';
const rest: Readonly<Record<FileRole, RegExp>> = {
  root: new RegExp(String.raw`^${uuid}\.root\.erofs(?:\.xz)?$`),
  verity: new RegExp(String.raw`^${uuid}\.verity(?:\.xz)?$`),
  uki: /^\.efi(?:\.xz)?$/,
};

async function entryOf(folder: string, version: string, role: FileRole): Promise<ReleaseFileEntry> {
  const prefix = `gatehouse_${version}`;
  const found = readdirSync(folder).filter(
    (name) => name.startsWith(prefix) && rest[role].test(name.slice(prefix.length)),
  );
  const [name] = found;
  if (name === undefined || found.length > 1)
    throw new Error(`${folder}: ${found.length} files could be its ${role}: ${found.join(', ')}`);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(join(folder, name))) hash.update(chunk as Buffer);
  return { role, name, size: statSync(join(folder, name)).size, sha256: hash.digest('hex') };
}
