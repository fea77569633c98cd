/** The walk of every phone, as other programs saw it: clients, tcpdump, Kamailio, the switch, both ends' kernels. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenant } from '../office/cloud-services.ts';
import { plan } from '../office/network.ts';
import { holdCall } from '../office/calls.ts';
import { openOffice, type Office } from '../office/office.ts';
import { placeOfPort } from '../office/box.ts';
import { callProblem, walkAll, type WalkResult } from '../office/walk.ts';
import { canariesBelow, canariesIn, mediaKey, mintedCanaries, type Canary } from '../support/canaries.ts';
import { startCapture, type Capture } from '../support/capture.ts';
import { until } from '../support/command.ts';
import { dhcpOnWire } from '../support/dhcp-packets.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import { snmpPasswords } from '../support/switch.ts';

/** Also what was made before something failed. */
const opened = new AsyncDisposableStack();
let lab: Lab;
let office: Office;
let lan: Capture;
let result: WalkResult;

beforeAll(async () => {
  lab = opened.use(openLab());
  office = opened.use(await openOffice(lab));
  const file = join(lab.directory, 'lan.pcap');
  lan = opened.use(await startCapture(office.network.switch.namespace, { card: 'any', file }));
  result = await walkAll(office);
});

afterAll(() => opened.disposeAsync());

interface CliPhone {
  readonly mac: string;
  readonly stage: string;
  readonly port?: string;
  readonly place?: string;
  readonly chassis?: string;
  readonly switchName?: string;
}

async function cliPhones(): Promise<ReadonlyMap<string, CliPhone>> {
  const { phones } = (await office.box.cli('phones')) as { phones: CliPhone[] };
  return new Map(phones.map((phone) => [phone.mac.toLowerCase(), phone]));
}

test('four phones of four vendors come up and hold a call each way, heard at both ends', () => {
  expect(new Set(result.phones.map(({ vendor }) => vendor)).size).toBeGreaterThanOrEqual(4);
  for (const phone of result.phones) {
    expect(phone.problem).toBeUndefined();
    expect(phone.calls.map(({ direction }) => direction)).toEqual(['outbound', 'inbound']);
    for (const call of phone.calls) expect(callProblem(call)).toBeUndefined();
  }
  expect(result.ok).toBe(true);
});

test('each phone was told its URL in its vendor’s option, a time server, and New York’s offset, on the wire', async () => {
  const packets = await dhcpOnWire(lan);
  for (const { kind } of office.phones) {
    const ack = packets.findLast(({ type, mac }) => type === 'ACK' && mac === kind.mac);
    expect(ack).toBeDefined();
    const option = kind.vendor === 'poly' || kind.vendor === 'cisco' ? 160 : 66;
    const url = `http://${plan.box}${kind.vendor === 'cisco' ? '/$PSN.xml' : ''}`;
    expect(Array.from(ack?.options.keys() ?? [])).toContain(option);
    expect(Array.from(ack?.options.keys() ?? [])).not.toContain(option === 66 ? 160 : 66);
    expect(lan.bytes().includes(Buffer.from([option, url.length, ...Buffer.from(url)]))).toBe(true);
    expect(ack?.options.get(42)).toBe(plan.box);
    expect(Number(ack?.options.get(2))).toBe(newYorkOffset());
  }
});

/** Seconds east of UTC, by another way than the box's. */
function newYorkOffset(): number {
  const text = new Date().toLocaleString('en', { timeZone: 'America/New_York', timeZoneName: 'longOffset' });
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])(\d\d):(\d\d)/.exec(text) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}

test('each phone’s own DHCP client says the same as the wire', () => {
  for (const { kind, lease } of office.phones) {
    expect(lease?.ip).toMatch(/^10\.66\.0\.1\d\d$/);
    expect(lease?.timeOffset).toBe(newYorkOffset());
    expect(lease?.ntpServers).toEqual([plan.box]);
    const url =
      kind.urlOptions[0] === 66 && kind.vendor !== 'cisco' ? lease?.tftpServerName : lease?.provisioningUrl;
    expect(url).toMatch(new RegExp(`^http://${plan.box}`));
  }
});

test('the cloud was asked as its rules want, by each phone’s own User-Agent', async () => {
  const { provisioning } = await office.cloud.report();
  expect(provisioning.violations).toEqual([]);
  const agents = new Set(
    provisioning.requests.flatMap(({ headers }) =>
      headers
        .filter(([name]) => name.toLowerCase() === 'user-agent')
        .map(([, value]) => value.split(/[ /]/)[0]),
    ),
  );
  expect(agents).toEqual(new Set(['Yealink', 'FileTransport', 'Cisco-CP-8841-3PCC', 'Mozilla']));
  for (const { from } of provisioning.requests) expect(from).toBe(office.network.wan.publicAddress());
});

test('Kamailio saw each phone register by its own digest, over TLS, from the box’s public address', () => {
  const from = new RegExp(`^${office.network.wan.publicAddress().replaceAll('.', String.raw`\.`)}:`);
  for (const phone of office.phones) {
    const registered = office.cloud.kamailio.seen.find(
      (seen) => seen.what === 'registered' && seen.fromUser === phone.user,
    );
    expect(registered).toMatchObject({ protocol: 'tls', credentials: 'Digest' });
    expect(registered?.from).toMatch(from);
    expect(registered?.userAgent).toContain('baresip');
  }
  // One flow a registered phone (its first account and its last one are two registrations).
  const flows = office.phones.map(
    (phone) =>
      office.cloud.kamailio.seen.findLast(
        (seen) => seen.what === 'registered' && seen.fromUser === phone.user,
      )?.connection,
  );
  expect(new Set(flows).size).toBe(office.phones.length);
});

test('Kamailio saw a call of each phone in each direction, on the phone’s own flow', () => {
  const { seen } = office.cloud.kamailio;
  for (const phone of office.phones) {
    const flow = seen.findLast(
      (entry) => entry.what === 'registered' && entry.fromUser === phone.user,
    )?.connection;
    const outbound = seen.find(
      (entry) => entry.method === 'INVITE' && entry.fromUser === phone.user && entry.credentials === 'Digest',
    );
    expect(outbound).toMatchObject({ protocol: 'tls', connection: flow });
    const inbound = seen.find(
      (entry) =>
        entry.what === 'reply' &&
        entry.status === 200 &&
        entry.method === 'INVITE' &&
        entry.toUser === phone.user,
    );
    expect(inbound).toMatchObject({ protocol: 'tls', connection: flow });
  }
});

test('each phone is where the switch itself says that it is', async () => {
  const neighbors = await office.network.switch.neighbors();
  const shown = await cliPhones();
  for (const { kind } of office.phones) {
    const neighbor = neighbors.find(({ portId }) => portId === kind.mac);
    const phone = shown.get(kind.mac);
    expect(neighbor?.port).toBe(`port${office.phones.find((one) => one.kind === kind)?.port}`);
    expect(phone).toMatchObject({
      stage: 'placed',
      port: neighbor?.port,
      chassis: office.network.switch.chassis,
    });
    expect(phone?.place).toBe(placeOfPort(Number(neighbor?.port.slice(4))));
  }
});

test('a phone moved to another port changes its place, and can be called there', async () => {
  const phone = office.phones[0];
  if (phone === undefined) throw new Error('no phone');
  await phone.moveTo(5);
  await until(
    'the switch to see the phone at its new port',
    async () =>
      (await office.network.switch.neighbors()).find(
        ({ port, portId }) => port === 'port5' && portId === phone.kind.mac,
      ),
    { timeoutMs: 20_000 },
  );
  let last: CliPhone | undefined;
  await until(
    'the box to see it there too',
    async () => {
      last = (await cliPhones()).get(phone.kind.mac);
      return last?.place === placeOfPort(5) || undefined;
    },
    { timeoutMs: 20_000, everyMs: 500, lastSeen: () => JSON.stringify(last) },
  );
  expect(last).toMatchObject({ stage: 'placed', port: 'port5' });
  expect(callProblem(await holdCall(office.cloud, phone, { direction: 'inbound' }))).toBeUndefined();
});

test("the tenant's own services answer on site by their names, to a token of their OpenID provider only", async () => {
  const program = join(import.meta.dirname, '../support/tenant-reader.ts');
  const { clientId, secret } = tenant.application;
  const words = [process.execPath, program, office.cloud.caFile, tenant.id, clientId, secret];
  expect(JSON.parse(await office.network.box.exec(words))).toMatchObject([
    { status: 200, body: { value: [{ telephoneNumber: office.cloud.calleeNumber }] } },
    { status: 401 },
  ]);
});

test('no secret crossed the phones’ network in clear', async () => {
  const report = await office.cloud.report();
  const canaries = [...mintedCanaries(report), mediaKey];
  // Two accounts and two one-time paths a phone: otherwise there is nothing to look for.
  expect(report.provisioning.accounts.length).toBeGreaterThanOrEqual(2 * office.phones.length);
  expect(canaries.length).toBeGreaterThanOrEqual(4 * office.phones.length);
  const bytes = lan.bytes();
  // The capture holds what is said in clear, such as the first, plain request of the Yealink phone.
  expect(bytes.includes('.boot HTTP/1.1')).toBe(true);
  expect(canariesIn(bytes, canaries)).toEqual([]);
});

test('no secret is in databases, journals, logs, the API or the command line’s answers', async () => {
  const report = await office.cloud.report();
  const own: Canary[] = [
    ...snmpPasswords.map((text) => ({ name: 'SNMP password', text })),
    { name: 'token of the site', text: office.cloud.token },
  ];
  const canaries = [...mintedCanaries(report), mediaKey, ...own];
  // The search itself: the phones keep their passwords in files, and it finds them.
  expect(canariesBelow(office.phones[0]?.directory ?? '', canaries)).not.toEqual([]);
  expect(canariesBelow(office.box.stateDirectory, canaries)).toEqual([]);
  const answers = await Promise.all(
    [
      '/',
      '/api/status',
      '/api/phones',
      '/api/calls',
      '/api/journal?limit=1000',
      '/metrics',
      '/api/openapi.json',
    ].map(async (path) => `${path}\n${await office.box.page(path)}`),
  );
  const commands = [await office.box.cli('phones'), await office.box.cli('status')].map((answer) =>
    JSON.stringify(answer),
  );
  expect(answers.join('')).toContain(office.phones[0]?.kind.mac);
  expect(canariesIn(Buffer.from([...answers, ...commands].join('\n')), canaries)).toEqual([]);
  expect(
    canariesBelow(office.box.directory, canaries).filter((found) => !/snmp-secret|cloud-token/.test(found)),
  ).toEqual([]);
  expect(canariesIn(Buffer.from(JSON.stringify(report.journal)), canaries)).toEqual([]);
});
