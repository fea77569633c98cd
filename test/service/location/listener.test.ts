/** Listening under attack: a flood of invented neighbours costs memory and disk no more than the bounds say. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { startListener, type Listener } from '../../../appliance/location/listener.ts';
import { encodeLldp } from '../../../appliance/protocol/lldp.ts';
import { readNeighbors } from '../../../appliance/store/neighbors.ts';
import { openStore, type Store } from '../../../appliance/store/store.ts';
import { systemClock } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const fileHeader = Buffer.from('d4c3b2a10200040000000000000000004006000001000000', 'hex');
const ethernet = Buffer.from('0180c200000e02000000001188cc', 'hex');
const patience = { timeoutMs: 15_000, everyMs: 20 };

function record(frame: Uint8Array): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(frame.length, 8);
  header.writeUInt32LE(frame.length, 12);
  return Buffer.concat([header, frame]);
}

const text = (value: string) => Uint8Array.from(Buffer.from(value));

function lldpFrame(chassis: string, ttlSeconds = 65_535): Buffer {
  return Buffer.concat([
    ethernet,
    encodeLldp({
      chassisId: { subtype: 7, bytes: text(chassis) },
      portId: { subtype: 5, bytes: text('1') },
      ttlSeconds,
      systemName: chassis,
    }),
  ]);
}

function listenTo(frames: readonly Buffer[]): { listener: Listener; store: Store; directory: string } {
  const directory = temporaryDirectory();
  const program = join(directory, 'tcpdump');
  writeFileSync(join(directory, 'capture'), Buffer.concat([fileHeader, ...frames.map(record)]));
  writeFileSync(program, `#!/bin/sh\ncat ${join(directory, 'capture')}\nexec sleep 60\n`);
  chmodSync(program, 0o755);
  const store = openStore({ directory, part: 'location', clock: systemClock });
  const world = { clock: systemClock, log: pino({ level: 'silent' }) };
  const listener = startListener({ world, store, interface: 'lo', onChange: () => undefined, program });
  onTestFinished(async () => await listener[Symbol.asyncDispose]());
  return { listener, store, directory };
}

it('a hundred thousand invented neighbours are dropped before they are read, and counted', async () => {
  const frames = Array.from({ length: 100_000 }, (_, at) => lldpFrame(`invented-${at}`));
  const { listener, store } = listenTo(frames);
  await until('all frames', () => listener.counters()['frames'] === frames.length || undefined, patience);
  const counters = listener.counters();
  expect(counters['frames_over_rate']).toBeGreaterThan(99_000);
  expect(counters['neighbors']).toBe(64);
  expect(counters['neighbors_refused']).toBeGreaterThan(100);
  await until('the file', () => readNeighbors(store.db, Date.now()).length === 64 || undefined, patience);
  const kinds = store.db.prepare('SELECT kind, count(*) AS n FROM journal GROUP BY kind ORDER BY kind').all();
  expect(kinds).toEqual([
    { kind: 'flood', n: 1 },
    { kind: 'neighbor', n: 64 },
  ]);
  const [first] = readNeighbors(store.db, Date.now());
  expect((first?.expiresAt ?? 0) - (first?.heardAt ?? 0)).toBe(480_000);
});

it('malformed and foreign frames are counted and change nothing', async () => {
  const good = lldpFrame('good');
  const foreign = Buffer.from(good);
  foreign.fill(0xff, 0, 6);
  const { listener } = listenTo([good.subarray(0, 20), foreign, Buffer.alloc(60), good]);
  await until('the good one', () => listener.neighbors().length === 1 || undefined, patience);
  expect(listener.counters()).toMatchObject({ frames: 4, malformed: 3, errors: 0, neighbors: 1 });
  expect(listener.neighbors()).toMatchObject([{ chassis: 'good', systemName: 'good' }]);
});

it('a goodbye removes the neighbour from table and file', async () => {
  const { listener, store } = listenTo([lldpFrame('stays'), lldpFrame('goes'), lldpFrame('goes', 0)]);
  await until('the file', () => readNeighbors(store.db, Date.now()).length === 1 || undefined, patience);
  expect(listener.neighbors()).toMatchObject([{ chassis: 'stays' }]);
  expect(readNeighbors(store.db, Date.now())).toMatchObject([{ chassis: 'stays' }]);
});
