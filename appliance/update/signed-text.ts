/**
 * A text, who signed it, and the signature (ed25519, RFC 8032) over its exact bytes after a line that says what kind of text it is:
 * what was signed for one use is good for no other. Nothing of the text is read before the signature is.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { isTable } from '../schema.ts';
import { RefusedUpdateError } from './refusal.ts';

export type SignedUse = 'manifest' | 'release key' | 'revocations';

export interface SignedText {
  /** As it was signed; JSON. */
  readonly text: string;
  /** Id of the key, see {@link keyId}. */
  readonly key: string;
  /** Base64url. */
  readonly signature: string;
}

/** Of an envelope with everything in it, bytes. */
export const mostEnvelopeBytes = 64 * 1024;

/** A public key as it is written down: its 32 bytes in base64url (RFC 8037). */
export type PublicKey = string;

const publicKeyShape = /^[A-Za-z0-9_-]{43}$/;

export function isPublicKey(text: string): boolean {
  return publicKeyShape.test(text) && Buffer.from(text, 'base64url').length === 32;
}

/** What people compare and lists name: the beginning of SHA-256 over the 32 bytes, hex. */
export function keyId(key: PublicKey): string {
  return createHash('sha256').update(Buffer.from(key, 'base64url')).digest('hex').slice(0, 32);
}

/** Returns the text. Throws `tampered` when the signature is not this key's over this text for this use. */
export function verifiedText(use: SignedUse, signed: SignedText, key: PublicKey): string {
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' });
  const signature = Buffer.from(signed.signature, 'base64url');
  if (!verify(null, signedBytes(use, signed.text), publicKey, signature))
    throw new RefusedUpdateError('tampered', `the signature of the ${use} does not fit: it was changed`);
  return signed.text;
}

/** What a signature is over. */
export function signedBytes(use: SignedUse, text: string): Buffer {
  return Buffer.from(`gatehouse ${use} 1\n${text}`);
}

/** One that stands alone in a file, or in another. Throws `malformed`. */
export function readSignedText(value: unknown, name: string): SignedText {
  const { text, key, signature } = isTable(value) ? value : {};
  if (
    typeof text !== 'string' ||
    typeof key !== 'string' ||
    typeof signature !== 'string' ||
    !/^[0-9a-f]{32}$/.test(key) ||
    !isCanonical(signature)
  )
    throw new RefusedUpdateError('malformed', `the ${name} is not one of ours`);
  return { text, key, signature };
}

/** The last of 86 letters has bits to spare: one signature has one spelling here, so that nothing can be changed unnoticed. */
function isCanonical(signature: string): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  return bytes.length === 64 && bytes.toString('base64url') === signature;
}

/** Throws `malformed` for what is no JSON, or larger or deeper than anything of ours. */
export function parseJson(bytes: Uint8Array | string, name: string): unknown {
  const refuse = (cause?: unknown) =>
    new RefusedUpdateError('malformed', `the ${name} is not one of ours`, cause);
  if (bytes.length > mostEnvelopeBytes) throw refuse();
  let value: unknown;
  try {
    value = JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw refuse(error);
  }
  if (isDeeper(value, mostLevels)) throw refuse();
  return value;
}

/** Whoever walks the value by calling himself needs an end. */
const mostLevels = 8;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
