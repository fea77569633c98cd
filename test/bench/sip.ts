/** Registrations and calls, beside Kamailio as registrar and stateful proxy. SIPp is the phones; each side has a core. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newCloudAuthority } from '../cloud/certificates.ts';
import { run, start, words } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { monotonicMicroseconds, profileOptions, profileTable, type Span } from './profile.ts';
import { benchRow, round, type BenchRow } from './row.ts';
import { address, clientCore, runLoad, type Load, type Phone } from './sip-client.ts';
import { startCloud } from './sip-cloud.ts';
import { startBox, startPeer, type Server } from './sip-servers.ts';

/** So many that none of them comes near the eight calls, and the four of them a second, that the box allows each. */
const phones = newPhones(90, 'u', '127.0.1');
/** The cloud grants them so little that each of their registrations must go up; the box lets one do so 32 times, and once a second. */
const shortLived = newPhones(100, 'short', '127.0.2');

const rates = { register: [500, 1000, 2000, 3000, 4000], call: [50, 100, 200, 300] } as const;
const secondsARate = 4;

function newPhones(length: number, name: string, network: string): Phone[] {
  return Array.from({ length }, (_, at) => ({ user: `${name}${at}`, address: `${network}.${at + 1}` }));
}

interface Figures {
  /** Microseconds of processor time an operation. */
  readonly register: number;
  readonly call: number;
  /** A second, without a request sent again. */
  readonly registersASecond: number;
  readonly callsASecond: number;
  readonly megabytes: number;
}

type Say = (line: string) => void;

export async function measureSip(say: Say): Promise<BenchRow[]> {
  return await inDirectory(async (directory) => {
    const ours = await measureBox(directory, say);
    return rows(ours, await measurePeer(directory, say));
  });
}

async function inDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  try {
    // The cloud runs in this process, and must not take the processor of who is measured.
    await run(['taskset', '-cp', clientCore, String(process.pid)]);
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureBox(directory: string, say: Say): Promise<Figures & { readonly passed: number }> {
  return await withBox(directory, [], async (box, from) => {
    const passing = { from, phones: shortLived, perSecond: 100, count: 1000 };
    await load(box, { ...passing, count: 500 });
    const passed = await cost(box, passing);
    return { ...(await measure(box, from, say)), passed };
  });
}

/** With all phones registered. */
async function withBox<T>(
  directory: string,
  nodeOptions: readonly string[],
  use: (box: Server, from: number) => Promise<T>,
): Promise<T> {
  const authority = await newCloudAuthority();
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, authority.ca);
  const cloud = await startCloud(await authority.certificateFor([address]));
  await using box = await startBox(directory, { port: cloud.port, caFile }, nodeOptions);
  const from = await freePort();
  const all = [...phones, ...shortLived];
  await load(box, { from, phones: all, perSecond: 30, count: all.length });
  const result = await use(box, from);
  cloud.close();
  return result;
}

const profiled = {
  'REGISTER answered here': { phones, perSecond: 1000, count: 8000, scenario: 'register' },
  'REGISTER passed on': { phones: shortLived, perSecond: 150, count: 2000, scenario: 'register' },
  'a call': { phones, perSecond: 60, count: 2000, scenario: 'call' },
} as const satisfies Record<string, Omit<Wanted, 'from'>>;

/** What each operation consists of, once a box is warm. */
export async function profileSip(say: Say): Promise<void> {
  await inDirectory(async (directory) => {
    const profiles = join(directory, 'profiles');
    const spans = await withBox(directory, profileOptions(profiles), async (box, from) => {
      const seen = new Map<string, Span>();
      for (const [name, wanted] of Object.entries(profiled)) {
        const run = async (count: number) => await runLoad({ ...wanted, from, count, target: box.port });
        await run(Math.round(wanted.count / 4));
        const begin = monotonicMicroseconds();
        const before = box.seconds();
        const { succeeded, failed } = await run(wanted.count);
        const micros = Math.round(((box.seconds() - before) / succeeded) * 1e6);
        say(`${name}: ${micros} µs, profiled; ${failed} failed; ${Math.round(box.megabytes())} MB`);
        seen.set(name, { from: begin, to: monotonicMicroseconds(), operations: succeeded });
      }
      await box.end();
      return seen;
    });
    for (const [name, span] of spans) for (const line of [name, ...profileTable(profiles, span)]) say(line);
  });
}

async function measurePeer(directory: string, say: Say): Promise<Figures> {
  const callee = await freePort();
  const own = join(directory, 'kamailio');
  mkdirSync(own);
  await using _callee = start([
    ...words(`taskset -c ${clientCore} sipp -sn uas -nostdin -i ${address} -mi ${address} -p ${callee}`),
  ]);
  await using peer = await startPeer(own, callee);
  return await measure(peer, await freePort(), say);
}

async function measure(server: Server, from: number, say: Say): Promise<Figures> {
  const register = { from, phones, perSecond: 1000, count: 5000 };
  const call = { from, phones, perSecond: 100, count: 1500, scenario: 'call' as const };
  // To warm up: what node has compiled by then it has for months, and it goes on compiling for thousands of calls.
  await load(server, register);
  await load(server, { ...call, perSecond: 60, count: 1000 });
  await load(server, { ...call, count: 5000 });
  return {
    register: await cost(server, register),
    call: await cost(server, call),
    registersASecond: await highestRate(server, { ...register, scenario: 'register' }, say),
    callsASecond: await highestRate(server, call, say),
    megabytes: server.megabytes(),
  };
}

type Wanted = Omit<Load, 'target' | 'scenario'> & Partial<Pick<Load, 'scenario'>>;

/** Throws when more than one in a hundred failed: a figure of a server that refuses says nothing. */
async function load(server: Server, wanted: Wanted): Promise<void> {
  const { succeeded, failed } = await runLoad({ scenario: 'register', target: server.port, ...wanted });
  if (succeeded < wanted.count * 0.99)
    throw new Error(`${succeeded} of ${wanted.count} went well, ${failed} failed`);
}

async function cost(server: Server, wanted: Wanted): Promise<number> {
  const before = server.seconds();
  await load(server, wanted);
  return ((server.seconds() - before) / wanted.count) * 1e6;
}

async function highestRate(server: Server, wanted: Omit<Load, 'target'>, say: Say): Promise<number> {
  let highest = 0;
  for (const perSecond of rates[wanted.scenario]) {
    const count = perSecond * secondsARate;
    const outcome = await runLoad({ ...wanted, target: server.port, perSecond, count });
    say(
      `  ${wanted.scenario} ${perSecond}/s: ${outcome.succeeded} of ${count} well, ${outcome.repeated} sent again`,
    );
    if (outcome.succeeded !== count || outcome.repeated > 0) break;
    highest = perSecond;
  }
  return highest;
}

function rows(ours: Figures & { readonly passed: number }, peer: Figures): BenchRow[] {
  const peerName = 'Kamailio, one UDP worker: save(), and record_route() with t_relay()';
  const row = (name: string, figure: keyof Figures, unit: string) =>
    benchRow({
      name,
      ours: round(ours[figure]),
      peer: round(peer[figure]),
      peerName,
      unit,
      better: unit === 'a second' ? 'higher' : 'lower',
    });
  return [
    row('REGISTER answered here: processor', 'register', 'µs'),
    benchRow({
      name: 'REGISTER passed on over TLS and stored: processor',
      ours: round(ours.passed),
      peer: null,
      peerName: 'none that does the same',
      unit: 'µs',
      better: 'lower',
    }),
    row('REGISTER answered here, none sent again', 'registersASecond', 'a second'),
    row('a call: processor', 'call', 'µs'),
    row('calls, none sent again', 'callsASecond', 'a second'),
    row('memory at the end', 'megabytes', 'MB'),
  ];
}
