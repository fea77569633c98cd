/** Media between ends that only speak RTP: where the kernel takes it, and where it never goes. Counted in captures. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openMedia, type Media } from '../../appliance/sip/media.ts';
import { openWorld } from '../../appliance/world.ts';
import { startCapture } from '../support/capture.ts';
import { until, words, type Running } from '../support/command.ts';
import type { Namespace } from '../support/namespaces.ts';
import { openSipLab, type SipLab } from '../support/sip-lab.ts';

const settings = '[rtp]\nkernel_path = "on"\n';
const patience = { timeoutMs: 20_000 };

let site: SipLab;
let rtp: Running;
let media: Media;
let ends: readonly { leg: 'phone' | 'cloud'; who: Namespace; address: string; port: number }[];

const table = async () =>
  await site.box.exec(words('nft list table netdev gatehouse_media'), { anyExitCode: true });

beforeAll(async () => {
  site = await openSipLab({ phones: 2 });
  rtp = await site.startBox(['rtp'], settings);
  media = openMedia(openWorld('silent'), site.state, {
    onIdle: () => undefined,
    onConnected: () => Promise.resolve(),
  });
  const [first = site.box, second = site.box] = site.phones;
  ends = [
    { leg: 'phone', who: first, address: '10.66.0.101', port: 5000 },
    { leg: 'cloud', who: second, address: '10.66.0.102', port: 6000 },
  ];
  await connected();
});

afterAll(async () => {
  await media?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

async function connected(): Promise<void> {
  await until('the relay to be connected', () => media.isConnected || undefined, patience);
}

async function begin(session: string) {
  const ours = await media.allocate(session, { phone: '10.66.0.1', cloud: '10.66.0.1' });
  for (const { leg, address, port } of ends)
    await media.update(session, leg, { address, port, rtcpPort: port + 1, allow: [] });
  return ours;
}

const talk = `socket(my $s, 2, 2, 17); bind($s, pack_sockaddr_in($ARGV[0], INADDR_ANY)); my $to = pack_sockaddr_in($ARGV[1], inet_aton("10.66.0.1"));
  my $heard = 0; for my $n (1..100) { send($s, pack("CCnNN", 128, 8, $n, $n, 7) . ("z" x 160), 0, $to); select(undef, undef, undef, 0.02); $heard++ while recv($s, my $b, 2000, 64) } print $heard;`;

/** A hundred packets each: how many each end heard. */
async function heardOf(ours: Awaited<ReturnType<typeof begin>>): Promise<number[]> {
  const heard = ends.map(({ leg, who, port }) =>
    who.exec(['perl', '-MSocket', '-e', talk, String(port), String(ours[leg].rtp)]),
  );
  return (await Promise.all(heard)).map(Number);
}

it('two ends on one card are relayed by the kernel too, and nobody is told of a shorter way', async () => {
  const ours = await begin('one.0');
  const file = join(site.lab.directory, 'redirects.pcap');
  await using icmp = await startCapture(site.phones[1] ?? site.box, { card: 'eth0', file, filter: 'icmp' });
  // The first few of whoever begins come before the other is there.
  for (const count of await heardOf(ours)) expect(count).toBeGreaterThan(80);
  const relayed = /map way_\w+ \{[^}]*counter packets (\d+)/.exec(await table())?.[1];
  expect(Number(relayed)).toBeGreaterThan(50);
  expect(await icmp.text('icmp[0] == 5')).toBe('');
  expect((await media.release('one.0'))?.phone.packets).toBeGreaterThan(95);
});

it('a description that names a host of another network leads nothing there', async () => {
  const ours = await media.allocate('led.0', { phone: '10.66.0.1', cloud: '10.66.0.1' });
  const near = '10.66.0.101';
  const elsewhere = { address: '203.0.113.50', port: 7777, rtcpPort: 7778 };
  await media.update('led.0', 'phone', { ...elsewhere, allow: [near], near });
  const speaker = { address: '10.66.0.102', near: '10.66.0.102', allow: ['10.66.0.102'] };
  await media.update('led.0', 'cloud', { ...speaker, port: 6000, rtcpPort: 6001 });
  const file = join(site.lab.directory, 'led.pcap');
  await using capture = await startCapture(site.remote, { card: 'eth0', file, filter: 'udp port 7777' });
  const [, second] = ends;
  await second?.who.exec(['perl', '-MSocket', '-e', talk, '6000', String(ours.cloud.rtp)]);
  expect(await capture.text('udp')).toBe('');
  const [count] = (await media.stats()).filter(({ session }) => session === 'led.0');
  expect(count?.cloud.dropped, 'it was heard').toBe(0);
  expect(count?.silentMs).toBeLessThan(5000);
  await media.release('led.0');
});

it('switched off under a call, the kernel path leaves no rule behind, and the process goes on with the call', async () => {
  const ours = await begin('off.0');
  await heardOf(ours);
  rtp.kill('SIGTERM');
  await rtp.exited;
  expect(await table()).toContain('10.66.0.101');
  rtp = await site.startBox(['rtp'], settings.replace('"on"', '"off"'));
  await until('the rules to be gone', async () => (await table()) === '' || undefined, patience);
  await connected();
  for (const count of await heardOf(ours)) expect(count).toBeGreaterThan(80);
  expect(await site.box.exec(words('nft list tables'))).not.toContain('gatehouse_media');
  await media.release('off.0');
});
