/** Records sealed one by one (AES-256-GCM, bound to their names), and the files that their keys are in. */
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import { chmodSync, linkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectory } from './database.ts';
import { syncFolder } from './sync-folder.ts';

const nonceBytes = 12;
const tagBytes = 16;

export function seal(key: KeyObject, name: string, value: Uint8Array): Buffer {
  const nonce = newNonce();
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(
    Buffer.from(name),
  );
  const sealed = Buffer.concat([cipher.update(value), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** Not used yet. Asking the system for one at a time takes longer than sealing. */
let nonces = Buffer.alloc(0);

function newNonce(): Buffer {
  if (nonces.length === 0) nonces = randomBytes(256 * nonceBytes);
  const nonce = nonces.subarray(0, nonceBytes);
  nonces = nonces.subarray(nonceBytes);
  return nonce;
}

/** Throws when the record was changed, is another one's, or the key is another one. */
export function unseal(key: KeyObject, name: string, sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
    .setAAD(Buffer.from(name))
    .setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]);
}

/** Complete before its name appears, whenever power fails: half a key would lock the part out of its records for ever. */
export function writeKeyFile(file: string, bytes: string | Uint8Array, mode: number): void {
  makeDirectory(dirname(file));
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, bytes, { mode: 0o600, flag: 'wx', flush: true });
  chmodSync(fresh, mode);
  linkSync(fresh, file);
  rmSync(fresh);
  syncFolder(dirname(file));
}
