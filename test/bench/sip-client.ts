/** SIPp as the phones: one scenario at one rate, and how it went. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../support/command.ts';

export const address = '127.0.0.1';

/** Its processor, and that of everything that isn't measured; the other one is for who is measured. */
export const clientCore = '1';
export const serverCore = '0';

export interface Load {
  readonly scenario: 'register' | 'call';
  /** UDP port of the one who is measured. */
  readonly target: number;
  /** UDP port that all phones use, each at an address of its own. */
  readonly from: number;
  readonly phones: readonly Phone[];
  readonly perSecond: number;
  readonly count: number;
}

export interface Phone {
  readonly user: string;
  /** On loopback; the box knows phones by address and port. */
  readonly address: string;
}

export interface Outcome {
  readonly succeeded: number;
  readonly failed: number;
  /** Requests that had to be sent again: somebody was too slow. */
  readonly repeated: number;
}

/** Bounded by its count, and by a minute. */
export async function runLoad({ scenario, target, from, phones, perSecond, count }: Load): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-sipp-'));
  const file = (name: string) => join(directory, name);
  try {
    const lines = phones.map((phone) => `${phone.user};${phone.address};${from};\n`);
    writeFileSync(file('phones.csv'), `SEQUENTIAL\n${lines.join('')}`);
    // SIPp's own words for its address stay the same with a socket a phone.
    const xml = readFileSync(join(import.meta.dirname, `sipp-${scenario}.xml`), 'utf8');
    writeFileSync(
      file('scenario.xml'),
      xml.replaceAll('[local_ip]', '[field1]').replaceAll('[local_port]', '[field2]'),
    );
    const pace = ['-r', String(perSecond), '-m', String(count), '-l', '4000', '-timeout', '60s'];
    const statistics = ['-trace_stat', '-stf', file('statistics.csv'), '-fd', '1'];
    const own = ['-i', address, '-mi', address, '-p', String(from), '-nostdin'];
    const each = ['-t', 'ui', '-inf', file('phones.csv'), '-ip_field', '1', '-max_socket', '2000'];
    await run(
      [
        'taskset',
        '-c',
        clientCore,
        'sipp',
        `${address}:${target}`,
        '-sf',
        file('scenario.xml'),
        ...pace,
        ...statistics,
        ...own,
        ...each,
      ],
      { anyExitCode: true, timeoutMs: 90_000 },
    );
    return readStatistics(readFileSync(file('statistics.csv'), 'utf8'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The last line has the sums; `(C)` is cumulative. */
function readStatistics(text: string): Outcome {
  const lines = text.trimEnd().split('\n');
  const names = (lines[0] ?? '').split(';');
  const values = (lines.at(-1) ?? '').split(';');
  const sum = (name: string) => Number(values[names.indexOf(`${name}(C)`)] ?? NaN);
  return {
    succeeded: sum('SuccessfulCall'),
    failed: sum('FailedCall'),
    repeated: sum('Retransmissions'),
  };
}
