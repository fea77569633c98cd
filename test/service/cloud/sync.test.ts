/** Journals on their way to a cloud that loses answers, cuts, refuses and goes away: each row arrives, and counts once. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { startCloudSync } from '../../../appliance/cloud/sync.ts';
import type { Config } from '../../../appliance/config.ts';
import type { PartName } from '../../../appliance/store/journal-kinds.ts';
import { systemClock, type Part } from '../../../appliance/world.ts';
import { newCloudAuthority, type CloudAuthority } from '../../cloud/certificates.ts';
import { startIdentityCloud } from '../../cloud/identity.ts';
import { startJournalCloud, type JournalCloud } from '../../cloud/journal.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { callJson } from '../../support/json-client.ts';
import { journalBench, journalOf, site, token, writeRows } from '../../support/journal-bench.ts';

const patience = { timeoutMs: 15_000, everyMs: 20 };

let authority: CloudAuthority;
let tls: { key: string; cert: string };

beforeAll(async () => {
  authority = await newCloudAuthority();
  tls = await authority.certificateFor(['127.0.0.1']);
});

async function openCloud(directory: string, port = 0): Promise<JournalCloud> {
  const file = join(directory, 'cloud.db');
  return await startJournalCloud({ address: '127.0.0.1', port, tls, file, tokens: { [site]: token } });
}

async function startSync(config: Config): Promise<Part> {
  const part = await startCloudSync({ log: pino({ level: 'silent' }), clock: systemClock }, config);
  onTestFinished(async () => await part[Symbol.asyncDispose]());
  return part;
}

function taken(cloud: JournalCloud, part: PartName): { seq: number; body: string }[] {
  return cloud.rows(part).map(({ seq, body }) => ({ seq, body }));
}

async function allThere(cloud: JournalCloud, config: Config, parts: readonly PartName[]): Promise<void> {
  const isWhole = () => parts.every((part) => cloud.rows(part).length >= journalOf(config, part).length);
  await until('every row at the cloud', () => isWhole() || undefined, {
    ...patience,
    lastSeen: () => JSON.stringify(cloud.requests.slice(-5)),
  });
  for (const part of parts) expect(taken(cloud, part)).toEqual(journalOf(config, part));
}

it("rows of every part reach the cloud as they were written, with the site's token, and the cursor stays behind none", async () => {
  const directory = temporaryDirectory();
  await using cloud = await openCloud(directory);
  const { config, store } = journalBench(cloud.url, authority.ca);
  await writeRows(store('dhcp'), 1, 120);
  await writeRows(store('sip'), 1, 3);
  const part = await startSync(config);
  await writeRows(store('dhcp'), 121, 30);
  await allThere(cloud, config, ['dhcp', 'sip', 'cloud']);
  expect(cloud.rows('dhcp')[0]).toMatchObject({
    site,
    kind: 'started',
    mac: '00:15:65:00:00:01',
    body: '{"release":"r1"}',
  });
  // The cloud has a row before we hear that it does.
  await until('the cursor at the end', () => part.counters()['rows_waiting'] === 0 || undefined, {
    ...patience,
    lastSeen: () => JSON.stringify(part.counters()),
  });
  expect(part.health()).toEqual({ state: 'ok' });
  expect(part.counters()).toMatchObject({ retries: 0, errors: 0 });
  expect(cloud.repeats()).toBe(0);
});

it('an answer that is lost after the cloud committed makes a repeat that the cloud recognises', async () => {
  const directory = temporaryDirectory();
  await using cloud = await openCloud(directory);
  const { config, store } = journalBench(cloud.url, authority.ca);
  await writeRows(store('dhcp'), 1, 40);
  cloud.failNext({ kind: 'lose-answer' }, { kind: 'lose-answer' });
  await startSync(config);
  await allThere(cloud, config, ['dhcp', 'cloud']);
  expect(cloud.repeats()).toBeGreaterThan(0);
  expect(new Set(cloud.rows('dhcp').map(({ journal }) => journal)).size).toBe(1);
});

it('requests cut while sent, answers cut while sent, and 500 delay rows and lose none', async () => {
  const directory = temporaryDirectory();
  await using cloud = await openCloud(directory);
  const { config, store } = journalBench(cloud.url, authority.ca);
  await writeRows(store('dhcp'), 1, 200);
  cloud.failNext(
    { kind: 'cut-request' },
    { kind: 'cut-answer' },
    { kind: 'status', status: 500 },
    { kind: 'cut-answer' },
  );
  await startSync(config);
  await allThere(cloud, config, ['dhcp', 'cloud']);
  expect(cloud.requests.filter(({ status }) => status !== 200)).toHaveLength(4);
});

it('429 with Retry-After is waited for', async () => {
  const directory = temporaryDirectory();
  await using cloud = await openCloud(directory);
  const { config, store } = journalBench(cloud.url, authority.ca);
  cloud.failNext(
    ...Array.from({ length: 2 }, () => ({ kind: 'status', status: 429, retryAfter: '2' }) as const),
  );
  await writeRows(store('dhcp'), 1, 5);
  await startSync(config);
  await allThere(cloud, config, ['dhcp', 'cloud']);
  const [refused] = cloud.requests.filter(({ status }) => status === 429);
  const again = cloud.requests.find(({ key, status }) => key === refused?.key && status === 200);
  expect((again?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(2000);
});

it('while the cloud is away the health says so and why; what was written meanwhile arrives when it is back', async () => {
  const directory = temporaryDirectory();
  const cloud = await openCloud(directory);
  const { config, store } = journalBench(cloud.url, authority.ca);
  const part = await startSync(config);
  await allThere(cloud, config, ['cloud']);
  await cloud[Symbol.asyncDispose]();
  await writeRows(store('dhcp'), 1, 60);
  await until('the cut in the health', () => part.health().state === 'degraded' || undefined, patience);
  expect(part.health().reason).toBe(`cannot reach ${cloud.url}: the connection is refused (ECONNREFUSED)`);
  expect(part.counters()['rows_waiting']).toBeGreaterThanOrEqual(60);
  await using back = await openCloud(directory, cloud.port);
  await allThere(back, config, ['dhcp']);
  await until('good health', () => part.health().state === 'ok' || undefined, patience);
  await allThere(back, config, ['cloud']);
  expect(back.rows('cloud').map(({ kind }) => kind)).toEqual(['started', 'unreachable', 'reachable']);
});

it('a cloud with a certificate of somebody else gets nothing, no token either', async () => {
  const directory = temporaryDirectory();
  const other = await newCloudAuthority();
  const identity = await other.certificateFor(['127.0.0.1']);
  await using cloud = await startJournalCloud({
    address: '127.0.0.1',
    port: 0,
    tls: identity,
    file: join(directory, 'cloud.db'),
    tokens: { [site]: token },
  });
  const { config } = journalBench(cloud.url, authority.ca);
  const part = await startSync(config);
  await until('the mistrust in the health', () => part.health().state === 'degraded' || undefined, patience);
  expect(part.health().reason).toMatch(/its certificate is not trusted/);
  expect(cloud.requests).toEqual([]);
});

it('a token that the cloud does not accept is told, and the rows stay', async () => {
  const directory = temporaryDirectory();
  await using cloud = await openCloud(directory);
  const { config, store, directory: own } = journalBench(cloud.url, authority.ca);
  writeFileSync(join(own, 'token'), 'another');
  await writeRows(store('dhcp'), 1, 5);
  const part = await startSync(config);
  await until('the refusal in the health', () => part.health().state === 'degraded' || undefined, patience);
  expect(part.health().reason).toMatch(/the cloud answers 401: it does not accept cloud.token_file/);
  expect(part.counters()['rows_waiting']).toBeGreaterThanOrEqual(5);
  await sleep(1500);
  // Slowly from then on: one try a part.
  expect(cloud.requests.length).toBeLessThanOrEqual(2);
});

it('rows that were pruned before they could be sent are told as a gap', async () => {
  const directory = temporaryDirectory();
  await using cloud = await openCloud(directory);
  const { config, store } = journalBench(cloud.url, authority.ca);
  await writeRows(store('dhcp', 4000), 1, 200);
  await startSync(config);
  await until('the last row', () => cloud.rows('dhcp').some(({ seq }) => seq === 200) || undefined, patience);
  const rows = cloud.rows('dhcp');
  expect(cloud.gaps('dhcp')).toMatchObject([{ from: 1, to: (rows[0]?.seq ?? 0) - 1 }]);
  expect(taken(cloud, 'dhcp')).toEqual(journalOf(config, 'dhcp'));
});

it('a journal that begins anew, its file wiped, is shipped under a new name instead of taken for a repeat', async () => {
  const directory = temporaryDirectory();
  await using cloud = await openCloud(directory);
  const { config, store } = journalBench(cloud.url, authority.ca);
  await writeRows(store('dhcp'), 1, 10);
  const first = await startCloudSync({ log: pino({ level: 'silent' }), clock: systemClock }, config);
  await allThere(cloud, config, ['dhcp', 'cloud']);
  await first[Symbol.asyncDispose]();
  rmSync(join(config.site.state_directory, 'dhcp'), { recursive: true });
  await writeRows(store('dhcp'), 1001, 12);
  await startSync(config);
  await until('the new rows', () => cloud.rows('dhcp').length === 22 || undefined, patience);
  expect(new Set(cloud.rows('dhcp').map(({ journal }) => journal)).size).toBe(2);
});

it("the cloud takes a token of its own identity platform in the place of a site's", async () => {
  const directory = temporaryDirectory();
  const audience = 'https://journal.example';
  await using identity = await startIdentityCloud({
    address: '127.0.0.1',
    port: 0,
    tls,
    tenantId: '6f0d7a3c-2f4e-4c1b-9a57-0d5e5f7a1b2c',
    applications: [{ clientId: 'box', secret: 'canary-client-secret', roles: [] }],
  });
  await using cloud = await startJournalCloud({
    address: '127.0.0.1',
    port: 0,
    tls,
    file: join(directory, 'cloud.db'),
    tokens: {},
    acceptsToken: async (given) => (await identity.checkToken(given, audience)) !== undefined,
  });
  const { config, directory: own } = journalBench(cloud.url, authority.ca);
  const form = { grant_type: 'client_credentials', client_id: 'box', client_secret: 'canary-client-secret' };
  const body = new URLSearchParams({ ...form, scope: `${audience}/.default` });
  const answer = await callJson(identity.tokenEndpoint, authority.ca, { method: 'POST', body });
  writeFileSync(join(own, 'token'), (answer.body as { access_token: string }).access_token);
  await startSync(config);
  await allThere(cloud, config, ['cloud']);
  expect(cloud.requests.every(({ status }) => status === 200)).toBe(true);
});
