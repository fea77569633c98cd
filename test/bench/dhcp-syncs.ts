/** What was synced before each ACK left: both kinds of sync counted by strace, under the load of the bench. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDhcpWire } from '../support/dhcp-wire.ts';
import { openLab } from '../support/namespaces.ts';
import { startBox } from './dhcp-box.ts';
import { runLoop } from './dhcp-loop.ts';
import { startKea } from './dhcp-peers.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const loop = { clients: 20_000, outstanding: 64, seconds: 1 };
const calls = 'trace=recvmsg,recvmmsg,recvfrom,sendmsg,sendmmsg,sendto,fsync,fdatasync';
/** Enough of a datagram to see its option 53. */
const tracer = (file: string) => [
  'strace',
  '-f',
  '--seccomp-bpf',
  '-e',
  calls,
  '-xx',
  '-s',
  '244',
  '-o',
  file,
];

export async function measureSyncs(): Promise<BenchRow[]> {
  await using lab = openLab();
  const wire = await openDhcpWire(lab, 'sync');
  const trace = join(wire.directory, 'trace');
  const box = await startBox(wire, { under: tracer(trace) });
  await runLoop(wire, loop);
  await box[Symbol.asyncDispose]();
  const ours = countSyncs(readFileSync(trace, 'latin1'));

  const keaWire = await openDhcpWire(lab, 'keasync');
  const keaTrace = join(keaWire.directory, 'trace');
  const kea = await startKea(keaWire, tracer(keaTrace));
  let theirs: Syncs | undefined;
  if (kea.running !== undefined) {
    await runLoop(keaWire, loop);
    await kea.running[Symbol.asyncDispose]();
    theirs = countSyncs(readFileSync(keaTrace, 'latin1'));
  }
  const row = (name: string, of: (syncs: Syncs) => number, better: BenchRow['better']) =>
    benchRow({
      name: `DHCP, ${loop.outstanding} outstanding, by strace: ${name}`,
      ours: round(of(ours)),
      peer: theirs === undefined ? null : round(of(theirs)),
      peerName: kea.name,
      unit: '',
      better,
    });
  return [
    row('ACKs', ({ acks }) => acks, 'higher'),
    row('syncs (fsync and fdatasync) an ACK batch', ({ syncs, batches }) => syncs / batches, 'higher'),
    row('ACKs that left without a sync since the batch before', ({ unsynced }) => unsynced, 'lower'),
  ];
}

interface Syncs {
  readonly acks: number;
  /** Runs of ACKs between which the server read no datagram and synced nothing. */
  readonly batches: number;
  readonly syncs: number;
  /** ACKs of batches before which no sync was completed since the one before. */
  readonly unsynced: number;
}

function countSyncs(trace: string): Syncs {
  const count = { acks: 0, batches: 0, syncs: 0, unsynced: 0 };
  let isInBatch = false;
  let isCovered = false;
  /** Since the last batch began. The next one may be synced on another thread while datagrams are read. */
  let isSynced = false;
  for (const line of trace.split('\n')) {
    const acks = acksIn(line);
    if (/\bf(data)?sync\b.*= 0$/.test(line)) {
      // Starting up syncs too.
      if (count.acks > 0) count.syncs += 1;
      isSynced = true;
      isInBatch = false;
    } else if (/\brecv\w+\(/.test(line)) {
      isInBatch = false;
    } else if (acks > 0) {
      if (!isInBatch) {
        count.batches += 1;
        isCovered = isSynced;
        isSynced = false;
        isInBatch = true;
      }
      count.acks += acks;
      if (!isCovered) count.unsynced += acks;
    }
  }
  return count;
}

/** Datagrams of a send call whose option 53 says ACK. */
function acksIn(line: string): number {
  if (!/\bsend\w+\(/.test(line)) return 0;
  const datagrams = [...line.matchAll(/"((?:\\x[0-9a-f]{2}){243,})"/g)];
  return datagrams.filter(([, bytes = '']) => bytes.slice(240 * 4, 243 * 4) === '\\x35\\x01\\x05').length;
}
