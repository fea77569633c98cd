/** What digest authentication computes, and the client's side of it: RFC 7616 section 3.4, RFC 8760, RFC 2617 without qop. */
import { createHash } from 'node:crypto';
import { formatDigest, parseDigest, type DigestFields } from '../protocol/digest.ts';

/** Strongest first. */
const algorithms = [
  { name: 'SHA-512-256', hash: 'sha512-256' },
  { name: 'SHA-256', hash: 'sha256' },
  { name: 'MD5', hash: 'md5' },
] as const;

export type DigestHash = (typeof algorithms)[number]['name'];

export interface DigestAlgorithm {
  readonly hash: DigestHash;
  /** HA1 is hashed once more with nonce and cnonce (`-sess`). */
  readonly isSession: boolean;
  readonly strength: number;
}

/** Undefined for one that we do not know. None given means MD5 (RFC 7616 section 3.3). */
export function digestAlgorithm(name = 'MD5'): DigestAlgorithm | undefined {
  const isSession = /-sess$/i.test(name);
  const wanted = name.replace(/-sess$/i, '').toUpperCase();
  const at = algorithms.findIndex((row) => row.name === wanted);
  const found = algorithms[at];
  return found && { hash: found.name, isSession, strength: algorithms.length - at };
}

/** H(user:realm:password) in hex: what a box may keep instead of the password. */
export function digestHa1(
  hash: DigestHash,
  account: { username: string; realm: string; password: string },
): string {
  return hex(hash, `${account.username}:${account.realm}:${account.password}`);
}

export interface DigestRequest {
  readonly method: string;
  readonly body: Uint8Array;
}

/** `response` for these credentials, in hex. `ha1` is that of {@link digestHa1} for `-sess` too. */
export function digestResponse(
  algorithm: DigestAlgorithm,
  ha1: string,
  { fields, method, body }: DigestRequest & { fields: DigestFields },
): string {
  const { hash, isSession } = algorithm;
  const { nonce = '', cnonce = '', nc = '', qop, uri = '' } = fields;
  const key = isSession ? hex(hash, `${ha1}:${nonce}:${cnonce}`) : ha1;
  const isWhole = qop?.toLowerCase() === 'auth-int';
  const ha2 = hex(hash, `${method}:${uri}${isWhole ? `:${hex(hash, body)}` : ''}`);
  return hex(
    hash,
    qop === undefined ? `${key}:${nonce}:${ha2}` : `${key}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`,
  );
}

export interface DigestClient extends DigestRequest {
  readonly username: string;
  readonly password: string;
  readonly uri: string;
  readonly cnonce: string;
  /** How often this nonce has been used, this time included. */
  readonly count: number;
}

/**
 * Credentials for the strongest of the challenges that we can answer, undefined when there is none. One value a challenge
 * (`splitChallenges`). Throws SipSyntaxError for a broken one.
 */
export function answerChallenge(challenges: readonly string[], client: DigestClient): string | undefined {
  const [best] = challenges
    .flatMap(answerable)
    .toSorted((a, b) => b.algorithm.strength - a.algorithm.strength);
  if (best === undefined) return undefined;
  const { algorithm, challenge, qop } = best;
  const { realm = '', nonce = '', opaque } = challenge;
  const fields: DigestFields = {
    username: client.username,
    realm,
    nonce,
    uri: client.uri,
    ...(challenge['algorithm'] === undefined ? {} : { algorithm: challenge['algorithm'] }),
    ...(opaque === undefined ? {} : { opaque }),
    ...(qop === undefined && !algorithm.isSession ? {} : { cnonce: client.cnonce }),
    ...(qop === undefined ? {} : { qop, nc: client.count.toString(16).padStart(8, '0') }),
  };
  const ha1 = digestHa1(algorithm.hash, { username: client.username, realm, password: client.password });
  const { method, body } = client;
  return formatDigest({ ...fields, response: digestResponse(algorithm, ha1, { fields, method, body }) });
}

function answerable(
  value: string,
): { algorithm: DigestAlgorithm; challenge: DigestFields; qop: string | undefined }[] {
  const challenge = parseDigest(value);
  const algorithm = challenge && digestAlgorithm(challenge['algorithm']);
  if (!algorithm || challenge['realm'] === undefined || challenge['nonce'] === undefined) return [];
  const offered = challenge['qop']?.toLowerCase().split(/[ \t,]+/);
  const qop = ['auth', 'auth-int'].find((name) => offered?.includes(name));
  return offered !== undefined && qop === undefined ? [] : [{ algorithm, challenge, qop }];
}

function hex(hash: DigestHash, data: string | Uint8Array): string {
  const row = algorithms.find(({ name }) => name === hash);
  return createHash(row?.hash ?? 'md5')
    .update(data)
    .digest('hex');
}
