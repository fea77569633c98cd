/** Authorities and certificates of a test's own, made by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { temporaryDirectory } from './directory.ts';

export interface TestAuthority {
  /** PEM. */
  readonly ca: string;
  /** `names` as in subjectAltName: `DNS:example.com`, `IP:127.0.0.1`. `days` below zero has expired. */
  issue(names: readonly string[], days?: number): { key: string; cert: string };
}

/** `directory`: one that outlives a single test. */
export function newTestAuthority(directory = temporaryDirectory()): TestAuthority {
  const file = (name: string) => `${directory}/${name}`;
  const newKey = (name: string) =>
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file(name));
  newKey('ca.key');
  openssl(
    'req',
    '-x509',
    '-new',
    '-key',
    file('ca.key'),
    '-subj',
    '/CN=Test CA',
    '-days',
    '30',
    '-out',
    file('ca.pem'),
  );
  let issued = 0;
  return {
    ca: readFileSync(file('ca.pem'), 'utf8'),
    issue: (names, days = 10) => {
      issued += 1;
      const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((kind) =>
        file(`${issued}.${kind}`),
      );
      if (key === undefined || request === undefined || cert === undefined || extensions === undefined)
        throw new Error('no');
      newKey(`${issued}.key`);
      openssl('req', '-new', '-key', key, '-subj', '/CN=unused', '-out', request);
      writeFileSync(extensions, `subjectAltName=${names.join(',')}\nextendedKeyUsage=serverAuth\n`);
      const signed = [
        '-CA',
        file('ca.pem'),
        '-CAkey',
        file('ca.key'),
        '-set_serial',
        String(issued),
        '-extfile',
        extensions,
      ];
      openssl('x509', '-req', '-in', request, ...signed, '-days', String(days), '-out', cert);
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    },
  };
}

function openssl(...options: string[]): void {
  execFileSync('openssl', options, { stdio: 'pipe' });
}
