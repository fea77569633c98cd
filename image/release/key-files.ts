/** Keys in files: private ones as PKCS #8 in PEM, sealed with a passphrase unless told otherwise; public ones as one line. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fewestCharacters, readPassphrase } from '../../appliance/commands/passphrase.ts';
import { isPublicKey, type PublicKey } from '../../appliance/update/signed-text.ts';
import { makeKey, publicKeyOf } from './signing.ts';

/** Makes `NAME.key` and `NAME.pub`. Throws where there are such files: a key is never written over. */
export async function makeKeyFiles(name: string, isSealed: boolean): Promise<PublicKey> {
  const key = makeKey();
  const sealing = isSealed ? { cipher: 'aes-256-cbc', passphrase: await newPassphrase() } : {};
  const pem = key.export({ type: 'pkcs8', format: 'pem', ...sealing });
  writeFileSync(`${name}.key`, pem, { mode: 0o600, flag: 'wx' });
  const publicKey = publicKeyOf(key);
  writeFileSync(`${name}.pub`, `${publicKey}\n`, { flag: 'wx' });
  return publicKey;
}

async function newPassphrase(): Promise<string> {
  const passphrase = await readPassphrase(`passphrase (${fewestCharacters} characters or more): `);
  if (passphrase.length < fewestCharacters)
    throw new Error(`a passphrase has ${fewestCharacters} characters or more`);
  return passphrase;
}

export async function readPrivateKey(file: string): Promise<KeyObject> {
  const pem = readFileSync(file, 'utf8');
  if (!pem.includes('ENCRYPTED')) return createPrivateKey(pem);
  return createPrivateKey({ key: pem, passphrase: await readPassphrase(`passphrase of ${file}: `) });
}

export function readPublicKey(file: string): PublicKey {
  const text = readFileSync(file, 'utf8').trim();
  if (!isPublicKey(text)) throw new Error(`${file} is no public key of ours`);
  return text;
}
