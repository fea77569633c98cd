/** Releases of nobody: keys that live as long as a test, and what they sign. */
import type { KeyObject } from 'node:crypto';
import type { Manifest } from '../../appliance/update/manifest.ts';
import { keyId } from '../../appliance/update/signed-text.ts';
import { announce, certify, makeKey, momentOf, publicKeyOf } from '../../image/release/signing.ts';

const dayMs = 86_400_000;
export const releaseDay = Date.UTC(2026, 10, 26);

export interface Maker {
  readonly root: KeyObject;
  readonly key: KeyObject;
  readonly keyId: string;
  readonly certificate: ReturnType<typeof certify>;
}

/** A release key that is good for a year around {@link releaseDay}. */
export function newMaker(root = makeKey()): Maker {
  const key = makeKey();
  const validity = { from: releaseDay - 100 * dayMs, to: releaseDay + 265 * dayMs };
  return {
    root,
    key,
    keyId: keyId(publicKeyOf(key)),
    certificate: certify(publicKeyOf(key), root, validity),
  };
}

export function trustIn(maker: Pick<Maker, 'root'>, now = releaseDay) {
  return { roots: [publicKeyOf(maker.root)], revoked: [] as string[], now };
}

/** Of nobody's partition. */
const uuid = '6f1a7c40-5d0b-4a8e-9c55-0d1e2f3a4b5c';

export function someManifest(rest: Partial<Manifest> = {}): Manifest {
  const version = rest.version ?? '0.2.0';
  const file = (role: 'root' | 'verity' | 'uki', suffix: string) => ({
    role,
    name: `gatehouse_${version}${suffix}`,
    size: 1000,
    sha256: '0'.repeat(64),
  });
  return {
    product: 'gatehouse',
    architecture: 'amd64',
    version,
    issuedAt: momentOf(releaseDay - dayMs),
    expiresAt: momentOf(releaseDay + 90 * dayMs),
    securityFloor: '0.1.0',
    updatesFrom: '0.1.0',
    migrations: { web: 5, sip: 6 },
    files: [file('root', `_${uuid}.root.erofs`), file('verity', `_${uuid}.verity`), file('uki', '.efi')],
    ...rest,
  };
}

export function announcementOf(maker: Maker, manifest: Manifest = someManifest()): Buffer {
  return Buffer.from(JSON.stringify(announce(manifest, maker.key, maker.certificate)));
}
