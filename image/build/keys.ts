/** The keys that sign what the firmware starts (Secure Boot), and what a TPM gives the key of the data partition to. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { run } from './command.ts';

export interface SigningKeys {
  /**
   * Has `NAME.key` and `NAME.crt` (PEM) of each: PK, KEK and db are Secure Boot's; `pcr` (RSA) signs what a TPM measured of a release.
   * Boxes ask for `pcr` as long as they live: with another one, an updated box can't open its data partition.
   */
  readonly folder: string;
  readonly areThrowAway: boolean;
}

const names = ['PK', 'KEK', 'db', 'pcr'];

/** From the folder that `GATEHOUSE_SIGNING_KEYS` names, else throw-away ones, made once a cache. */
export function signingKeys(folder: string | undefined): SigningKeys {
  if (folder !== undefined) {
    const missing = names
      .flatMap((name) => [`${name}.key`, `${name}.crt`])
      .filter((file) => !existsSync(join(folder, file)));
    if (missing.length > 0) throw new Error(`GATEHOUSE_SIGNING_KEYS: no ${missing.join(', ')} in ${folder}`);
    return { folder, areThrowAway: false };
  }
  const made = join(cacheDirectory, 'throw-away-keys');
  mkdirSync(made, { recursive: true, mode: 0o700 });
  for (const name of names) if (!existsSync(join(made, `${name}.crt`))) makeKey(made, name);
  return { folder: made, areThrowAway: true };
}

function makeKey(folder: string, name: string): void {
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
  const subject = ['-subj', `/CN=Gatehouse throw-away ${name}`, '-days', '3650'];
  run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-sha256', '-noenc', ...subject, ...files]);
}
