/** Media in the kernel: a real call goes on through whatever happens to the box, and nobody else gets through. Counted in captures. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readReport } from '../../appliance/store/telemetry.ts';
import type { Baresip } from '../support/baresip.ts';
import { startCapture, type Capture } from '../support/capture.ts';
import { run, until, words, type Running } from '../support/command.ts';
import type { Namespace } from '../support/namespaces.ts';
import { missing } from '../support/refusal.ts';
import { lossOf, readRtp, type RtpSeen } from '../support/rtp-capture.ts';
import { openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';

const settings = '[sip]\nlocal_expires_tcp_seconds = 30\n[rtp]\nidle_seconds = 4\nkernel_path = "on"\n';

let site: SipLab;
let rtp: Running;
let sip: Running;
let phone: Baresip;
let remote: Baresip;
let stranger: Namespace;
let wires: { readonly phone: Capture; readonly remote: Capture };

const now = () => Date.now() / 1000;
const state = () => join(site.lab.directory, 'state');
const counter = (name: string) => readReport(state(), 'rtp')?.counters[name] ?? Number.NaN;
const box = async (command: string) => await site.box.exec(words(command));
const table = async () =>
  await site.box.exec(words('nft list table netdev gatehouse_media'), { anyExitCode: true });
const until4 = { timeoutMs: 15_000 };

beforeAll(async () => {
  site = await openSipLab({ phones: 2 });
  stranger = site.phones[1] ?? site.box;
  // As on routers that are told to be careful.
  for (const card of ['all', 'default', 'wan', 'lan'])
    await box(`sysctl -qw net.ipv4.conf.${card}.rp_filter=1`);
  rtp = await site.startBox(['rtp'], settings);
  sip = await site.startBox(['sip'], settings);
  const rules = await run([
    process.execPath,
    'appliance/main.ts',
    'firewall',
    '--config',
    join(site.lab.directory, 'gatehouse.toml'),
  ]);
  await site.box.exec(['nft', '-f', '-'], { input: rules });
  phone = await site.startPhone(0, { speaksSeconds: 150 });
  remote = await site.startRemote({ speaksSeconds: 150 });
  await phone.registered();
  await remote.registered();
  wires = {
    phone: await startCapture(site.phones[0] ?? site.box, {
      card: 'eth0',
      file: join(site.lab.directory, 'phone.pcap'),
      filter: 'udp',
    }),
    remote: await startCapture(site.remote, {
      card: 'eth0',
      file: join(site.lab.directory, 'remote.pcap'),
      filter: 'udp',
    }),
  };
});

afterAll(() => site?.[Symbol.asyncDispose]());

async function callUp(): Promise<void> {
  const [since, sinceRemote] = [phone.events.length, remote.events.length];
  await phone.command('dial', `sip:4930555@${registrar}`);
  await remote.waitFor('CALL_ESTABLISHED', { since: sinceRemote });
  await phone.waitFor('CALL_ESTABLISHED', { since });
  await until('the kernel to relay', () => counter('kernel_sessions') === 1 || undefined, until4);
}

/** Share lost of either direction since then, of what was sent until a moment ago. */
async function lossSince(from: number): Promise<readonly number[]> {
  await sleep(300);
  const until = now() - 0.3;
  const [near, far] = [readRtp(wires.phone), readRtp(wires.remote)];
  const directions = [
    lossOf(sentBy(near, '10.66.0.101'), far, { from, until }),
    lossOf(sentBy(far, '203.0.113.50'), near, { from, until }),
  ];
  // On a machine that is at work on much else phones get to speak less often.
  for (const { sent } of directions) expect(sent).toBeGreaterThan((until - from) * 25);
  return directions.map(({ share }) => share);
}

function sentBy(seen: readonly RtpSeen[], address: string): RtpSeen[] {
  return seen.filter((packet) => packet.from.startsWith(`${address}:`));
}

async function killed(running: Running): Promise<void> {
  running.kill('SIGKILL');
  await running.exited;
}

it('a call is heard both ways, marked for good service, while the process relays nothing', async () => {
  await callUp();
  await sleep(1200);
  const [before, from] = [counter('packets'), now()];
  await sleep(3000);
  expect(await lossSince(from)).toEqual([0, 0]);
  // RTCP goes through the process.
  expect(counter('packets') - before).toBeLessThan(10);
  const toward = readRtp(wires.remote).filter(({ to }) => to.startsWith('203.0.113.50:'));
  expect(new Set(toward.map(({ dscp }) => dscp)), 'expedited forwarding, also from the process').toEqual(
    new Set([46]),
  );
  expect(new Set(toward.map(({ from: source }) => source)).size, 'one port of the box').toBe(1);
  const back = readRtp(wires.phone).filter(({ to }) => to.startsWith('10.66.0.101:'));
  expect(new Set(back.map(({ dscp }) => dscp))).toEqual(new Set([46]));
});

it('what one side loses is known of packets that only the kernel sees', async () => {
  const [lossy = site.box] = site.phones;
  await lossy.exec(['nft', '-f', '-'], {
    input:
      'table ip lossy { chain out { type filter hook output priority 0; udp length 190 numgen inc mod 10 == 3 drop; }; }',
  });
  const { id } = site.calls()[0] ?? missing('the call');
  const isKnown = () => {
    const { phone: here, cloud } = site.quality(id)?.latest ?? {};
    return here !== undefined && here.lossToBox > 0.06 ? { here, cloud } : undefined;
  };
  const { here, cloud } = await until('the loss to be seen', isKnown, { timeoutMs: 30_000 });
  await lossy.exec(words('nft delete table ip lossy'));
  expect(here.lossToBox).toBeCloseTo(0.1, 1);
  expect(here.codec).toBe('PCMU');
  expect(cloud?.lossToBox).toBeLessThan(0.04);
  expect(counter('kernel_samples')).toBeGreaterThan(3);
});

it('the relay stands still for ten seconds and nobody notices', async () => {
  const [before, from] = [counter('packets'), now()];
  rtp.kill('SIGSTOP');
  await sleep(10_000);
  rtp.kill('SIGCONT');
  const loss = await lossSince(from);
  expect(Math.max(...loss)).toBeLessThan(0.001);
  expect(counter('packets') - before).toBeLessThan(20);
});

it('the relay is killed and started again: nothing is lost, and it has the call again', async () => {
  const from = now();
  await killed(rtp);
  await sleep(1000);
  rtp = await site.startBox(['rtp'], settings);
  await until('the call to be taken over', () => counter('sessions_adopted') === 1 || undefined, until4);
  await until('the kernel to relay', () => counter('kernel_sessions') === 1 || undefined, until4);
  await sleep(1000);
  expect(Math.max(...(await lossSince(from)))).toBeLessThan(0.001);
});

it('another program takes all rules away: the process relays, and the rules come back', async () => {
  const from = now();
  await box('nft flush ruleset');
  expect(await crossings(), 'between the networks, without any rule').toEqual([]);
  await until(
    'the rules to be back',
    async () => (await table()).includes('10.66.0.101') || undefined,
    until4,
  );
  await sleep(1500);
  expect(Math.max(...(await lossSince(from)))).toBeLessThan(0.01);
  expect(counter('kernel_restored')).toBeGreaterThan(0);
});

it('cards that go down and up again cost only the time in between', async () => {
  for (const [card, up] of [
    ['lan', []],
    ['wan', ['ip route add default via 192.0.2.1']],
  ] as const) {
    await box(`ip link set ${card} down`);
    await sleep(500);
    await box(`ip link set ${card} up`);
    for (const command of up) await box(command);
    const isWhole = async () => {
      const from = now();
      await sleep(1500);
      return Math.max(...(await lossSince(from))) < 0.01;
    };
    expect(await until(`media over ${card} again`, isWhole, { timeoutMs: 20_000 })).toBe(true);
  }
});

/** Who of the networks hears what another sends past the box: the senders' names. */
async function crossings(): Promise<string[]> {
  const heard = [
    { who: stranger, card: 'eth0', not: '10.66.0.102' },
    { who: site.remote, card: 'eth0', not: '203.0.113.50' },
  ];
  await using captures = new AsyncDisposableStack();
  const taken = await Promise.all(
    heard.map(async ({ who, card, not }) => {
      const file = join(site.lab.directory, `crossing-${who.name}.pcap`);
      return captures.use(
        await startCapture(who, { card, file, filter: `udp port 7777 and not src host ${not}` }),
      );
    }),
  );
  const spray = `for (1..20) { socket(my $s, 2, 2, 17); connect($s, pack_sockaddr_in(7777, inet_aton($ARGV[0]))); send($s, "x" x 100, 0); select(undef, undef, undef, 0.02) }`;
  const send = (from: Namespace, to: string) => from.exec(['perl', '-MSocket', '-e', spray, to]);
  await site.cloud.exec(words('ip route replace 10.66.0.0/24 via 192.0.2.2'));
  await Promise.all([send(stranger, '203.0.113.50'), send(site.remote, '10.66.0.102')]);
  const texts = await Promise.all(taken.map((capture) => capture.text('udp')));
  return texts.flatMap((text) => text.split('\n').filter((line) => line.includes('7777')));
}

it('before, in and after a call no host of one network reaches another through the box', async () => {
  expect(await crossings()).toEqual([]);
});

it('a stranger who sprays the ports of the call reaches nobody', async () => {
  const from = now();
  const ports = [...(await table()).matchAll(/\. (?:10\.66\.0\.1|192\.0\.2\.2) \. (\d+)/g)].map(
    ([, port]) => port,
  );
  expect(ports).toHaveLength(2);
  const spray = `my $p = pack("CCnNN", 128, 8, 1, 1, 0x5a5a5a5a) . ("z" x 160); my @d = map { my ($a, $b) = split /:/; pack_sockaddr_in($b, inet_aton($a)) } @ARGV;
    socket(my $s, 2, 2, 17); for (1..1500) { for my $d (@d) { send($s, $p, 0, $d) } select(undef, undef, undef, 0.001) }`;
  const targets = ports.flatMap((port) => [`10.66.0.1:${port}`, `192.0.2.2:${port}`]);
  await Promise.all(
    [stranger, site.cloud].map((host) => host.exec(['perl', '-MSocket', '-e', spray, ...targets])),
  );
  expect(Math.max(...(await lossSince(from)))).toBeLessThan(0.001);
  for (const capture of [wires.phone, wires.remote])
    expect(readRtp(capture).filter(({ ssrc }) => ssrc === 0x5a5a5a5a)).toEqual([]);
});

it('after the call no rule, port or row is left', async () => {
  const ended = remote.events.length;
  await phone.command('hangup');
  await remote.waitFor('CALL_CLOSED', { since: ended });
  await until('the ports to be free', () => counter('ports_used') === 0 || undefined, until4);
  expect(await table()).not.toMatch(/bytes \d+ : \d/);
  expect(site.calls()[0]).toMatchObject({ state: 'ended', reason: 'phone hung up' });
  expect(await crossings()).toEqual([]);
});

it('both are killed under a call, and it goes on; with nobody left who could end it, its silence does', async () => {
  await callUp();
  await sleep(500);
  const from = now();
  await Promise.all([killed(sip), killed(rtp)]);
  await sleep(1500);
  rtp = await site.startBox(['rtp'], settings);
  sip = await site.startBox(['sip'], settings);
  await until('the kernel to relay', () => counter('kernel_sessions') === 1 || undefined, until4);
  await sleep(1000);
  expect(Math.max(...(await lossSince(from)))).toBeLessThan(0.001);
  expect(site.calls()[0]).toMatchObject({ state: 'up' });
  await Promise.all([phone.command('hangup'), remote.command('hangup')]);
  await until('the call to end', () => site.calls()[0]?.state === 'ended' || undefined, {
    timeoutMs: 30_000,
  });
  await until('the ports to be free', () => counter('ports_used') === 0 || undefined, until4);
});

it('stopped without a call, the relay leaves the machine as it was', async () => {
  rtp.kill('SIGTERM');
  await rtp.exited;
  expect(await table()).toBe('');
  expect(await box('nft list tables')).not.toContain('gatehouse_media');
});
