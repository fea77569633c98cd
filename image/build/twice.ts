/** `npm run image:twice`: makes the root twice, each from nothing, and compares the roothashes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Like `npm run image -- --roothash`, with a cache of its own; more words are passed on. */
function roothash(): string {
  const cache = mkdtempSync(join(import.meta.dirname, '../.cache-'));
  try {
    const words = [join(import.meta.dirname, 'main.ts'), '--roothash', ...process.argv.slice(2)];
    const environment = { ...process.env, GATEHOUSE_IMAGE_CACHE: cache };
    const { stdout, status } = spawnSync(process.execPath, words, {
      env: environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const hash = /^roothash ([0-9a-f]{64})$/m.exec(stdout)?.[1];
    if (status !== 0 || hash === undefined) throw new Error(`no root was made:\n${stdout}`);
    return hash;
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

const [first, second] = [roothash(), roothash()];
console.log(first === second ? `twice the same root: ${first}` : `two roots: ${first}\n           ${second}`);
process.exitCode = first === second ? 0 : 1;
