/**
 * Passwords of phones on their way from provisioning, which sees them pass, to sip, which needs them in an outage: sealed with
 * a public key whose other half only sip's own user can read. X25519 with a key made for each record, HKDF, AES-256-GCM.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { seal, unseal, writeKeyFile } from './sealing.ts';

/** What a phone proves itself with. */
export interface AccountSecret {
  /** User name of the digest. */
  readonly authUser: string;
  readonly password: string;
}

/** Whose record it is: one can't be passed off as another. */
export interface AccountName {
  readonly mac: string;
  readonly user: string;
}

export interface AccountSealer {
  /** Names the key; records sealed for another one can't be opened. */
  readonly keyId: string;
  seal(name: AccountName, secret: AccountSecret): Uint8Array;
}

export interface AccountOpener {
  readonly keyId: string;
  /** Throws when the record was changed or is another one's. */
  open(name: AccountName, sealed: Uint8Array): AccountSecret;
}

const files = (directory: string) => ({
  key: join(directory, 'sip', 'account.key'),
  pub: join(directory, 'sip', 'account.pub'),
});

/** Undefined while sip has never run here. */
export function readAccountSealer(directory: string): AccountSealer | undefined {
  const { pub } = files(directory);
  if (!existsSync(pub)) return undefined;
  const key = createPublicKey(readFileSync(pub));
  const own = spki(key);
  return {
    keyId: keyIdOf(own),
    seal: (name, secret) => {
      const once = generateKeyPairSync('x25519');
      const theirs = spki(once.publicKey);
      const shared = diffieHellman({ privateKey: once.privateKey, publicKey: key });
      const text = Buffer.from(JSON.stringify(secret));
      return Buffer.concat([theirs, seal(recordKey(shared, theirs, own), label(name), text)]);
    },
  };
}

/** For sip: made at the first start. A damaged key is made anew, and accounts are learned again as they pass. */
export function openAccountKey(directory: string): AccountOpener {
  const { key: file, pub } = files(directory);
  const key = readPrivateKey(file) ?? makePrivateKey(file);
  const publicKey = createPublicKey(key);
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  if (!existsSync(pub) || readFileSync(pub, 'utf8') !== pem) {
    rmSync(pub, { force: true });
    writeKeyFile(pub, pem, 0o640);
  }
  const own = spki(publicKey);
  return {
    keyId: keyIdOf(own),
    open: (name, sealed) => {
      const theirs = Buffer.from(sealed.subarray(0, spkiBytes));
      const once = createPublicKey({ key: theirs, format: 'der', type: 'spki' });
      const shared = diffieHellman({ privateKey: key, publicKey: once });
      const opened = unseal(recordKey(shared, theirs, own), label(name), sealed.subarray(spkiBytes));
      return JSON.parse(opened.toString()) as AccountSecret;
    },
  };
}

function readPrivateKey(file: string): KeyObject | undefined {
  if (!existsSync(file)) return undefined;
  const pem = readFileSync(file);
  try {
    return createPrivateKey(pem);
  } catch {
    rmSync(file);
    return undefined;
  }
}

function makePrivateKey(file: string): KeyObject {
  const { privateKey } = generateKeyPairSync('x25519');
  writeKeyFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  return privateKey;
}

/** A public X25519 key in DER (RFC 8410). */
const spkiBytes = 44;

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function keyIdOf(own: Buffer): string {
  return createHash('sha256').update(own).digest('hex').slice(0, 16);
}

function recordKey(shared: Buffer, theirs: Buffer, own: Buffer): KeyObject {
  const bytes = hkdfSync('sha256', shared, Buffer.concat([theirs, own]), 'gatehouse account', 32);
  return createSecretKey(Buffer.from(bytes));
}

function label({ mac, user }: AccountName): string {
  return `${mac} ${user}`;
}
