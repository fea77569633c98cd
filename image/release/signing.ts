/** What the maker of releases signs: certificates and lists with a root key, manifests with a release key. Pure but for the keys. */
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { Manifest } from '../../appliance/update/manifest.ts';
import {
  isPublicKey,
  keyId,
  signedBytes,
  type PublicKey,
  type SignedText,
  type SignedUse,
} from '../../appliance/update/signed-text.ts';
import type { Announcement, ReleaseCertificate, Revocations } from '../../appliance/update/trust.ts';

export function makeKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

/** Of a private or a public key. Throws for other kinds of keys. */
export function publicKeyOf(key: KeyObject): PublicKey {
  const { x = '' } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  if (key.asymmetricKeyType !== 'ed25519' || !isPublicKey(x))
    throw new TypeError('this is not an ed25519 key');
  return x;
}

/** RFC 3339 without fractions, as manifests have it. */
export function momentOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

interface Validity {
  /** ms since 1970. */
  readonly from: number;
  readonly to: number;
}

export function certify(key: PublicKey, root: KeyObject, { from, to }: Validity): SignedText {
  const body: ReleaseCertificate = {
    product: 'gatehouse',
    key,
    notBefore: momentOf(from),
    notAfter: momentOf(to),
  };
  return signed('release key', body, root);
}

/** Takes the place of `before`, and takes back what that one did too. */
export function revoke(keys: readonly string[], root: KeyObject, before?: Revocations): SignedText {
  const body: Revocations = {
    product: 'gatehouse',
    number: (before?.number ?? 0) + 1,
    keys: [...new Set([...(before?.keys ?? []), ...keys])],
  };
  return signed('revocations', body, root);
}

export function announce(manifest: Manifest, key: KeyObject, certificate: SignedText): Announcement {
  return { manifest: signed('manifest', manifest, key), certificate };
}

function signed(use: SignedUse, body: object, key: KeyObject): SignedText {
  const text = JSON.stringify(body, undefined, 1);
  const signature = sign(null, signedBytes(use, text), key).toString('base64url');
  return { text, key: keyId(publicKeyOf(key)), signature };
}
