/**
 * `gatehouse adopt`: phones in use, and their way through the box in waves. A wave's phones are kept away from the box until
 * it is started, by the same orders that `bypass` gives.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { readArpTable } from '../net/arp-table.ts';
import { parseMac } from '../protocol/mac.ts';
import {
  countWave,
  putIntoWave,
  readWave,
  readWavePhones,
  readWaves,
  saveWave,
  type WaveState,
} from '../store/adoption.ts';
import { readNeighbors } from '../store/neighbors.ts';
import { readFacts, readPhones } from '../store/phones.ts';
import { openStore, storeFile, type Transaction } from '../store/store.ts';
import { giveTask, leavingPatienceMs, type TaskKind } from '../store/tasks.ts';
import { adoptablePhones, phonesInCsv, type AdoptablePhone, type Seen } from './adopt-list.ts';
import { requireReadable } from './state-directory.ts';
import { formatTable, plainText } from './table.ts';

const usage = [
  'usage: gatehouse adopt [list] [FILE.csv]     phones on the network; FILE: an export of the Teams admin center',
  '       gatehouse adopt plan WAVE MAC…        put phones into a wave: they stay away from the box until it starts',
  '       gatehouse adopt start|pause|resume|undo WAVE',
];

/** What each order needs, and what it makes of the wave. */
const moves: Readonly<Record<string, { readonly from: readonly WaveState[]; readonly to: WaveState }>> = {
  start: { from: ['planned', 'undone'], to: 'running' },
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  undo: { from: ['running', 'paused'], to: 'undone' },
};

export async function adoptCommand(call: CommandCall): Promise<number> {
  const [word = 'list', ...rest] = call.rest;
  const wave = /^[1-9]\d{0,3}$/.test(rest[0] ?? '') ? Number(rest[0]) : undefined;
  const macs = rest.slice(1).map((text) => parseMac(text));
  if (word === 'list' && rest.length <= 1) return list(call, rest[0]);
  if (word.endsWith('.csv') && rest.length === 0) return list(call, word);
  if (word === 'plan' && wave !== undefined && macs.length > 0 && macs.every((mac) => mac !== undefined))
    return plan(call, wave, macs);
  const move = Object.hasOwn(moves, word) ? moves[word] : undefined;
  if (move !== undefined && wave !== undefined && macs.length === 0) return moveWave(call, wave, move);
  for (const line of usage) call.out(line);
  return 2;
}

async function list({ configFile, json, out }: CommandCall, csv: string | undefined): Promise<number> {
  const { site } = readConfig(configFile);
  const { state_directory: directory } = site;
  requireReadable(directory);
  const now = Date.now();
  const phones = adoptablePhones({
    phones: readPhones(directory, now, site),
    seen: [
      ...seenOnWire(directory, now),
      ...(csv === undefined ? [] : phonesInCsv(readFileSync(csv, 'utf8'))),
    ],
    waves: new Map(readFacts(directory, 'web', readWavePhones).map(({ mac, wave }) => [mac, wave])),
  });
  const waves = readFacts(directory, 'web', readWaves);
  if (json) out(JSON.stringify({ phones, waves }));
  else for (const line of formatList(phones)) out(line);
  if (!json) for (const { wave, state } of waves) out(`Wave ${wave}: ${state}`);
  return 0;
}

function seenOnWire(directory: string, now: number): Seen[] {
  const neighbors = readFacts(directory, 'location', (db) => readNeighbors(db, now));
  return [
    ...readArpTable().map(({ mac, ip }) => ({ mac, ip, source: 'arp' as const })),
    ...neighbors.flatMap(({ mac, isPhone }) =>
      isPhone && mac !== undefined ? [{ mac, source: 'lldp' as const }] : [],
    ),
  ];
}

function formatList(phones: readonly AdoptablePhone[]): string[] {
  if (phones.length === 0) return ['No phone is known on this network.'];
  const rows = phones.map(({ mac, vendor, model, ip, sources, state, wave, withoutReset }) => [
    mac,
    [vendor, model].filter(Boolean).join(' ') || '-',
    ip ?? '-',
    sources.join(', ') || '-',
    state,
    wave === undefined ? '-' : String(wave),
    withoutReset === 'unknown' ? 'unknown, pilot one' : withoutReset,
  ]);
  const notes = [
    ...new Set(phones.map(({ state, vendor, next }) => plainText(`${state}, ${vendor ?? 'other'}: ${next}`))),
  ];
  return [
    ...formatTable([['MAC', 'PHONE', 'ADDRESS', 'SEEN BY', 'STATE', 'WAVE', 'WITHOUT RESET'], ...rows]),
    '',
    ...notes,
  ];
}

async function plan(call: CommandCall, wave: number, macs: readonly string[]): Promise<number> {
  return await change(call, (tx, now) => {
    const known = readWave(tx.db, wave);
    if (known !== undefined && known.state !== 'planned')
      return `Wave ${wave} is ${known.state}: put phones into a wave that has not begun.`;
    saveWave(tx.db, { wave, state: 'planned', changedAt: now });
    for (const mac of macs) {
      putIntoWave(tx.db, mac, wave);
      orderFor(tx, { kind: 'bypass', mac, now });
    }
    tx.journal({ kind: 'adoption_wave', body: { wave, state: 'planned', phones: macs.length } });
    return {
      done: `Wave ${wave} has ${countWave(tx.db, wave)} phones; they stay away from the box until it starts.`,
    };
  });
}

async function moveWave(
  call: CommandCall,
  wave: number,
  { from, to }: { readonly from: readonly WaveState[]; readonly to: WaveState },
): Promise<number> {
  const { site } = readConfig(call.configFile);
  const led = new Set(
    readPhones(site.state_directory, Date.now(), site)
      .filter(({ reached, posture }) => reached.configured !== undefined && posture !== 'assist')
      .map(({ mac }) => mac),
  );
  return await change(call, (tx, now) => {
    const known = readWave(tx.db, wave);
    if (known === undefined) return `There is no wave ${wave}.`;
    if (!from.includes(known.state)) return `Wave ${wave} is ${known.state}.`;
    const phones = readWavePhones(tx.db).filter((phone) => phone.wave === wave);
    for (const { mac } of phones) {
      const stays = to === 'running' || (to === 'paused' && led.has(mac));
      orderFor(tx, { kind: stays ? 'lead' : 'bypass', mac, now });
    }
    saveWave(tx.db, { wave, state: to, changedAt: now });
    tx.journal({ kind: 'adoption_wave', body: { wave, state: to, phones: phones.length } });
    return {
      done: `Wave ${wave} is ${to}: ${phones.length} phones, each follows with its next restart or lease.`,
    };
  });
}

function orderFor(tx: Transaction, { kind, mac, now }: { kind: TaskKind; mac: string; now: number }): void {
  giveTask(tx, { kind, target: mac, givenAt: now, deadlineAt: now + leavingPatienceMs });
}

/** All of a wave or nothing: one transaction. A sentence from `work` says why nothing was done. */
async function change(
  { configFile, json, out }: CommandCall,
  work: (tx: Transaction, now: number) => string | { readonly done: string },
): Promise<number> {
  const { state_directory: directory } = readConfig(configFile).site;
  requireReadable(directory);
  if (!existsSync(storeFile(directory, 'web')))
    throw new Error(`${storeFile(directory, 'web')} is not there: the box has never run here`);
  const now = Date.now();
  using store = openStore({ directory, part: 'web', clock: { now: () => now } });
  const result = await store.write((tx) => work(tx, now));
  const isDone = typeof result !== 'string';
  const message = isDone ? result.done : result;
  out(json ? JSON.stringify({ ok: isDone, message }) : message);
  return isDone ? 0 : 1;
}
