/**
 * The server's side of digest authentication (RFC 7616 section 3, RFC 8760). A nonce is its own proof (time and HMAC), so a
 * challenge costs no memory; only nonces that were answered rightly are remembered, for their counts.
 *
 * `const server = newDigestServer(randomBytes(32))`, then for each request without credentials a 401 with one
 * `WWW-Authenticate` line for each value of `challenge(server, { realm, hashes }, now)`, and with credentials
 * `verify(server, { credentials, method, uri, body, realm, ha1 }, now)`. All times are milliseconds.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { formatDigest, parseDigest, type DigestFields } from '../protocol/digest.ts';
import { SipSyntaxError } from '../protocol/sip-message.ts';
import { digestAlgorithm, digestResponse, type DigestHash, type DigestRequest } from './digest.ts';

/** Milliseconds, nonces whose counts are kept, counts below the highest that are still good. */
export const digestLimits = { nonceLifetime: 300_000, nonces: 10_000, ncWindow: 32 } as const;

export interface DigestServer {
  readonly key: Uint8Array;
  readonly nonces: number;
  readonly used: Map<string, NonceUse>;
  /** Nonces made until then are stale unless they are in `used`: the counts of some were given up. */
  forgottenUntil: number;
}

interface NonceUse {
  highest: number;
  readonly recent: Set<number>;
}

/** `nonces`: how many nonces' counts are kept. */
export function newDigestServer(key: Uint8Array, nonces: number = digestLimits.nonces): DigestServer {
  return { key, nonces, used: new Map(), forgottenUntil: -1 };
}

/** One value a hash, in that order: RFC 8760 section 2.4 wants the strongest first. */
export function challenge(
  server: DigestServer,
  wanted: { realm: string; hashes: readonly DigestHash[]; isStale?: boolean },
  now: number,
): string[] {
  const nonce = newNonce(server, wanted.realm, now);
  return wanted.hashes.map((algorithm) =>
    formatDigest({
      realm: wanted.realm,
      nonce,
      algorithm,
      qop: 'auth,auth-int',
      ...(wanted.isStale === true ? { stale: 'true' } : {}),
    }),
  );
}

/**
 * `stale`: the secret was right but the nonce is old, not ours or was used with this count: challenge again with `isStale`.
 * `wrong`: no such user or another secret. `malformed`: not credentials for this realm and Request-URI.
 */
export type Verdict = 'right' | 'stale' | 'wrong' | 'malformed';

export interface Claim extends DigestRequest {
  /** Value of Authorization or Proxy-Authorization. */
  readonly credentials: string;
  readonly uri: string;
  readonly realm: string;
  /** H(user:realm:password) in hex, undefined for a user whose secret with that hash isn't known. */
  readonly ha1: (username: string, hash: DigestHash) => string | undefined;
}

/** Never throws: broken credentials are `malformed`. The user is that of the credentials: `ha1` decides whose they may be. */
export function verify(server: DigestServer, claim: Claim, now: number): Verdict {
  const fields = readCredentials(claim);
  const algorithm = fields && digestAlgorithm(fields['algorithm']);
  if (!algorithm) return 'malformed';
  const known = claim.ha1(fields['username'] ?? '', algorithm.hash);
  // An unknown user costs as much time as a known one.
  const { method, body } = claim;
  const expected = digestResponse(algorithm, known ?? '', { fields, method, body });
  const isSame = equal(expected, (fields['response'] ?? '').toLowerCase());
  if (!isSame || known === undefined) return 'wrong';
  const nonce = fields['nonce'] ?? '';
  const madeAt = nonceTime(server, claim.realm, nonce);
  if (madeAt === undefined || madeAt > now || now - madeAt > digestLimits.nonceLifetime) return 'stale';
  if (!server.used.has(nonce) && madeAt <= server.forgottenUntil) return 'stale';
  return isNewCount(server, nonce, Number.parseInt(fields['nc'] ?? '', 16)) ? 'right' : 'stale';
}

function readCredentials(claim: Claim): DigestFields | undefined {
  const fields = parsed(claim.credentials);
  if (fields?.['realm'] !== claim.realm || fields['uri'] !== claim.uri) return undefined;
  if (fields['userhash']?.toLowerCase() === 'true' || !fields['cnonce']) return undefined;
  const isWhole = ['username', 'nonce', 'response'].every((name) => fields[name]);
  const hasCount = /^[0-9a-f]{8}$/i.test(fields['nc'] ?? '');
  return isWhole && hasCount && /^auth(-int)?$/i.test(fields['qop'] ?? '') ? fields : undefined;
}

function parsed(credentials: string): DigestFields | undefined {
  try {
    return parseDigest(credentials);
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}

/** Requests may overtake each other (UDP), so counts a little below the highest are good once too. */
function isNewCount(server: DigestServer, nonce: string, count: number): boolean {
  const use = server.used.get(nonce) ?? { highest: 0, recent: new Set() };
  if (count === 0 || count <= use.highest - digestLimits.ncWindow || use.recent.has(count)) return false;
  use.recent.add(count);
  use.highest = Math.max(use.highest, count);
  for (const old of use.recent) if (old <= use.highest - digestLimits.ncWindow) use.recent.delete(old);
  server.used.set(nonce, use);
  forgetOldest(server);
  return true;
}

function forgetOldest(server: DigestServer): void {
  if (server.used.size <= server.nonces) return;
  const [oldest] = server.used.keys();
  if (oldest === undefined) return;
  server.used.delete(oldest);
  server.forgottenUntil = Math.max(server.forgottenUntil, timeIn(Buffer.from(oldest, 'base64url')));
}

// 6 bytes time, 10 random bytes, 16 bytes HMAC of both and the realm
const timeBytes = 6;
const provenBytes = 16;
const nonceBytes = 32;

function newNonce(server: DigestServer, realm: string, now: number): string {
  const proven = Buffer.concat([Buffer.alloc(timeBytes), randomBytes(provenBytes - timeBytes)]);
  proven.writeUIntBE(now, 0, timeBytes);
  return Buffer.concat([proven, proofOf(server, realm, proven)]).toString('base64url');
}

function nonceTime(server: DigestServer, realm: string, nonce: string): number | undefined {
  const bytes = Buffer.from(nonce, 'base64url');
  // One spelling only: another with the same bytes would have counts of its own.
  if (bytes.length !== nonceBytes || bytes.toString('base64url') !== nonce) return undefined;
  const proof = proofOf(server, realm, bytes.subarray(0, provenBytes));
  return timingSafeEqual(proof, bytes.subarray(provenBytes)) ? timeIn(bytes) : undefined;
}

function timeIn(bytes: Buffer): number {
  return bytes.readUIntBE(0, timeBytes);
}

function proofOf(server: DigestServer, realm: string, proven: Uint8Array): Buffer {
  return createHmac('sha256', server.key)
    .update(proven)
    .update(realm)
    .digest()
    .subarray(0, nonceBytes - provenBytes);
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
