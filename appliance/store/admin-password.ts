/**
 * What lets the admin in, and people who only look: the hash of a password each, and before there is one the set-up code that the box's own screen shows. Both in
 * web's sealed file.
 */
import { randomBytes, randomInt, scrypt, timingSafeEqual, createHash, type ScryptOptions } from 'node:crypto';
import type { Secrets } from './secrets.ts';

/** Shorter ones are found by trying. A long one is not cut but refused, else two passwords would be one. */
const characters = { fewest: 12, most: 256 } as const;

const passwordNames = { admin: 'admin-password', viewers: 'viewers-password' } as const;

/** Whose password. */
export type Account = keyof typeof passwordNames;

const codeName = 'setup-code';

/** A fifth of a second and 32 MB for each guess (RFC 7914); kept with each hash, so that it can grow. */
const cost = { N: 32_768, r: 8, p: 2 };
const hashBytes = 32;

interface Kept {
  readonly salt: string;
  readonly hash: string;
  readonly cost: typeof cost;
}

/** Why it can't be one, in a sentence. */
export function passwordProblem(password: string): string | undefined {
  const { length } = password.normalize('NFC');
  if (length >= characters.fewest && length <= characters.most) return undefined;
  return `A password has ${characters.fewest} to ${characters.most} characters.`;
}

export function hasPassword(secrets: Pick<Secrets, 'get'>): boolean {
  return secrets.get(passwordNames.admin) !== undefined;
}

/** Another one with each password; undefined while there is none. */
export function passwordMark(secrets: Pick<Secrets, 'get'>, of: Account = 'admin'): string | undefined {
  const found = secrets.get(passwordNames[of]);
  return found && createHash('sha256').update(found.value).digest('base64url');
}

/** The admin's ends the time of the set-up code. */
export async function setPassword(
  secrets: Pick<Secrets, 'write'>,
  password: string,
  of: Account = 'admin',
): Promise<void> {
  const salt = randomBytes(16);
  const hash = await hashOf(password, salt, cost);
  const kept: Kept = { salt: salt.toString('base64'), hash: hash.toString('base64'), cost };
  await secrets.write((writer) => {
    writer.put(passwordNames[of], Buffer.from(JSON.stringify(kept)));
    if (of === 'admin') writer.remove(codeName);
  });
}

export async function removePassword(secrets: Pick<Secrets, 'write'>, of: 'viewers'): Promise<void> {
  await secrets.write((writer) => writer.remove(passwordNames[of]));
}

/** False where there is none. Takes as long for a wrong one as for the right one. */
export async function isPassword(
  secrets: Pick<Secrets, 'get'>,
  password: string,
  of: Account = 'admin',
): Promise<boolean> {
  const found = secrets.get(passwordNames[of]);
  if (found === undefined) return false;
  const kept = JSON.parse(Buffer.from(found.value).toString('utf8')) as Kept;
  const hash = await hashOf(password, Buffer.from(kept.salt, 'base64'), kept.cost);
  return timingSafeEqual(hash, Buffer.from(kept.hash, 'base64'));
}

/** Letters and digits that nobody takes for each other, read from a screen and typed: 59 bits. */
const codeLetters = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** The code that opens the set-up form, made when there is none; undefined when the box has its password. */
export async function setupCode(secrets: Secrets): Promise<string | undefined> {
  if (hasPassword(secrets)) return undefined;
  const found = secrets.get(codeName);
  if (found !== undefined) return Buffer.from(found.value).toString('utf8');
  const letters = Array.from({ length: 12 }, () => codeLetters[randomInt(codeLetters.length)]).join('');
  const fresh = letters.replaceAll(/(.{4})(?=.)/g, '$1-');
  // Two that make one at once: the first one counts.
  await secrets.write((writer) => {
    if (!writer.has(codeName)) writer.put(codeName, Buffer.from(fresh));
  });
  return await setupCode(secrets);
}

/** However it is spelled: small letters, with or without dashes and spaces. In constant time. */
export function isSetupCode(secrets: Pick<Secrets, 'get'>, typed: string): boolean {
  const found = secrets.get(codeName);
  if (found === undefined || hasPassword(secrets)) return false;
  return timingSafeEqual(
    digest(plainCode(typed)),
    digest(plainCode(Buffer.from(found.value).toString('utf8'))),
  );
}

function plainCode(typed: string): string {
  return typed.replaceAll(/[\s-]/g, '').toUpperCase();
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

async function hashOf(password: string, salt: Buffer, { N, r, p }: typeof cost): Promise<Buffer> {
  const options: ScryptOptions = { N, r, p, maxmem: 160 * N * r };
  return await new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, hashBytes, options, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
