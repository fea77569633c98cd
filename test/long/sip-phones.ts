/** As many phones as the box takes, each with a connection upstream; the part is killed, and all of them come again. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegisteringCrowd } from '../support/registering-crowd.ts';
import type { Finding } from './results.ts';

/** What the box takes at most. */
const most = 10_000;

type Say = (line: string) => void;

export async function sipPhones(say: Say): Promise<Finding> {
  return await comeBack(say, { name: 'sip-phones', count: most, overTls: 'every tenth' });
}

/** Each phone has two connections in the box, and two in the process that plays phones and registrar. */
export async function sipPhonesTls(say: Say): Promise<Finding> {
  const count = Math.min(most, Math.floor((openFiles() - 500) / 2));
  return await comeBack(say, { name: 'sip-phones-tls', count, overTls: 'each' });
}

interface Crowding {
  readonly name: string;
  readonly count: number;
  readonly overTls: 'every tenth' | 'each';
}

async function comeBack(say: Say, { name, count, overTls }: Crowding): Promise<Finding> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-phones-'));
  try {
    await using crowd = await openRegisteringCrowd(directory, { count, overTls });
    await crowd.start();
    const { 200: first = 0, ...refused } = await crowd.register(1);
    const megabytes = residentMegabytes(crowd.pid);
    say(`${first} registered, ${megabytes} MB, refused by status: ${JSON.stringify(refused)}`);
    const before = crowd.tokens();
    await crowd.kill();
    const startMs = await crowd.start();
    const known = same(before, crowd.tokens());
    say(`${known} known ${startMs} ms after the kill`);
    const tls = crowd.overTls();
    const begun = performance.now();
    const { 200: again = 0, ...refusedAgain } = await crowd.register(2);
    const seconds = Math.round((performance.now() - begun) / 1000);
    say(`${again} registered again in ${seconds} s, refused by status: ${JSON.stringify(refusedAgain)}`);
    const kept = same(before, crowd.tokens());
    const wanted = overTls === 'each' ? count : count / 10;
    return {
      name,
      passed: [first, known, again, kept].every((number) => number === count) && tls === wanted,
      detail:
        `${first} of ${count} phones registered, ${overTls === 'each' ? 'all over TLS' : 'every tenth over TLS and the others over UDP'}, each with a TLS connection of its own to the registrar, ${megabytes} MB. ` +
        `After kill -9 the part listened again in ${startMs} ms and knew ${known}; ${again} registered again within ${seconds} s, ${kept} under the name that their registrar knew.`,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function same(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number {
  return Array.from(before).filter(([aor, token]) => after.get(aor) === token).length;
}

/** That a process here may have. */
function openFiles(): number {
  return Number(
    /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024,
  );
}

function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1000);
}
