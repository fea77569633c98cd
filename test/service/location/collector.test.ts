/** The whole part against an agent on loopback: news from dhcp is looked up at once, and what is known survives. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig, type Config } from '../../../appliance/config.ts';
import type { Placement } from '../../../appliance/store/placements.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { community, startLldpAgent, type AgentTables } from '../../support/lldp-agent.ts';
import { phone, placementIn, siteIn, startPart } from './location-part.ts';

const ip = '10.20.0.100';
const tables: AgentTables = {
  lastChange: 1,
  chassisMac: '02:66:00:00:00:02',
  ports: { 1: 'Gi1/0/1' },
  neighbors: [{ port: 1, chassisMac: phone, portId: 'WAN', systemName: '<b>\u001b[31m' }],
};
const patience = { timeoutMs: 10_000, everyMs: 20 };

function configure(port: number): { config: Config; directory: string } {
  const directory = temporaryDirectory();
  const secret = join(directory, 'community');
  writeFileSync(secret, `${community}\n`);
  const config = parseConfig(`[site]
address = "10.20.0.1"
state_directory = "${directory}"
posture = "assist"
[dhcp]
mode = "server"
subnet = "10.20.0.0/24"
pool = ["10.20.0.100", "10.20.0.199"]
[location]
poll_seconds = 3600
[[location.switch]]
name = "access-1"
address = "127.0.0.1"
port = ${port}
version = "2c"
secret_file = "${secret}"
[[location.wiremap]]
chassis = "0266.0000.0002"
port = "desk Gi1/0/1"
place = "Room 301"
[[location.wiremap]]
subnet = "10.20.0.0/24"
place = "Building 2"
`);
  return { config, directory };
}

/** The switch may answer after a first look, which has its subnet alone. */
function onPort(directory: string): Placement | undefined {
  const placement = placementIn(directory);
  return placement?.port === undefined ? undefined : placement;
}

it('a phone that gets a lease is on its port at once, though the switch is polled once an hour', async () => {
  await using agent = await startLldpAgent(tables);
  const { config, directory } = configure(agent.port);
  const site = siteIn(directory);
  const part = await startPart(config);
  await until('the first walks', () => (part.counters()['walks'] ?? 0) >= 2 || undefined, patience);
  const polls = part.counters()['polls'] ?? 0;
  await site.lease(phone, ip, { vendor: 'yealink' });
  await site.write('dhcp', (transaction) => transaction.journal({ kind: 'started', mac: phone, body: {} }));
  const placed = await until('its port', () => onPort(directory), patience);
  expect(placed).toMatchObject({ port: 'Gi1/0/1', place: 'Room 301', matched: 'port', source: 'snmp', ip });
  await until(
    'the switch to be asked for it',
    () => (part.counters()['polls'] ?? 0) > polls || undefined,
    patience,
  );
  expect(part.health()).toEqual({ state: 'ok' });
});

it('a phone whose port nobody knows is where its subnet is, and gone when its lease is', async () => {
  await using agent = await startLldpAgent({ ...tables, neighbors: [] });
  const { config, directory } = configure(agent.port);
  const site = siteIn(directory);
  await startPart(config);
  await site.lease(phone, ip, { vendor: 'poly' });
  await site.lease('02:00:00:00:00:55', '10.20.0.101');
  const placed = await until('its subnet', () => placementIn(directory), patience);
  expect(placed).toMatchObject({ place: 'Building 2', matched: 'subnet', source: 'subnet' });
  expect(placed).not.toHaveProperty('port');
  // A PC has a lease too.
  expect(placementIn(directory, '02:00:00:00:00:55')).toBeUndefined();
  await site.lease(phone, ip, { vendor: 'poly', state: 'released' });
  await until('it to be gone', () => placementIn(directory) === undefined || undefined, patience);
});

it('a placement stays over a restart while the switch is away, and before dhcp can be read', async () => {
  const agent = await startLldpAgent(tables);
  const { config, directory } = configure(agent.port);
  const site = siteIn(directory);
  await site.lease(phone, ip, { vendor: 'yealink' });
  const first = await startPart(config);
  await until('its port', () => onPort(directory), patience);
  await first[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
  const second = await startPart(config);
  const away = /^switch access-1 \(127\.0\.0\.1\) does not answer/;
  await until(
    'the switch to be given up',
    () => away.test(second.health().reason ?? '') || undefined,
    patience,
  );
  expect(placementIn(directory)).toMatchObject({ port: 'Gi1/0/1', place: 'Room 301' });
  expect(second.counters()).toMatchObject({ unplaced: 0, moved: 0, placed: 0 });
});

it('neither the community nor what a phone calls itself is in the journal', async () => {
  await using agent = await startLldpAgent(tables);
  const { config, directory } = configure(agent.port);
  const site = siteIn(directory);
  await site.lease(phone, ip, { vendor: 'yealink' });
  await startPart(config);
  await until('its port', () => onPort(directory), patience);
  using reader = openReader(directory, 'location');
  const journal = JSON.stringify(reader?.journalAfter(0, 100));
  expect(journal).toContain('Room 301');
  expect(journal).not.toMatch(/canary|<b>|\\u001b/);
});

it('a switch that takes its time for each answer does not keep the part from ending', async () => {
  const agent = createSocket('udp4');
  const answers = new Set<NodeJS.Timeout>();
  onTestFinished(() => {
    for (const answer of answers) clearTimeout(answer);
    agent.close();
  });
  let asked = 0;
  agent.on('message', (request, { port, address }) => {
    asked += 1;
    // The request's type, behind version and community, made that of a response.
    const at = request.indexOf(Buffer.from(community)) + community.length;
    const answer = Buffer.from(request).fill(0xa2, at, at + 1);
    answers.add(setTimeout(() => agent.send(answer, port, address), 500));
  });
  agent.bind(0, '127.0.0.1');
  await once(agent, 'listening');
  const { config } = configure(agent.address().port);
  const part = await startPart(config);
  await until('the switch to be asked', () => asked > 0 || undefined, patience);
  const before = asked;
  await part[Symbol.asyncDispose]();
  expect(asked).toBe(before);
  expect(part.counters()).toMatchObject({ polls: 1, polls_failed: 0 });
});
