/** Things that end and come back: the box by `kill -9`, the way to the cloud, both together. Nobody touches a phone. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdCall } from '../office/calls.ts';
import { hosts } from '../office/network.ts';
import { isPlaced, openOffice, type BoxPhone, type Office } from '../office/office.ts';
import type { OfficePhone } from '../office/phone.ts';
import { callProblem } from '../office/walk.ts';
import { until } from '../support/command.ts';
import { openLab, type Lab } from '../support/namespaces.ts';

/** Also what was made before something failed. */
const opened = new AsyncDisposableStack();
let lab: Lab;
let office: Office;

beforeAll(async () => {
  lab = opened.use(openLab());
  office = opened.use(await openOffice(lab));
});

afterAll(() => opened.disposeAsync());

async function allPlaced(timeoutMs: number): Promise<ReadonlyMap<string, BoxPhone>> {
  let last: ReadonlyMap<string, BoxPhone> = new Map();
  return until(
    'every phone to be placed',
    async () => {
      last = await office.phoneRows();
      const isThere = (phone: OfficePhone) => {
        const row = last.get(phone.kind.mac);
        return row?.stage === 'placed' && isPlaced(phone, row);
      };
      return office.phones.every(isThere) ? last : undefined;
    },
    { timeoutMs, everyMs: 300, lastSeen: () => JSON.stringify([...last.values()]) },
  );
}

/** What is wrong with a call each way of each phone: nothing, if all is well. */
async function callProblems(): Promise<string[]> {
  const problems: string[] = [];
  for (const phone of office.phones) {
    for (const direction of ['inbound', 'outbound'] as const) {
      const problem = callProblem(await holdCall(office.cloud, phone, { direction, talkMs: 1200 }));
      if (problem !== undefined) problems.push(`${phone.kind.vendor}: ${problem}`);
    }
  }
  return problems;
}

test('phones that start with the internet cut, and the box killed meanwhile, come up by themselves when both are back', async () => {
  const { network, box, cloud } = office;
  const starting = office.phones.slice(2);
  const allSay = async (what: RegExp) =>
    until(
      `each phone to say ${what.source}`,
      () => starting.every(({ problem = '' }) => what.test(problem)) || undefined,
      { timeoutMs: 60_000, lastSeen: () => JSON.stringify(starting.map(({ problem }) => problem)) },
    );
  await network.wan.cut();
  for (const phone of starting) phone.powerOn();
  // Told to come again.
  await allSay(/holds no account/);
  await box.killHard();
  await allSay(/ECONNREFUSED/);
  await network.wan.restore();
  await box.start();
  for (const phone of starting) await phone.reach('registered', 90_000);
  const { provisioning } = await cloud.report();
  expect(provisioning.violations).toEqual([]);
  // Its first account and its last one, each.
  expect(provisioning.accounts).toHaveLength(2 * starting.length);
}, 240_000);

test('killed again and again while phones come up, the box brings all of them up', async () => {
  const [first, ...others] = office.phones;
  first?.powerOn();
  await first?.reach('registered', 60_000);
  for (const phone of others) phone.powerOn();
  for (const step of ['leased', 'configured'] as const) {
    await others[0]?.reach(step, 60_000);
    await office.box.killHard();
    await office.box.start();
  }
  for (const phone of office.phones) await phone.reach('registered', 120_000);
  await allPlaced(120_000);
  expect(await callProblems()).toEqual([]);
}, 300_000);

test('after kill -9 leases, kept answers, bindings and placements are there, and calls work without a touch', async () => {
  const before = facts();
  expect(before.leases.length).toBe(office.phones.length);
  expect(before.answers.length).toBe(office.phones.length);
  expect(before.bindings.length).toBeGreaterThanOrEqual(office.phones.length);
  expect(before.placements.length).toBe(office.phones.length);
  const clients = office.phones.map(({ baresip }) => baresip?.process.pid);
  await office.box.killHard();
  expect(facts()).toEqual(before);
  await office.box.start();
  const rows = await office.phoneRows();
  for (const phone of office.phones) {
    expect(rows.get(phone.kind.mac)).toMatchObject({
      ip: phone.lease?.ip,
      place: expect.stringMatching(/desk/),
    });
  }
  expect(facts()).toMatchObject({
    leases: before.leases,
    answers: before.answers,
    placements: before.placements,
  });
  await untilRegisteredAgain();
  expect(await callProblems()).toEqual([]);
  // The same programs all the time: no phone was restarted.
  expect(office.phones.map(({ baresip }) => baresip?.process.pid)).toEqual(clients);
  for (const phone of office.phones) expect(phone.problem).toBeUndefined();
});

/** By the registrar's own word: each phone registers anew on a flow that the new process opened. */
async function untilRegisteredAgain(): Promise<void> {
  const { seen } = office.cloud.kamailio;
  const begin = seen.length;
  await until(
    'each phone to register again by itself',
    () => {
      const since = new Set(
        seen.slice(begin).flatMap(({ what, fromUser }) => (what === 'registered' ? [fromUser] : [])),
      );
      return office.phones.every(({ user }) => since.has(user)) || undefined;
    },
    { timeoutMs: 60_000, lastSeen: () => JSON.stringify(seen.at(-1)) },
  );
}

test('with the internet cut phones call each other, and one that is switched off and on comes back by its password', async () => {
  const [caller, callee] = office.phones;
  if (caller === undefined || callee === undefined) throw new Error('no phones');
  await office.network.wan.cut();
  await talk(caller, callee);
  await callee.powerOff();
  callee.powerOn();
  await callee.reach('registered', 90_000);
  await talk(callee, caller);
  await office.network.wan.restore();
  await untilRegisteredAgain();
  expect(await callProblems()).toEqual([]);
}, 300_000);

/** Both kernels see media both ways; the caller hangs up. */
async function talk(caller: OfficePhone, callee: OfficePhone): Promise<void> {
  const ends = [caller, callee].map(({ baresip }) => {
    if (baresip === undefined) throw new Error('no user agent');
    return { baresip, since: baresip.events.length };
  });
  await ends[0]?.baresip.command('dial', `sip:${callee.user}@${hosts.main}`);
  for (const { baresip, since } of ends) await baresip.waitFor('CALL_ESTABLISHED', { since });
  const before = await Promise.all([caller.rtp(), callee.rtp()]);
  await sleep(1200);
  const after = await Promise.all([caller.rtp(), callee.rtp()]);
  for (const [at, { sent, heard }] of after.entries()) {
    expect(sent - (before[at]?.sent ?? 0)).toBeGreaterThan(30);
    expect(heard - (before[at]?.heard ?? 0)).toBeGreaterThan(30);
  }
  await ends[0]?.baresip.command('hangup');
  await ends[1]?.baresip.waitFor('CALL_CLOSED', { since: ends[1].since });
}

function rows(part: string, query: string): Record<string, unknown>[] {
  using db = open(part);
  return db.file.prepare(query).all();
}

/** What the parts have on disk, read beside them. */
function facts() {
  return {
    leases: rows('dhcp', "SELECT mac, ip FROM lease WHERE state = 'bound' ORDER BY mac"),
    answers: rows('provisioning', 'SELECT mac, vendor FROM phone_configuration ORDER BY mac'),
    bindings: rows('sip', 'SELECT aor, mac FROM binding ORDER BY aor'),
    placements: rows('location', 'SELECT mac, port, place FROM placement ORDER BY mac'),
  };
}

function open(part: string): { file: DatabaseSync } & Disposable {
  const directory = join(office.box.stateDirectory, part);
  const file = new DatabaseSync(join(directory, `${part}.db`), { readOnly: true });
  return { file, [Symbol.dispose]: () => file.close() };
}

interface JournalRow {
  readonly part: string;
  readonly seq: number;
  readonly kind: string;
}

const key = ({ part, seq, kind }: JournalRow) => `${part} ${seq} ${kind}`;

/** Every part's journal as it stands on the box's disk. */
function journals(): JournalRow[] {
  return readdirSync(office.box.stateDirectory, { withFileTypes: true }).flatMap((entry) => {
    if (
      !entry.isDirectory() ||
      !readdirSync(join(office.box.stateDirectory, entry.name)).includes(`${entry.name}.db`)
    ) {
      return [];
    }
    using db = open(entry.name);
    const found = db.file.prepare('SELECT seq, kind FROM journal ORDER BY seq').all() as {
      seq: number;
      kind: string;
    }[];
    return found.map(({ seq, kind }) => ({ part: entry.name, seq, kind }));
  });
}

test('over a cut WAN, lost answers and kill -9 every journal row is in the cloud exactly once', async () => {
  const { wan } = office.network;
  office.cloud.failJournal({ kind: 'lose-answer' }, { kind: 'cut-answer' }, { kind: 'status', status: 503 });
  await wan.cut();
  // Local life goes on and is written down: leases, places.
  const [first, second] = office.phones;
  await first?.moveTo(5);
  await second?.powerOff();
  second?.powerOn();
  await second?.reach('leased', 30_000);
  await until(
    'the move to be noticed',
    async () => (await office.phoneRows()).get(first?.kind.mac ?? '')?.port === 'port5' || undefined,
    {
      timeoutMs: 30_000,
    },
  );
  await office.box.killHard();
  await office.box.start();
  await sleep(1500);
  await wan.restore();
  await office.box.killHard();
  await office.box.start();
  for (const phone of office.phones) await phone.reach('registered', 120_000);
  // A phone whose registration failed more than once waits for a minute and longer before it tries again.
  await allPlaced(240_000);
  let missing: string[] = [];
  await until(
    'the cloud to have every row that was written up to now',
    async () => {
      const written = journals().map(key);
      const report = await office.cloud.report();
      const taken = new Set(report.journal.rows.map(key));
      missing = written.filter((row) => !taken.has(row));
      return missing.length === 0 || undefined;
    },
    { timeoutMs: 90_000, everyMs: 1000, lastSeen: () => `missing ${missing.slice(0, 5).join(', ')}` },
  );
  const { journal } = await office.cloud.report();
  expect(journal.gaps).toEqual([]);
  const taken = journal.rows.map(key);
  expect(new Set(taken).size).toBe(taken.length);
  const written = new Set(journals().map(key));
  expect(taken.filter((row) => !written.has(row))).toEqual([]);
  expect(journal.requests.filter(({ status }) => status !== 200).length).toBeGreaterThanOrEqual(3);
  expect(taken.length).toBeGreaterThan(40);
}, 400_000);

test('calls work again after the router forgot every flow and got another public address', async () => {
  const { wan } = office.network;
  const failures = () =>
    office.phones.flatMap(({ kind, baresip }) =>
      (baresip?.events ?? [])
        .filter(({ type }) => type === 'REGISTER_FAIL')
        .map(({ param, at }) => `${kind.vendor} ${at} ${param}`),
    );
  const before = failures();
  await wan.changePublicAddress('198.51.100.11');
  await until(
    'each phone to be registered from the new address',
    () =>
      office.phones.every(({ user }) =>
        office.cloud.kamailio.seen.some(
          ({ what, fromUser, from }) =>
            what === 'registered' && fromUser === user && from.startsWith('198.51.100.11:'),
        ),
      ) || undefined,
    // Phones ask anew each minute; then it takes 14 s to find that a connection is dead.
    { timeoutMs: 90_000, everyMs: 500, lastSeen: () => JSON.stringify(office.cloud.kamailio.seen.at(-1)) },
  );
  expect(failures(), 'no phone was told of it').toEqual(before);
  expect(await callProblems()).toEqual([]);
}, 300_000);
