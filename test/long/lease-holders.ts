/** The phones of `lease-holders-process.ts`, seen from the check that kills their server. */
import { join } from 'node:path';
import { until, type Running } from '../support/command.ts';
import { relayAddress, serverAddress, type DhcpWire } from '../support/dhcp-wire.ts';
import type { HoldersReport } from './lease-holders-process.ts';

export interface LeaseHolders extends AsyncDisposable {
  /** Every phone asks for its lease once more; the server has to be there. */
  check(): Promise<HoldersReport>;
}

/** `lostAfterMs`: an exchange without an answer for so long is over, and a server that takes longer has lost it. */
export function startLeaseHolders(
  { relay }: Pick<DhcpWire, 'relay'>,
  phones: number,
  { outstanding, lostAfterMs = 150 }: { outstanding: number; lostAfterMs?: number },
): LeaseHolders {
  const reports: HoldersReport[] = [];
  const program = join(import.meta.dirname, 'lease-holders-process.ts');
  const running: Running = relay.start(
    [
      process.execPath,
      program,
      serverAddress,
      relayAddress,
      ...[phones, outstanding, lostAfterMs].map(String),
    ],
    { onLine: (line) => reports.push(JSON.parse(line) as HoldersReport) },
  );
  return {
    check: async () => {
      running.write('check\n');
      return await until('all phones to ask again', () => reports.shift(), {
        timeoutMs: 200 * lostAfterMs,
        everyMs: 10,
        lastSeen: running.lastWords,
        hopeless: running.hasExited,
      });
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
