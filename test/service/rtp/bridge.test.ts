import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openUdp, type UdpPort } from '../../../appliance/net/udp.ts';
import type { LegName, PortPair } from '../../../appliance/protocol/media-control.ts';
import type { LegDescription } from '../../../appliance/protocol/media-description.ts';
import { decodeRtp } from '../../../appliance/protocol/rtp.ts';
import { newSrtpReceiver, newSrtpSender, type Srtp } from '../../../appliance/rtp/srtp.ts';
import type { Media } from '../../../appliance/sip/media.ts';
import { until } from '../../support/command.ts';
import { mutations } from '../../support/hostile-bytes.ts';
import { local, mediaSite, packet, remote } from '../../support/media-site.ts';
import { missing } from '../../support/refusal.ts';

const suite = 'AES_CM_128_HMAC_SHA1_80';

interface End {
  readonly port: UdpPort;
  readonly heard: Uint8Array[];
}

async function end(read: (bytes: Uint8Array) => Uint8Array | undefined): Promise<End> {
  const port = await openUdp({ address: local, port: 0 });
  onTestFinished(() => port[Symbol.asyncDispose]());
  const heard: Uint8Array[] = [];
  port.onDatagram((bytes) => heard.push(read(bytes) ?? missing('what can be read')));
  return { port, heard };
}

interface Call {
  readonly ports: Readonly<Record<LegName, PortPair>>;
  /** With SRTP. */
  readonly phone: End;
  readonly gateway: End;
  readonly sender: Srtp;
  readonly keys: readonly string[];
  /** Of the phone. */
  readonly description: LegDescription;
}

async function bridgedCall(media: Media, session: string): Promise<Call> {
  const [theirs, ours] = [randomBytes(30), randomBytes(30)];
  const key = (master: Uint8Array) => ({ suite, inline: Buffer.from(master).toString('base64') }) as const;
  const ports = await media.allocate(session, { phone: local, cloud: local });
  const receiver = newSrtpReceiver({ suite, master: ours });
  const [phone, gateway] = [await end(receiver.rtp), await end((bytes) => bytes)];
  const description = { codecs: [], keys: { receive: key(theirs), send: key(ours) } };
  await media.update(session, 'phone', remote(phone.port.address().port), description);
  await media.update(session, 'cloud', remote(gateway.port.address().port));
  const keys = [theirs, ours].map((master) => master.toString('base64'));
  return { ports, phone, gateway, sender: newSrtpSender({ suite, master: theirs }), keys, description };
}

const heardAll = (ends: readonly End[], count: number) =>
  until(`${count} packets at each end`, () => ends.every(({ heard }) => heard.length >= count) || undefined, {
    timeoutMs: 10_000,
    everyMs: 5,
  });
const digest = (packets: readonly Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const each of packets.toSorted((a, b) => decodeRtp(a).sequence - decodeRtp(b).sequence))
    hash.update(each);
  return hash.digest('hex');
};

it('thirty calls at once between SRTP and RTP: each end hears every packet of the other one to the bit', async () => {
  const { media, relay } = await mediaSite({ ports: 140 });
  const calls = await Promise.all(Array.from({ length: 30 }, (_, at) => bridgedCall(media, `call.${at}`)));
  const sent = Array.from({ length: 20 }, (_, at) => packet(65_530 + at > 65_535 ? at - 6 : 65_530 + at));
  for (const clear of sent) {
    for (const { ports, phone, gateway, sender } of calls) {
      const secured = sender.rtp(clear) ?? missing('SRTP');
      await phone.port.send(secured, { address: local, port: ports.phone.rtp });
      await gateway.port.send(clear, { address: local, port: ports.cloud.rtp });
    }
  }
  await heardAll(
    calls.flatMap(({ phone, gateway }) => [phone, gateway]),
    sent.length,
  );
  const whole = digest(sent);
  for (const { phone, gateway } of calls) {
    expect(digest(gateway.heard)).toBe(whole);
    expect(digest(phone.heard)).toBe(whole);
  }
  expect(relay.counters()).toMatchObject({ packets: 1200, srtp_refused: 0 });
});

it('what is forged, repeated or broken reaches nobody, and the call goes on', async () => {
  const { media, relay } = await mediaSite();
  const { ports, phone, gateway, sender } = await bridgedCall(media, 'call.0');
  const to = { address: local, port: ports.phone.rtp };
  const good = sender.rtp(packet(1)) ?? missing('SRTP');
  await phone.port.send(good, to);
  await heardAll([gateway], 1);
  const hostile = [good, packet(2), ...mutations(good, 60, 1)].filter((bytes) => bytes.length > 11);
  for (const bytes of hostile) await phone.port.send(bytes, to);
  await phone.port.send(sender.rtp(packet(3)) ?? missing('SRTP'), to);
  await heardAll([gateway], 2);
  expect(gateway.heard.map((bytes) => decodeRtp(bytes).sequence)).toEqual([1, 3]);
  expect(relay.counters()['srtp_refused']).toBeGreaterThan(30);
});

it('who has no key is not the far end, wherever it may come from, and keeps no dead call alive', async () => {
  const { media, relay, clock, idle } = await mediaSite();
  const { ports, phone, gateway, sender } = await bridgedCall(media, 'call.0');
  await media.expect('call.0', true);
  const stranger = await end((bytes) => bytes);
  const to = { address: local, port: ports.phone.rtp };
  await stranger.port.send(packet(7), to);
  await until('it to be refused', () => (relay.counters()['srtp_refused'] ?? 0) > 0 || undefined, {
    timeoutMs: 5000,
    everyMs: 5,
  });
  await gateway.port.send(packet(1), { address: local, port: ports.cloud.rtp });
  await heardAll([phone], 1);
  expect(stranger.heard).toEqual([]);
  await phone.port.send(sender.rtp(packet(1)) ?? missing('SRTP'), to);
  await heardAll([gateway], 1);
  await clock.advance(59_000);
  await stranger.port.send(packet(8), to);
  await until('it to be refused again', () => (relay.counters()['srtp_refused'] ?? 0) > 1 || undefined, {
    timeoutMs: 5000,
    everyMs: 5,
  });
  await clock.advance(3000);
  await until('the silence to be told', () => idle.includes('call.0') || undefined, {
    timeoutMs: 5000,
    everyMs: 5,
  });
});

it('no key is on disk, whatever was asked', async () => {
  const { media, directory } = await mediaSite();
  const { keys } = await bridgedCall(media, 'call.0');
  await media.release('call.0');
  for (const name of readdirSync(join(directory, 'rtp'))) {
    if (name.endsWith('.sock')) continue;
    const text = readFileSync(join(directory, 'rtp', name), 'latin1');
    for (const key of keys) expect(text).not.toContain(key);
  }
});

it('the relay killed and started again waits for the keys of a bridged session: nothing crosses in clear meanwhile, and then both hear again', async () => {
  const { media, relay, start } = await mediaSite();
  const call = await bridgedCall(media, 'call.0');
  const { ports, phone, gateway, sender } = call;
  const talk = async (sequence: number) => {
    const secured = sender.rtp(packet(sequence)) ?? missing('a packet');
    await phone.port.send(secured, { address: local, port: ports.phone.rtp });
    await gateway.port.send(packet(sequence), { address: local, port: ports.cloud.rtp });
  };
  await talk(1);
  await heardAll([phone, gateway], 1);
  await relay[Symbol.asyncDispose]();
  const again = await start();
  onTestFinished(() => again[Symbol.asyncDispose]());
  expect(again.counters()).toMatchObject({ sessions: 1, sessions_adopted: 1 });
  const told = async () => await media.stats().catch(() => undefined);
  const sessions = await until('the relay to be connected', told, { timeoutMs: 5000, everyMs: 5 });
  expect(sessions).toMatchObject([{ session: 'call.0', needsKeys: true }]);
  await talk(2);
  await until('both to be refused', () => again.counters()['srtp_refused'] === 2 || undefined, {
    timeoutMs: 5000,
    everyMs: 5,
  });
  expect([phone, gateway].map(({ heard }) => heard.length)).toEqual([1, 1]);
  await media.describe('call.0', 'phone', call.description);
  expect((await media.stats())[0]).not.toHaveProperty('needsKeys');
  await talk(3);
  await heardAll([phone, gateway], 2);
  const sources = phone.heard.map((bytes) => decodeRtp(bytes).ssrc);
  expect(new Set(sources), 'the same source would be the same keystream again').toHaveLength(2);
});
