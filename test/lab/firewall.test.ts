/** The rules that `gatehouse firewall` prints, loaded into a box with a card in each of three networks. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCapture } from '../support/capture.ts';
import { run, until, words } from '../support/command.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';

const networks = { phones: '10.66.0', management: '10.77.0', wan: '10.88.0' } as const;
type Network = keyof typeof networks;

const settings = `[site]
address = "10.66.0.1"
[dhcp]
mode = "server"
interface = "phones"
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.150"]
[web]
address = "10.77.0.1"
other_tcp_ports = [22]
`;

const ports = {
  tcp: [22, 80, 111, 443, 5060, 5061, 8080, 9090],
  udp: [53, 67, 68, 123, 161, 5060, 19_999, 20_000, 29_999],
};

/** Answers on all of them, on every address. */
const listener = `
  const net = require('node:net'), dgram = require('node:dgram');
  const { tcp, udp } = ${JSON.stringify(ports)};
  const ready = [
    ...tcp.map((port) => new Promise((r) => net.createServer((s) => s.on('error', () => {}).end('here')).listen(port, '0.0.0.0', r))),
    ...udp.map((port) => new Promise((r) => {
      const socket = dgram.createSocket('udp4').on('message', (m, from) => socket.send(m, from.port, from.address));
      socket.bind(port, '0.0.0.0', r);
    })),
  ];
  Promise.all(ready).then(() => console.log('listening'));`;

/** Prints which of the ports of these addresses answer. */
const asker = `
  const net = require('node:net'), dgram = require('node:dgram');
  const { tcp, udp } = ${JSON.stringify(ports)};
  const patienceMs = 1500;
  const asked = process.argv.slice(1).flatMap((host) => [
    ...tcp.map((port) => new Promise((done) => {
      const socket = net.connect({ host, port }, () => { done(host + ' tcp ' + port); socket.destroy(); });
      socket.on('error', () => done());
      setTimeout(() => { done(); socket.destroy(); }, patienceMs);
    })),
    ...udp.map((port) => new Promise((done) => {
      const socket = dgram.createSocket('udp4').on('message', () => done(host + ' udp ' + port)).on('error', () => done());
      socket.send('?', port, host);
      setTimeout(done, patienceMs);
    })),
  ]);
  Promise.all(asked).then((open) => { console.log(JSON.stringify(open.filter(Boolean))); process.exit(); });`;

let lab: Lab;
let box: Namespace;
const hosts = new Map<Network, Namespace>();

beforeAll(async () => {
  lab = openLab();
  box = await lab.namespace('box');
  for (const [name, prefix] of Object.entries(networks)) {
    const host = await lab.namespace(name);
    hosts.set(name as Network, host);
    await lab.wire({ namespace: box, card: name }, { namespace: host, card: 'eth0' });
    await box.exec(['ip', 'addr', 'add', `${prefix}.1/24`, 'dev', name]);
    await host.exec(['ip', 'addr', 'add', `${prefix}.2/24`, 'dev', 'eth0']);
    await box.exec(['ip', 'link', 'set', name, 'up']);
    await host.exec(['ip', 'link', 'set', 'eth0', 'up']);
    await host.exec(['ip', 'route', 'add', 'default', 'via', `${prefix}.1`]);
    await listen(host);
  }
  await listen(box);
  // Only the rules stand between the networks.
  await box.exec(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

async function listen(namespace: Namespace): Promise<void> {
  const running = namespace.start([process.execPath, '-e', listener]);
  const isReady = () => running.lastWords().includes('listening');
  await until('ports to be open', isReady, { timeoutMs: 20_000, hopeless: running.hasExited });
}

async function reachable(from: Network, addresses: readonly string[]): Promise<string[]> {
  const host = hosts.get(from);
  if (host === undefined) throw new Error(`no host in ${from}`);
  return JSON.parse(await host.exec([process.execPath, '-e', asker, ...addresses])) as string[];
}

const boxAddresses = Object.values(networks).map((prefix) => `${prefix}.1`);
const media = (address: string) => [`${address} udp 20000`, `${address} udp 29999`];

it('the rules are loaded in one step, over those of before', async () => {
  expect(await reachable('phones', ['10.88.0.2'])).not.toEqual([]);
  const config = join(lab.directory, 'gatehouse.toml');
  writeFileSync(config, settings);
  const rules = await run([process.execPath, 'appliance/main.ts', 'firewall', '--config', config]);
  // Twice: the second takes the place of the first.
  for (const _time of [1, 2]) await box.exec(['nft', '-f', '-'], { input: rules });
  expect(await reachable('phones', ['10.88.0.2'])).toEqual([]);
});

it('phones reach what serves them, on the address of their own network only', async () => {
  expect(await reachable('phones', boxAddresses)).toEqual([
    ...[80, 443, 5060, 5061].map((port) => `10.66.0.1 tcp ${port}`),
    ...[67, 68, 123, 5060, 20_000, 29_999].map((port) => `10.66.0.1 udp ${port}`),
  ]);
});

it('the page and what was named besides are reached from the management network alone', async () => {
  expect(await reachable('management', boxAddresses)).toEqual([
    '10.77.0.1 tcp 22',
    '10.77.0.1 tcp 8080',
    ...media('10.77.0.1'),
  ]);
});

it('from outside only media comes in', async () => {
  expect(await reachable('wan', boxAddresses)).toEqual(media('10.88.0.1'));
});

it.each(['phones', 'wan'] as const)(
  'media that the process sends to %s is marked for good service',
  async (to) => {
    const host = hosts.get(to) ?? box;
    const file = join(lab.directory, `marked-${to}.pcap`);
    await using capture = await startCapture(host, { card: 'eth0', file, filter: 'udp' });
    await reachable(to, [`${networks[to]}.1`]);
    const marks = async (port: number) => {
      const text = await capture.text(`src host ${networks[to]}.1 and src port ${port}`, ['-v']);
      return new Set(Array.from(text.matchAll(/tos (0x[0-9a-f]+)/g), ([, tos]) => tos));
    };
    expect(await marks(20_000)).toEqual(new Set(['0xb8']));
    expect(await marks(29_999)).toEqual(new Set(['0xb8']));
  },
);

it('nobody reaches another network through the box', async () => {
  for (const [from, own] of Object.entries(networks)) {
    const others = Object.values(networks).filter((prefix) => prefix !== own);
    expect(
      await reachable(
        from as Network,
        others.map((prefix) => `${prefix}.2`),
      ),
    ).toEqual([]);
  }
  const refused = await box.exec(words('nft list chain inet gatehouse_base forward'));
  expect(refused).not.toContain('packets 0 ');
});

it('the box itself reaches everybody', async () => {
  const open = await box.exec([process.execPath, '-e', asker, '10.88.0.2']);
  expect(JSON.parse(open)).toHaveLength(ports.tcp.length + ports.udp.length);
});
