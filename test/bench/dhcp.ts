/** DHCP exchanges a second with leases on disk, beside the servers that others run, by the same client in the same run. */
import type { Running } from '../support/command.ts';
import { openDhcpWire, type DhcpWire } from '../support/dhcp-wire.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import type { LoopResult } from './dhcp-client.ts';
import { startBox } from './dhcp-box.ts';
import { runLoop } from './dhcp-loop.ts';
import { startDnsmasq, startIsc, startKea, type Peer } from './dhcp-peers.ts';
import { measureSize } from './dhcp-size.ts';
import { measureSyncs } from './dhcp-syncs.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const windows = [1, 16, 64] as const;
/** As many phones as a large site has; then the first ones boot again. */
const clients = 20_000;
/** The fast ones are measured twice a window, in turns, and the better figures stand: what disturbs both is left out. */
const rounds = 2;
const seconds = 2;
/** Phones that get their power in the same moment. */
const storm = 1000;

interface Competitor {
  readonly wire: DhcpWire;
  /** In rows and warnings. */
  readonly short: string;
  readonly name: string;
  readonly running?: Running;
}

export async function measureDhcp(say: (line: string) => void): Promise<BenchRow[]> {
  const rows = [...(await measureRates(say)), ...(await measureSize(say)), ...(await measureSyncs())];
  return rows;
}

async function measureRates(say: (line: string) => void): Promise<BenchRow[]> {
  await using lab = openLab();
  await using running = new AsyncDisposableStack();
  const start = async (short: string, open: (wire: DhcpWire) => Promise<Peer>) => {
    const wire = await openWire(lab, short);
    const peer = await open(wire);
    if (peer.running !== undefined) running.use(peer.running);
    return { ...peer, short, wire } satisfies Competitor;
  };
  const box = await start('ours', startOurs);
  const kea = await start('Kea', startKea);
  const slow = [await start('dnsmasq', startDnsmasq), await start('ISC dhcpd', startIsc)];
  const rows: BenchRow[] = [];
  for (const outstanding of windows) {
    const results = await measureWindow([box, kea, ...slow], outstanding, say);
    const name = `DHCP, ${outstanding} outstanding`;
    const [ours] = results;
    if (ours === undefined) throw new Error('the box was not measured');
    rows.push(...rowsBeside(name, ours, { peer: kea, theirs: results[1] }));
    for (const [at, peer] of slow.entries()) {
      rows.push(
        rateRow(`${name}: DISCOVER to ACK, beside ${peer.short}`, ours, { peer, theirs: results[2 + at] }),
      );
    }
  }
  rows.push(await measureStorm(box, kea, say));
  return rows;
}

const openWire = (lab: Lab, short: string) => openDhcpWire(lab, short.slice(0, 4).trim().toLowerCase());

async function startOurs(wire: DhcpWire): Promise<Peer> {
  return { name: 'Gatehouse', running: await startBox(wire) };
}

/** In turns, so that what disturbs the machine disturbs all. Undefined for who is not there. */
async function measureWindow(
  all: readonly Competitor[],
  outstanding: number,
  say: (line: string) => void,
): Promise<(LoopResult | undefined)[]> {
  const results = all.map((): LoopResult[] => []);
  for (let at = 0; at < rounds; at += 1) {
    for (const [who, { running, wire }] of all.entries()) {
      if (running === undefined || (at > 0 && who > 1)) continue;
      // The first phones of a window are new to the server, later ones boot again.
      const first = (windows.findIndex((window) => window === outstanding) * rounds + at) * 3000;
      results[who]?.push(await runLoop(wire, { clients, outstanding, seconds, first }));
    }
  }
  const best = results.map(better);
  for (const [who, result] of best.entries()) {
    if (result === undefined || result.lost + result.naks === 0) continue;
    say(`${all[who]?.short}, ${outstanding} outstanding: ${result.lost} lost, ${result.naks} refused`);
  }
  return best;
}

/** Undefined without any result. */
function better(results: readonly LoopResult[]): LoopResult | undefined {
  if (results.length === 0) return undefined;
  const of = (key: keyof LoopResult) => results.map((result) => result[key]);
  const sum = (key: keyof LoopResult) => of(key).reduce((total, value) => total + value);
  return {
    rate: Math.max(...of('rate')),
    p50: Math.min(...of('p50')),
    p99: Math.min(...of('p99')),
    ackP99: Math.min(...of('ackP99')),
    lasted: Math.min(...of('lasted')),
    lost: sum('lost'),
    naks: sum('naks'),
  };
}

interface Beside {
  readonly peer: Competitor;
  readonly theirs: LoopResult | undefined;
}

function rateRow(name: string, ours: LoopResult, { peer, theirs }: Beside): BenchRow {
  return benchRow({
    name,
    ours: round(ours.rate),
    peer: theirs === undefined ? null : round(theirs.rate),
    peerName: peer.name,
    unit: 'exchanges/s',
    better: 'higher',
  });
}

function rowsBeside(name: string, ours: LoopResult, beside: Beside): BenchRow[] {
  const { peer, theirs } = beside;
  const time = (what: string, key: 'p99' | 'ackP99') =>
    benchRow({
      name: `${name}: ${what}`,
      ours: round(ours[key]),
      peer: theirs === undefined ? null : round(theirs[key]),
      peerName: peer.name,
      unit: 'ms',
      better: 'lower',
    });
  return [
    rateRow(`${name}: DISCOVER to ACK`, ours, beside),
    time('p99 of an exchange', 'p99'),
    time('p99 REQUEST to ACK', 'ackP99'),
  ];
}

/** From the first DISCOVER to the last ACK, all DISCOVERs sent at once. */
async function measureStorm(
  box: Competitor,
  kea: Competitor,
  say: (line: string) => void,
): Promise<BenchRow> {
  const of = async ({ wire, running, short }: Competitor) => {
    if (running === undefined) return null;
    const result = await runLoop(wire, { clients: storm, outstanding: storm, seconds: 0, first: clients });
    if (result.lost > 0) say(`${short}, ${storm} phones at once: ${result.lost} had to ask again`);
    return round(result.lasted);
  };
  return benchRow({
    name: `DHCP, ${storm} new phones in the same moment: all bound after`,
    ours: (await of(box)) ?? Number.NaN,
    peer: await of(kea),
    peerName: kea.name,
    unit: 'ms',
    better: 'lower',
  });
}
