/**
 * Who may make releases: keys that one of the image's root keys has certified, while the certificate is valid and no list of a root
 * key takes it back. Root keys are offline and sign nothing else. Pure; the clock is the caller's.
 */
import { isTable, Type, type Static } from '../schema.ts';
import { schemaProblems } from '../schema-problems.ts';
import { moment, parseManifest, type Manifest } from './manifest.ts';
import { RefusedUpdateError } from './refusal.ts';
import {
  isPublicKey,
  keyId,
  parseJson,
  readSignedText,
  verifiedText,
  type PublicKey,
  type SignedText,
  type SignedUse,
} from './signed-text.ts';

const CertificateSchema = Type.Object(
  {
    product: Type.Literal('gatehouse'),
    /** The release key, see {@link PublicKey}. */
    key: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
    notBefore: moment,
    notAfter: moment,
  },
  { additionalProperties: false },
);

export type ReleaseCertificate = Static<typeof CertificateSchema>;

const RevocationsSchema = Type.Object(
  {
    product: Type.Literal('gatehouse'),
    /** Higher than that of every list before it: a box goes by the highest that it has seen. */
    number: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    /** Ids of release keys, all that were ever taken back. */
    keys: Type.Array(Type.String({ pattern: '^[0-9a-f]{32}$' }), { maxItems: 1000 }),
  },
  { additionalProperties: false },
);

export type Revocations = Static<typeof RevocationsSchema>;

/** The file that announces a release: the manifest, and the certificate of the key that signed it. */
export interface Announcement {
  readonly manifest: SignedText;
  readonly certificate: SignedText;
}

export interface Trust {
  /** Of this image. */
  readonly roots: readonly PublicKey[];
  /** Release keys that were taken back. */
  readonly revoked: readonly string[];
  /** ms since 1970. */
  readonly now: number;
}

/** A clock may be as much behind: batteries die, and time comes from the network later. */
const clockSlackMs = 24 * 3_600_000;

/** Throws a RefusedUpdateError: everything in it is a stranger's until the last line. */
export function verifiedManifest(bytes: Uint8Array, trust: Trust): Manifest {
  const announcement = readAnnouncement(bytes);
  const certificate = verifiedCertificate(announcement.certificate, trust);
  const key = keyId(certificate.key);
  if (announcement.manifest.key !== key)
    throw new RefusedUpdateError(
      'unknown_key',
      'the manifest is signed by another key than the certified one',
    );
  if (trust.revoked.includes(key))
    throw new RefusedUpdateError(
      'revoked_key',
      `the key ${key} was taken back: nothing it signed is taken any more`,
    );
  const manifest = parseManifest(verifiedText('manifest', announcement.manifest, certificate.key));
  if (Date.parse(manifest.issuedAt) > trust.now + clockSlackMs)
    throw new RefusedUpdateError(
      'not_yet_valid',
      `the release is of ${manifest.issuedAt}: is this box's clock right?`,
    );
  if (Date.parse(manifest.expiresAt) <= trust.now)
    throw new RefusedUpdateError('expired', `the release could be installed until ${manifest.expiresAt}`);
  return manifest;
}

function readAnnouncement(bytes: Uint8Array): Announcement {
  const value = parseJson(bytes, 'announcement');
  const { manifest, certificate } = isTable(value) ? value : {};
  return {
    manifest: readSignedText(manifest, 'manifest'),
    certificate: readSignedText(certificate, 'certificate'),
  };
}

function verifiedCertificate(signed: SignedText, trust: Trust): ReleaseCertificate {
  const certificate = checked<ReleaseCertificate>(byRoot('release key', signed, trust.roots), {
    schema: CertificateSchema,
    name: 'certificate',
  });
  if (!isPublicKey(certificate.key))
    throw new RefusedUpdateError('malformed', 'the certificate names no ed25519 key');
  const { notBefore, notAfter } = certificate;
  const isEarly = Date.parse(notBefore) > trust.now + clockSlackMs;
  if (isEarly || !(Date.parse(notAfter) > trust.now))
    throw new RefusedUpdateError(
      'key_out_of_date',
      `its release key is good from ${notBefore} to ${notAfter}`,
    );
  return certificate;
}

/** A list that is to take the place of the one with the number `known` (0: none). Throws; undefined: it is not newer. */
export function newerRevocations(
  bytes: Uint8Array,
  { roots, known }: { readonly roots: readonly PublicKey[]; readonly known: number },
): Revocations | undefined {
  const signed = readSignedText(parseJson(bytes, 'list of revoked keys'), 'list of revoked keys');
  const list = checked<Revocations>(byRoot('revocations', signed, roots), {
    schema: RevocationsSchema,
    name: 'list of revoked keys',
  });
  return list.number > known ? list : undefined;
}

function byRoot(use: SignedUse, signed: SignedText, roots: readonly PublicKey[]): string {
  const root = roots.find((key) => keyId(key) === signed.key);
  if (root === undefined)
    throw new RefusedUpdateError(
      'unknown_key',
      roots.length === 0
        ? 'this image was built without a root key, and takes no updates'
        : `the ${use} is signed by a root key that this image does not know (${signed.key})`,
    );
  return verifiedText(use, signed, root);
}

function checked<T>(
  text: string,
  { schema, name }: { schema: Parameters<typeof schemaProblems>[0]; name: string },
): T {
  const value = parseJson(text, name);
  const [problem] = schemaProblems(schema, value);
  if (problem !== undefined)
    throw new RefusedUpdateError('malformed', `the ${name} is wrong: ${problem.message}`);
  return value as T;
}
