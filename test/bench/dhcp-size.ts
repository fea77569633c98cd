/** What a lease costs: the rate with few and with many leases in the store, and the memory of a full one. */
import { readFileSync } from 'node:fs';
import type { Running } from '../support/command.ts';
import { openDhcpWire, type DhcpWire } from '../support/dhcp-wire.ts';
import { openLab } from '../support/namespaces.ts';
import { startBox } from './dhcp-box.ts';
import { runLoop } from './dhcp-loop.ts';
import { startKea } from './dhcp-peers.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const sizes = [100, 1000, 10_000, 50_000] as const;
const outstanding = 64;
const seconds = 2;

export async function measureSize(say: (line: string) => void): Promise<BenchRow[]> {
  await using lab = openLab();
  const wire = await openDhcpWire(lab, 'size');
  await using box = await startBox(wire, { dhcpSettings: limitsForBench });
  const rates: number[] = [];
  let before = 0;
  for (const size of sizes) {
    await fill(wire, { from: before, to: size }, say);
    before = size;
    rates.push(round((await runLoop(wire, { clients: size, outstanding, seconds })).rate));
  }
  const rows = sizes.slice(1).map((size, at) =>
    benchRow({
      name: `DHCP, ${outstanding} outstanding, ${size} leases: DISCOVER to ACK`,
      ours: rates[at + 1] ?? Number.NaN,
      peer: rates[0] ?? null,
      peerName: `Gatehouse itself with ${sizes[0]} leases`,
      unit: 'exchanges/s',
      better: 'higher',
    }),
  );
  const ourMemory = residentMegabytes(box);
  const keaWire = await openDhcpWire(lab, 'keasize');
  const kea = await startKea(keaWire);
  if (kea.running !== undefined) await fill(keaWire, { from: 0, to: before }, say);
  rows.push(
    benchRow({
      name: `DHCP, ${before} leases: memory`,
      ours: ourMemory,
      peer: kea.running === undefined ? null : residentMegabytes(kea.running),
      peerName: kea.name,
      unit: 'MB',
      better: 'lower',
    }),
  );
  await kea.running?.[Symbol.asyncDispose]();
  return rows;
}

/** The limits are on, and above what this client asks: few phones boot thousands of times, and all are new at once. */
const limitsForBench = `[dhcp.limits]
messages_per_mac_per_minute = 1_000_000
new_clients_per_second = 1_000_000
`;

async function fill(
  wire: DhcpWire,
  { from, to }: { from: number; to: number },
  say: (line: string) => void,
): Promise<void> {
  const loop = { clients: to - from, outstanding: Math.min(outstanding, to - from), seconds: 0, first: from };
  const { lost } = await runLoop(wire, loop);
  if (lost > 0) say(`${lost} exchanges were lost while ${to - from} leases were made`);
}

/** Resident set, /proc/PID/status. */
function residentMegabytes({ pid }: Running): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return round(Number(kilobytes) / 1024);
}
