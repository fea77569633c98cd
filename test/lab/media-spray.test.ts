/** A third host that sprays the ports of calls as fast as it can: they go on unharmed in the kernel and in the process, and it is counted. */
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readReport } from '../../appliance/store/telemetry.ts';
import { runMedia, type MediaRun } from '../bench/media-run.ts';
import { openMediaSite, type MediaSite } from '../bench/media-site.ts';
import { until, words } from '../support/command.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';

const calls = 20;
const talkSeconds = 6;
const spraySeconds = 5;
const perSecond = 20_000;
/** Synchronisation source of what is sprayed. */
const mark = 0x5a5a5a5a;
/** RTP with that mark to each port that it is told, ADDRESS:PORT, in turns, in heaps of 20; prints how many. */
const spray = `use Socket; use Time::HiRes qw(time sleep);
  my $packet = pack("CCnNN", 128, 0, 1, 1, ${mark}) . ("z" x 160);
  my @to = map { my ($address, $port) = split /:/; pack_sockaddr_in($port, inet_aton($address)) } @ARGV;
  socket(my $socket, 2, 2, 17); my ($begin, $sent) = (time, 0);
  while ((my $now = time - $begin) < ${spraySeconds}) {
    if ($sent > $now * ${perSecond}) { sleep 0.001; next }
    for (1..20) { send($socket, $packet, 0, $to[$sent++ % @to]) }
  }
  print $sent`;

/** Packets that bear the mark and came to that end. */
async function strays(end: Namespace): Promise<number> {
  return Number(/counter packets (\d+)/.exec(await end.exec(words('nft list table ip witness')))?.[1]);
}

describe.each(['kernel', 'process'] as const)('relayed by the %s', (kind) => {
  let lab: Lab;
  let site: MediaSite;
  let stranger: Namespace;

  beforeAll(async () => {
    lab = openLab();
    site = await openMediaSite(lab, kind, calls + 1);
    stranger = await lab.namespace('stranger');
    await lab.wire({ namespace: site.box, card: 'guests' }, { namespace: stranger, card: 'eth0' });
    for (const [namespace, command] of [
      [site.box, 'ip addr add 10.77.0.1/24 dev guests'],
      [site.box, 'ip link set guests up'],
      [stranger, 'ip addr add 10.77.0.66/24 dev eth0'],
      [stranger, 'ip link set eth0 up'],
      [stranger, 'ip route add default via 10.77.0.1'],
    ] as const)
      await namespace.exec(words(command));
    // The box has its processors for itself, and here other tests share them.
    for (const pid of site.pids) setPriority(pid, -20);
    // The relay learns who speaks.
    await runMedia(lab, site, 2);
    for (const end of [site.phone, site.cloud])
      await end.exec(['nft', '-f', '-'], {
        input: `table ip witness { chain in { type filter hook input priority 0; udp length 180 @th,128,32 ${mark} counter; }; }`,
      });
  });

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  const counters = () => readReport(join(lab.directory, kind), 'rtp')?.counters ?? {};
  const refused = () =>
    ['dropped', 'flooded', 'kernel_refused'].reduce((sum, name) => sum + (counters()[name] ?? 0), 0);

  /** Of all calls, with or without the stranger at work. */
  async function talk(targets: readonly string[]): Promise<{ run: MediaRun; sprayed: number }> {
    const spraying = targets.length === 0 ? '0' : stranger.exec(['perl', '-e', spray, ...targets]);
    const [run, sprayed] = await Promise.all([runMedia(lab, site, talkSeconds), spraying]);
    return { run, sprayed: Number(sprayed) };
  }

  const ports = (side: 'phone' | 'cloud') => site.targets[side].map((target) => target.replace(' ', ':'));

  it.each([
    ['one port of one call', () => ports('phone').slice(1, 2)],
    ['all ports of all calls on both sides', () => [...ports('phone'), ...ports('cloud')]],
  ])('a spray of %s costs less than a packet in a thousand, and reaches nobody', async (_title, targets) => {
    const before = refused();
    let sprayed = 0;
    // What else the machine has to do in that moment costs packets too, and goes by; what the spray costs comes again each time.
    const cost = async () => {
      const talked = await talk(targets());
      sprayed += talked.sprayed;
      const { lost, sent } = talked.run;
      console.log(`${kind}: ${talked.sprayed} packets sprayed in ${spraySeconds} s, ${lost} of ${sent} lost`);
      return lost / sent;
    };
    await expect.poll(cost, { timeout: 10 * 1000 * talkSeconds, interval: 0 }).toBeLessThan(0.001);
    expect(await Promise.all([strays(site.phone), strays(site.cloud)])).toEqual([0, 0]);
    const counted = () => refused() - before;
    await until('the spray to be counted', () => counted() > sprayed * 0.5 || undefined, {
      timeoutMs: 10_000,
      lastSeen: () => `${counted()} of ${sprayed}: ${JSON.stringify(counters())}`,
    });
  });
});
