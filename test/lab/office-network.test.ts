/** The pretend office's own properties: a lab whose switch or router lies makes every test on it worthless. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildNetwork, hosts, plan, type Network } from '../office/network.ts';
import { startCapture } from '../support/capture.ts';
import { run, until, words } from '../support/command.ts';
import { cleanDeadRuns, openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import { lldpcli, startLldpd, type Device } from '../support/switch.ts';

/** Also what was made before something failed. */
const opened = new AsyncDisposableStack();
let lab: Lab;
let network: Network;
let guest: Namespace;
let guestDevice: Device;

beforeAll(async () => {
  lab = opened.use(openLab());
  network = opened.use(await buildNetwork(lab));
  guest = await lab.namespace('guest');
  guestDevice = await network.switch.cable({ namespace: guest, card: 'eth0', mac: '02:66:00:00:00:77' });
  await network.switch.plug(guestDevice, 1);
  await guest.exec(['ip', 'addr', 'add', '10.66.0.77/24', 'dev', 'eth0']);
});

afterAll(() => opened.disposeAsync());

test('a neighbour’s LLDP ends at the switch, which names the port; moved, it is seen at the other port', async () => {
  const capture = await startCapture(network.box, {
    card: 'eth0',
    file: join(lab.directory, 'box-lldp.pcap'),
    filter: 'ether proto 0x88cc',
  });
  const directory = join(lab.directory, 'guest');
  const daemon = await startLldpd(guest, directory, {
    flags: ['-M', '3', '-I', 'eth0', '-C', 'eth0'],
    commands: ['configure lldp portidsubtype macaddress'],
  });
  const isAt = (port: string) => async () => {
    const seen = await network.switch.neighbors();
    return seen.find((neighbor) => neighbor.port === port && neighbor.chassis === '02:66:00:00:00:77');
  };
  await until('the switch to hear the guest', isAt('port1'), { timeoutMs: 15_000 });
  await network.switch.plug(guestDevice, 3);
  await until('the switch to hear the guest elsewhere', isAt('port3'), { timeoutMs: 15_000 });
  expect(await isAt('port1')()).toBeUndefined();
  // The guest hears the switch's own frames, with the port that it is on.
  const heard = await lldpcli(guest, join(directory, 'lldpd.sock'), ['show', 'neighbors']);
  expect(heard).toContain('port3');
  await daemon[Symbol.asyncDispose]();
  const onBoxPort = await until(
    'the switch to name its port on the wire to the box',
    async () => {
      const text = await capture.text('', ['-e', '-v']);
      return text.includes('port8') ? text : undefined;
    },
    { timeoutMs: 40_000, everyMs: 500 },
  );
  await capture[Symbol.asyncDispose]();
  expect(onBoxPort).not.toContain('02:66:00:00:00:77');
});

test('the cloud answers to its names, and no other name is known', async () => {
  expect(await network.box.exec(['getent', 'ahostsv4', hosts.main])).toContain(plan.sip);
  const other = await network.box.exec(['getent', 'ahostsv4', 'example.com'], { anyExitCode: true });
  expect(other).toBe('');
});

test('phones’ network and WAN are not joined: a guest on the LAN does not reach the cloud through the box', async () => {
  await guest.exec(['ip', 'route', 'replace', 'default', 'via', plan.box]);
  const pinged = await guest.exec(['ping', '-c', '1', '-W', '1', plan.dns], { anyExitCode: true });
  expect(pinged).toContain('100% packet loss');
});

const perl = (script: string) => ['perl', '-MIO::Socket::INET', '-e', script];

/** A listener that answers each line with itself, and one end that says lines and keeps what came back. */
async function echoTcp(): Promise<{ say(line: string): void; answers: string[]; close(): Promise<void> }> {
  const server = network.cloud.start([
    'perl',
    '-MIO::Socket::INET',
    '-e',
    '$s = IO::Socket::INET->new(LocalPort => 7007, Listen => 5, ReuseAddr => 1) or die $!; while ($c = $s->accept) { unless (fork) { $c->autoflush(1); print $c $_ while <$c>; exit } }',
  ]);
  await until(
    'the echo server',
    async () => {
      const sockets = await network.cloud.exec(['ss', '-Hltn', 'sport = :7007']);
      return sockets.includes('7007') || undefined;
    },
    { timeoutMs: 5000, everyMs: 50, lastSeen: server.lastWords },
  );
  const answers: string[] = [];
  const client = network.box.start(
    [
      'perl',
      '-MIO::Socket::INET',
      '-e',
      `$| = 1; $s = IO::Socket::INET->new("${plan.sip}:7007") or die $!; $s->autoflush(1); unless (fork) { print while <$s>; print "closed\n"; exit } print $s $_ while <STDIN>;`,
    ],
    { onLine: (line) => void answers.push(line) },
  );
  return {
    say: (line) => client.write(`${line}\n`),
    answers,
    close: async () => {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('the WAN can be cut and restored without the connection ending', async () => {
  const echo = await echoTcp();
  echo.say('before');
  await until('an answer', () => echo.answers.includes('before') || undefined, {
    timeoutMs: 5000,
    everyMs: 20,
  });
  await network.wan.cut();
  echo.say('during');
  await sleep(1000);
  expect(echo.answers).not.toContain('during');
  await network.wan.restore();
  await until('TCP to try again', () => echo.answers.includes('during') || undefined, { timeoutMs: 10_000 });
  await echo.close();
});

test('the WAN can lose a share of its packets, and get well again', async () => {
  const ping = async () => {
    const said = await network.box.exec(words(`ping -c 60 -i 0.02 -W 1 ${plan.dns}`), { anyExitCode: true });
    return Number(/(\d+) received/.exec(said)?.[1]);
  };
  await network.wan.lose(30);
  const received = await ping();
  await network.wan.lose(0);
  expect(received).toBeGreaterThan(5);
  expect(received).toBeLessThan(55);
  expect(await ping()).toBe(60);
});

test('open connections can be dropped without a sign, and new ones leave from another public address', async () => {
  const echo = await echoTcp();
  echo.say('before');
  await until('an answer', () => echo.answers.includes('before') || undefined, {
    timeoutMs: 5000,
    everyMs: 20,
  });
  const before = network.wan.publicAddress();
  await network.wan.changePublicAddress('198.51.100.11');
  echo.say('after');
  await sleep(1500);
  expect(echo.answers).toEqual(['before']);
  const capture = await startCapture(network.cloud, {
    card: 'eth0',
    file: join(lab.directory, 'address.pcap'),
    filter: 'icmp',
  });
  await network.box.exec(['ping', '-c', '1', '-W', '2', plan.dns]);
  expect(await capture.text('icmp')).toContain('198.51.100.11');
  await capture[Symbol.asyncDispose]();
  await network.wan.changePublicAddress(before);
  await echo.close();
});

test('the router lets nothing in on flows that were not opened from inside, and forgets idle UDP after 30 s', async () => {
  const heard: string[] = [];
  const cloud = network.cloud.start(
    perl(
      `$| = 1; $s = IO::Socket::INET->new(LocalAddr => "${plan.sip}", LocalPort => 7008, Proto => "udp") or die $!; while ($s->recv($d, 99)) { print $s->peerhost, " ", $s->peerport, "\n"; $s->send("at once"); sleep 20; $s->send("after 20"); sleep 33; $s->send("after 53") }`,
    ),
    { onLine: (line) => void heard.push(line) },
  );
  await sleep(500);
  const box = network.box.start(
    perl(
      `$| = 1; $s = IO::Socket::INET->new(PeerAddr => "${plan.sip}:7008", LocalPort => 7009, Proto => "udp") or die $!; $s->send("open"); while ($s->recv($d, 99)) { print "$d\n" }`,
    ),
    { onLine: (line) => void heard.push(line) },
  );
  await until('the first answer', () => heard.includes('at once') || undefined, { timeoutMs: 5000 });
  expect(heard[0]).toBe(`${network.wan.publicAddress()} 7009`);
  // Another port of the cloud is another flow: not opened, nothing comes in.
  await network.cloud.exec(
    perl(
      `$s = IO::Socket::INET->new(PeerAddr => "${network.wan.publicAddress()}:7009", LocalPort => 7010, Proto => "udp") or die $!; $s->send("stranger")`,
    ),
  );
  await sleep(55_000);
  expect(heard.slice(1)).toEqual(['at once', 'after 20']);
  await box[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

/** A zombie that its new parent has not collected yet is dead. */
function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

test('a run that is killed leaves nothing after the next one starts', async () => {
  const program = `
    import { openLab } from ${JSON.stringify(join(import.meta.dirname, '../support/namespaces.ts'))};
    const lab = openLab();
    const one = await lab.namespace('orphan', { nameserver: '192.0.2.1' });
    const sleeper = one.start(['sleep', '300']);
    console.log(JSON.stringify({ name: one.name, directory: lab.directory, pid: sleeper.pid }));
    setInterval(() => {}, 1000);
  `;
  const runs = join(lab.directory, 'runs');
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, GATEHOUSE_LAB_RUNS: runs },
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await until('the other run', () => out.includes('\n') || undefined, { timeoutMs: 15_000 });
  const left = JSON.parse(out) as { name: string; directory: string; pid: number };
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  expect(existsSync(`/run/netns/${left.name}`)).toBe(true);
  cleanDeadRuns(runs);
  expect(existsSync(`/run/netns/${left.name}`)).toBe(false);
  expect(existsSync(`/etc/netns/${left.name}`)).toBe(false);
  expect(existsSync(left.directory)).toBe(false);
  expect(isAlive(left.pid)).toBe(false);
  // Ours, whose process lives, is left alone.
  expect(readdirSync('/run/netns')).toContain(network.box.name);
});

test('what runs in the lab is ended with it', async () => {
  const sleeper = guest.start(['sleep', '301']);
  const command = () => readFileSync(`/proc/${sleeper.pid}/cmdline`, 'utf8');
  const isThere = () => command().startsWith('sleep') || undefined;
  expect(await until('the program to run', isThere, { timeoutMs: 10_000, lastSeen: command })).toBe(true);
  await sleeper[Symbol.asyncDispose]();
  expect(await run(['ip', 'netns', 'pids', guest.name])).not.toContain(String(sleeper.pid));
});
