/** An hour at twenty calls a second: nothing may grow, and nothing may stay. `GATEHOUSE_MINUTES` says for how long instead. */
import { readReport } from '../../appliance/store/telemetry.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../bench/sip-client.ts';
import { openSipBench, type SipBench } from './sip-bench.ts';
import { quarter } from './quarter.ts';
import type { Finding } from './results.ts';

const perSecond = 20;
const pieceSeconds = 50;
/** Of memory between the second quarter and the last one. */
const mostGrowth = 0.1;

export async function sipCalls(say: (line: string) => void): Promise<Finding> {
  const minutes = Number(process.env['GATEHOUSE_MINUTES'] ?? 60);
  await using bench = await openSipBench({ phones: 50 });
  const megabytes: number[] = [];
  const sum = { succeeded: 0, failed: 0, repeated: 0 };
  const pieces = Math.max(8, Math.round((minutes * 60) / pieceSeconds));
  for (let piece = 0; piece < pieces; piece += 1) {
    // A registration is good for an hour, and nobody can be called after it.
    const refreshed = await bench.refresh(bench.phones.length);
    if (refreshed.failed > 0) throw new Error(`${refreshed.failed} phones could not refresh`);
    const count = perSecond * pieceSeconds;
    const { box, phones, from } = bench;
    const outcome = await runLoad({ scenario: 'call', target: box.port, from, phones, perSecond, count });
    sum.succeeded += outcome.succeeded;
    sum.failed += outcome.failed;
    sum.repeated += outcome.repeated;
    megabytes.push(Math.round(box.megabytes()));
    say(`${sum.succeeded} calls, ${sum.failed} failed, ${megabytes.at(-1)} MB`);
  }
  // Whoever is gone is waited for: a 200 for its ACK, then the BYE for its answer, 32 s each; media that nobody claims 90 s.
  await sleep(130_000);
  const left = leftBehind(bench);
  const [early, late] = [quarter(megabytes, 1), quarter(megabytes, 3)];
  return {
    name: 'sip-calls',
    passed: sum.failed === 0 && late <= early * (1 + mostGrowth) && left.every(([, count]) => count === 0),
    detail:
      `${sum.succeeded} calls at ${perSecond} a second for ${Math.round((pieces * pieceSeconds) / 60)} minutes through sip and rtp in one process, ` +
      `${sum.failed} failed, ${sum.repeated} requests sent again. Memory: ${megabytes[0]} MB after the first ${pieceSeconds} s, ` +
      `${early} MB in the second quarter, ${late} MB in the last one. ` +
      `Left 130 s after the last call: ${left.map(([name, count]) => `${name} ${count}`).join(', ')}.`,
  };
}

function leftBehind({ directory }: SipBench): [string, number][] {
  const counters: Readonly<Record<string, number>> = readReport(directory, 'sip')?.counters ?? {};
  const ports = readReport(directory, 'rtp')?.counters['ports_used'] ?? Number.NaN;
  const tables = [
    'calls',
    'engine_open_dialogs',
    'engine_open_client_transactions',
    'engine_open_server_transactions',
  ];
  return [
    ...tables.map((name): [string, number] => [name, counters[name] ?? Number.NaN]),
    ['ports_used', ports],
  ];
}
