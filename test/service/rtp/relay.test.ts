import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { openUdp } from '../../../appliance/net/udp.ts';
import { connectLines, type LineConnection } from '../../../appliance/net/unix-lines.ts';
import {
  formatControl,
  mediaSocketPath,
  parseMediaAnswer,
} from '../../../appliance/protocol/media-control.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { until } from '../../support/command.ts';
import { endpoint, local, mediaSite, packet, remote } from '../../support/media-site.ts';
import { missing } from '../../support/refusal.ts';

/** A connection of its own, and what was answered there. */
async function rawConnection(directory: string): Promise<[LineConnection, string[]]> {
  const lines: string[] = [];
  const connection = await connectLines(mediaSocketPath(directory), {
    onLine: (line) => lines.push(line),
    onClose: () => undefined,
  });
  onTestFinished(() => connection[Symbol.asyncDispose]());
  return [connection, lines];
}

it('packets cross both ways between two far ends and are counted', async () => {
  const { media } = await mediaSite();
  const [phone, cloud] = [await endpoint(), await endpoint()];
  const ports = await media.allocate('call.0', { phone: local, cloud: local });
  expect(ports.phone.rtp % 2).toBe(0);
  expect(ports.phone.rtcp).toBe(ports.phone.rtp + 1);
  await media.update('call.0', 'phone', remote(phone.address().port));
  await media.update('call.0', 'cloud', remote(cloud.address().port));
  for (let sequence = 1; sequence <= 20; sequence += 1) {
    await phone.send(packet(sequence), { address: local, port: ports.phone.rtp });
    await cloud.send(packet(100 + sequence), { address: local, port: ports.cloud.rtp });
  }
  await Promise.all([phone.next(20), cloud.next(20)]);
  expect(cloud.heard).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  expect(phone.heard[0]).toBe(101);
  const count = await media.release('call.0');
  expect(count).toMatchObject({ phone: { packets: 20, bytes: 20 * 172 }, cloud: { packets: 20 } });
});

it('a call that turns to fax passes UDPTL to the bit, also packets that look like RTP or RTCP', async () => {
  const { media, relay } = await mediaSite();
  const [phone, cloud] = [
    await openUdp({ address: local, port: 0 }),
    await openUdp({ address: local, port: 0 }),
  ];
  for (const end of [phone, cloud]) onTestFinished(() => end[Symbol.asyncDispose]());
  const heard: string[] = [];
  cloud.onDatagram((bytes) => heard.push(Buffer.from(bytes).toString('hex')));
  const ports = await media.allocate('fax.0', { phone: local, cloud: local });
  const at = (end: typeof phone) => remote(end.address().port);
  await media.update('fax.0', 'phone', at(phone));
  await media.update('fax.0', 'cloud', at(cloud));
  await media.update('fax.0', 'phone', { ...at(phone), isUdptl: true });
  await media.update('fax.0', 'cloud', { ...at(cloud), isUdptl: true });
  // The number comes first, 16 bits: from 0x8000 on it looks like RTP, at 0x80c8 like a sender report.
  const fax = [
    '000106c0018000',
    '7fff06c00180ff',
    '800006c0018000',
    `80c8${'06c0018000'.repeat(6)}`,
    'ffff01',
  ];
  for (const datagram of fax)
    await phone.send(Buffer.from(datagram, 'hex'), { address: local, port: ports.phone.rtp });
  await until('the fax', () => heard.length >= fax.length || undefined, { timeoutMs: 3000, everyMs: 5 });
  expect(heard).toEqual(fax);
  expect(relay.counters()).toMatchObject({ packets: fax.length, dropped: 0, errors: 0 });
});

it('who answers is heard before its answer has come, from where it may', async () => {
  const { media, relay } = await mediaSite();
  const [phone, cloud, stranger] = [await endpoint(), await endpoint(), await endpoint('127.0.0.2')];
  const early = { phone: [local], cloud: [] };
  const ports = await media.allocate('call.0', { phone: local, cloud: local }, early);
  await media.update('call.0', 'cloud', remote(cloud.address().port));
  await stranger.send(packet(7), { address: local, port: ports.phone.rtp });
  await until('the stranger', () => Number(relay.counters()['dropped']) > 0 || undefined, {
    timeoutMs: 3000,
    everyMs: 5,
  });
  await phone.send(packet(1), { address: local, port: ports.phone.rtp });
  await cloud.next(1);
  await cloud.send(packet(101), { address: local, port: ports.cloud.rtp });
  await phone.next(1);
  await media.update('call.0', 'phone', remote(phone.address().port));
  await phone.send(packet(2), { address: local, port: ports.phone.rtp });
  await cloud.next(2);
  expect(cloud.heard).toEqual([1, 2]);
  expect(phone.heard).toEqual([101]);
});

it("a stranger's packets are dropped, although it knows the port", async () => {
  const { media, relay } = await mediaSite();
  const [phone, cloud, stranger] = [await endpoint(), await endpoint(), await endpoint()];
  const ports = await media.allocate('call.0', { phone: local, cloud: local });
  await media.update('call.0', 'phone', { ...remote(phone.address().port), allow: [] });
  await media.update('call.0', 'cloud', remote(cloud.address().port));
  await stranger.send(packet(66), { address: local, port: ports.phone.rtp });
  await stranger.send(new Uint8Array([1, 2, 3]), { address: local, port: ports.phone.rtp });
  await phone.send(packet(1), { address: local, port: ports.phone.rtp });
  await cloud.next(1);
  expect(cloud.heard).toEqual([1]);
  expect(relay.counters()).toMatchObject({ packets: 1, dropped: 2 });
});

it('a session in which people talk is reported once it is silent for too long, and written down', async () => {
  const { media, idle, clock, directory } = await mediaSite();
  await media.allocate('call.0', { phone: local, cloud: local });
  await media.allocate('held.0', { phone: local, cloud: local });
  await media.expect('call.0', true);
  await clock.advance(60_000);
  expect(idle).toEqual([]);
  await clock.advance(2000);
  await until('the report', () => idle[0], { timeoutMs: 2000, everyMs: 5 });
  expect(idle).toEqual(['call.0']);
  expect((await media.release('call.0'))?.silentMs).toBeGreaterThan(60_000);
  const reader = openReader(directory, 'rtp') ?? missing('the store');
  onTestFinished(() => reader[Symbol.dispose]());
  expect(reader.journalAfter(0, 10)).toMatchObject([{ kind: 'started' }, { kind: 'media_idle' }]);
});

it('a silent session that nobody releases goes by itself', async () => {
  const { media, relay, clock } = await mediaSite();
  await media.allocate('call.0', { phone: local, cloud: local });
  await media.expect('call.0', true);
  const begin = clock.now();
  await clock.advance(62_000);
  expect(relay.counters()['sessions']).toBe(1);
  const gone = async () => {
    await clock.advance(1000);
    return relay.counters()['sessions'] === 0 || undefined;
  };
  await until('the session to go', gone, { timeoutMs: 5000, everyMs: 1 });
  expect(clock.now() - begin).toBeGreaterThan(90_000);
});

it('when all ports are in use the next call is refused, and works again after one has ended', async () => {
  const { media, relay } = await mediaSite();
  const sessions = Array.from({ length: 10 }, (_, at) => `call.${at}`);
  for (const session of sessions) await media.allocate(session, { phone: local, cloud: local });
  expect(relay.health().state).toBe('degraded');
  await expect(media.allocate('one.more', { phone: local, cloud: local })).rejects.toThrow(/in use/);
  await media.release('call.0');
  await expect(media.allocate('one.more', { phone: local, cloud: local })).resolves.toBeDefined();
});

it('a session that is released while its ports are still being opened leaves none of them', async () => {
  const { directory, relay } = await mediaSite();
  const [asker, lines] = await rawConnection(directory);
  const asked = { session: 'call.0', phone: local, cloud: local };
  asker.send(formatControl({ id: 1, verb: 'allocate', ...asked }));
  asker.send(formatControl({ id: 2, verb: 'release', session: 'call.0' }));
  asker.send(formatControl({ id: 3, verb: 'allocate', ...asked }));
  asker.send(formatControl({ id: 4, verb: 'allocate', ...asked }));
  await until('four answers', () => lines.length === 4 || undefined, { timeoutMs: 2000, everyMs: 5 });
  const answers = lines.map(parseMediaAnswer);
  expect(answers.map((answer) => 'ok' in answer && [answer.id, answer.ok])).toEqual([
    [1, true],
    [2, true],
    [3, true],
    [4, true],
  ]);
  expect(relay.counters()).toMatchObject({ sessions: 1, ports_used: 4, refused: 0 });
});

it('who compares is told of a session that is just being made, and not of one that is being released', async () => {
  const { directory } = await mediaSite();
  const [asker, lines] = await rawConnection(directory);
  const told = async (
    id: number,
    verb: ({ verb: 'allocate' } & typeof asked) | { verb: 'release'; session: string },
  ) => {
    asker.send(formatControl({ id, ...verb }));
    asker.send(formatControl({ id: id + 1, verb: 'stats' }));
    await until('both answers', () => lines.length === 2 || undefined, { timeoutMs: 2000, everyMs: 5 });
    const answers = lines.splice(0).map(parseMediaAnswer);
    const stats = answers.find((answer) => 'ok' in answer && answer.id === id + 1);
    return stats !== undefined && 'sessions' in stats
      ? stats.sessions?.map(({ session }) => session)
      : undefined;
  };
  const asked = { session: 'call.0', phone: local, cloud: local };
  expect(await told(1, { verb: 'allocate', ...asked })).toEqual(['call.0']);
  expect(await told(3, { verb: 'release', session: 'call.0' })).toEqual([]);
});

it('whoever asks for a session that is there gets the ports that it has', async () => {
  const { media, relay } = await mediaSite();
  const ports = await media.allocate('call.0', { phone: local, cloud: local });
  expect(await media.allocate('call.0', { phone: local, cloud: local })).toEqual(ports);
  expect(relay.counters()).toMatchObject({ sessions: 1, ports_used: 4 });
});

it('an address that is not ours, a session that is elsewhere or is not there: each is refused by itself', async () => {
  const { media } = await mediaSite();
  await expect(media.allocate('call.0', { phone: '203.0.113.77', cloud: local })).rejects.toThrow(
    /203\.0\.113\.77/,
  );
  await media.allocate('call.0', { phone: local, cloud: local });
  await expect(media.allocate('call.0', { phone: local, cloud: '127.0.0.2' })).rejects.toThrow(/already/);
  await expect(media.release('other')).rejects.toThrow(/no session/);
  expect(await media.stats()).toHaveLength(1);
});

it('lines that are no requests are counted and answered, and end nothing', async () => {
  const { directory, relay, media } = await mediaSite();
  const [raw, lines] = await rawConnection(directory);
  for (const line of ['hello', '{}', '[1]', '{"id":1,"verb":"allocate"}']) raw.send(line);
  await until('four answers', () => lines.length === 4 || undefined, { timeoutMs: 2000, everyMs: 5 });
  expect(lines.map(parseMediaAnswer)).toMatchObject(Array.from({ length: 4 }, () => ({ ok: false })));
  raw.send(formatControl({ id: 7, verb: 'stats' }));
  await until('the answer', () => lines[4], { timeoutMs: 2000, everyMs: 5 });
  expect(relay.counters()['malformed']).toBe(4);
  expect(await media.stats()).toEqual([]);
});

it('the application finds the relay again after a restart, and a second one is not started beside it', async () => {
  const { media, relay, start } = await mediaSite();
  await expect(start()).rejects.toThrow(/serves there already/);
  await relay[Symbol.asyncDispose]();
  await until('the loss to be noticed', () => !media.isConnected || undefined, {
    timeoutMs: 2000,
    everyMs: 5,
  });
  await expect(media.stats()).rejects.toThrow(/not connected/);
  const again = await start();
  onTestFinished(() => again[Symbol.asyncDispose]());
  await until('the relay to be found', () => media.isConnected || undefined, { timeoutMs: 5000, everyMs: 5 });
  expect(await media.stats()).toEqual([]);
});

it('sessions outlive the relay: the next one has their ports and knows who speaks there', async () => {
  const { media, relay, start } = await mediaSite();
  const [phone, cloud, stranger] = [await endpoint(), await endpoint(), await endpoint()];
  const ports = await media.allocate('call.0', { phone: local, cloud: local });
  await media.allocate('over.0', { phone: local, cloud: local });
  await media.update('call.0', 'phone', { ...remote(9), allow: [local] });
  await media.update('call.0', 'cloud', remote(cloud.address().port));
  await phone.send(packet(1), { address: local, port: ports.phone.rtp });
  await cloud.next(1);
  await media.release('over.0');
  await relay[Symbol.asyncDispose]();
  const again = await start();
  onTestFinished(() => again[Symbol.asyncDispose]());
  expect(again.counters()).toMatchObject({ sessions_adopted: 1, sessions: 1, ports_used: 4 });
  await stranger.send(packet(66), { address: local, port: ports.phone.rtp });
  await phone.send(packet(2), { address: local, port: ports.phone.rtp });
  await cloud.send(packet(3), { address: local, port: ports.cloud.rtp });
  await Promise.all([cloud.next(2), phone.next(1)]);
  expect([cloud.heard, phone.heard]).toEqual([[1, 2], [3]]);
});

it('a session whose port somebody else has meanwhile is over', async () => {
  const { media, relay, start, directory } = await mediaSite();
  const ports = await media.allocate('call.0', { phone: local, cloud: local });
  await relay[Symbol.asyncDispose]();
  const thief = await openUdp({ address: local, port: ports.cloud.rtcp });
  onTestFinished(() => thief[Symbol.asyncDispose]());
  const again = await start();
  onTestFinished(() => again[Symbol.asyncDispose]());
  expect(again.counters()).toMatchObject({ sessions: 0, ports_used: 0 });
  const reader = openReader(directory, 'rtp') ?? missing('the store');
  onTestFinished(() => reader[Symbol.dispose]());
  expect(reader.journalAfter(0, 10).at(-1)).toMatchObject({
    kind: 'media_adopted',
    body: '{"sessions":0,"lost":1}',
  });
});

it('a flood to a port is not looked at beyond what a stream sends', async () => {
  const { media, relay } = await mediaSite();
  const flooding = await endpoint();
  const ports = await media.allocate('call.0', { phone: local, cloud: local });
  await media.update('call.0', 'phone', remote(9));
  for (let at = 0; at < 6000; at += 1) {
    await flooding.send(packet(at), { address: local, port: ports.phone.rtp });
    // So that none is lost on the way.
    if (at % 20 === 0) await nextTurn();
  }
  const leftOut = () => relay.counters()['flooded'] || undefined;
  expect(await until('some to be left out', leftOut, { timeoutMs: 5000 })).toBeLessThan(3001);
});

it('a clock that is set ends no call on hold, and keeps none that is dead', async () => {
  const { media, idle, clock } = await mediaSite();
  await media.allocate('held.0', { phone: local, cloud: local });
  clock.set(clock.now() + 86_400_000);
  await clock.advance(3000);
  expect(idle).toEqual([]);
  await media.allocate('call.0', { phone: local, cloud: local });
  await media.expect('call.0', true);
  clock.set(clock.now() - 2 * 86_400_000);
  await clock.advance(63_000);
  await until('the report', () => idle[0], { timeoutMs: 2000, everyMs: 5 });
  expect(idle).toEqual(['call.0']);
});
