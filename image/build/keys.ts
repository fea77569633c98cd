/** The key that signs what the firmware starts (Secure Boot). */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { run } from './command.ts';

export interface SigningKeys {
  /** Has `db.key` and `db.crt` (PEM), and the same of PK and KEK. */
  readonly folder: string;
  readonly areThrowAway: boolean;
}

const names = ['PK', 'KEK', 'db'];

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
