/** Secrets that must not be seen where they don't belong, and the search for them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CloudReport } from '../cloud/main.ts';

export interface Canary {
  /** What it is, without saying it. */
  readonly name: string;
  readonly text: string;
}

/** Every password and every part of a one-time path that the stand-in cloud minted so far. */
export function mintedCanaries({ provisioning }: CloudReport): Canary[] {
  const passwords = provisioning.accounts.map(({ mac, kind, password }) => ({
    name: `${kind} password of ${mac}`,
    text: password,
  }));
  const paths = new Set(
    provisioning.requests.flatMap(
      ({ target }) => /^\/device\/.*?\/([0-9a-f]{24,})\//.exec(target)?.[1] ?? [],
    ),
  );
  return [...passwords, ...Array.from(paths, (text) => ({ name: 'one-time path', text }))];
}

/** Keys of SRTP, wherever they come from. */
export const mediaKey: Canary = { name: 'SRTP key', text: 'inline:' };

/** Names of the canaries that these bytes hold. */
export function canariesIn(bytes: Uint8Array, canaries: readonly Canary[]): string[] {
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return canaries.filter(({ text }) => haystack.includes(text)).map(({ name }) => name);
}

/** The same for each file below a directory: `path: canary`. */
export function canariesBelow(directory: string, canaries: readonly Canary[]): string[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return canariesIn(readFileSync(path), canaries).map((name) => `${path}: ${name}`);
  });
}
