/**
 * The certificate that the page shows over HTTPS: the box's own, signed by itself. The site's authority can't vouch for it, since it is
 * constrained to the phones' address, and browsers need not trust what phones trust. People compare the fingerprint with the one on
 * the box's screen.
 */
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsIdentity } from './tls.ts';

const names = { key: 'page.key', cert: 'page.pem' } as const;

/** In the folder of web. Made when there is none; one that people put in its place, key and certificate, stays. */
export async function pageIdentity(folder: string): Promise<TlsIdentity> {
  const [keyFile, certFile] = [join(folder, names.key), join(folder, names.cert)];
  if (!existsSync(keyFile) || !existsSync(certFile)) {
    // Large, and needed once.
    const { newSelfSigned } = await import('./authority-certificates.ts');
    const made = await newSelfSigned('Gatehouse page');
    mkdirSync(folder, { recursive: true });
    // Whatever power fails between: no certificate stays beside a key that is not its own.
    rmSync(certFile, { force: true });
    put(keyFile, made.key, 0o600);
    // For everybody: the screen shows its fingerprint.
    put(certFile, made.cert, 0o644);
  }
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
}

/** SHA-256, as browsers show it; undefined while there is no certificate. */
export function pageFingerprint(folder: string): string | undefined {
  const file = join(folder, names.cert);
  return existsSync(file) ? new X509Certificate(readFileSync(file)).fingerprint256 : undefined;
}

function put(file: string, text: string, mode: number): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
  chmodSync(`${file}.new`, mode);
  renameSync(`${file}.new`, file);
}
