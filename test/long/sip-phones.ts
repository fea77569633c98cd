/** Ten thousand phones, as many as the box takes, each with a connection upstream; the part is killed, and all of them come again. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegisteringCrowd } from '../support/registering-crowd.ts';
import type { Finding } from './results.ts';

const count = 10_000;

export async function sipPhones(say: (line: string) => void): Promise<Finding> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-phones-'));
  try {
    await using crowd = await openRegisteringCrowd(directory, count);
    await crowd.start();
    const { 200: first = 0, ...refused } = await crowd.register(1);
    const megabytes = residentMegabytes(crowd.pid);
    say(`${first} registered, ${megabytes} MB, refused by status: ${JSON.stringify(refused)}`);
    await crowd.kill();
    const startMs = await crowd.start();
    const known = crowd.aors().size;
    say(`${known} known ${startMs} ms after the kill`);
    const overTls = crowd.overTls();
    const { 200: again = 0, ...refusedAgain } = await crowd.register(2);
    say(`${again} registered again, refused by status: ${JSON.stringify(refusedAgain)}`);
    return {
      name: 'sip-phones',
      passed: first === count && known === count && again === count && overTls === count / 10,
      detail:
        `${first} of ${count} phones registered, every tenth over TLS and the others over UDP, each with a TLS connection of its own to the registrar, ${megabytes} MB. ` +
        `After kill -9 the part listened again in ${startMs} ms and knew ${known}; ${again} registered again.`,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1000);
}
