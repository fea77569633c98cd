/** A call with picture between two real phones (baresip, VP8): both see each other, and who misses a picture asks for it by RTCP. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Baresip } from '../support/baresip.ts';
import { startCapture, type Capture } from '../support/capture.ts';
import { until, words, type Running } from '../support/command.ts';
import { readRtp } from '../support/rtp-capture.ts';
import { openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';

const settings = '[rtp]\nkernel_path = "on"\n';
const patience = { timeoutMs: 30_000, everyMs: 200 };

let site: SipLab;
let parts: readonly Running[];
let phone: Baresip;
let remote: Baresip;
let wires: { readonly phone: Capture; readonly remote: Capture };

beforeAll(async () => {
  site = await openSipLab({ phones: 1 });
  parts = [await site.startBox(['rtp'], settings), await site.startBox(['sip'], settings)];
  phone = await site.startPhone(0, { speaksSeconds: 90, video: true });
  remote = await site.startRemote({ speaksSeconds: 90, video: true });
  await phone.registered();
  await remote.registered();
  const capture = async (namespace: typeof site.remote, name: string) =>
    await startCapture(namespace, {
      card: 'eth0',
      file: join(site.lab.directory, `${name}.pcap`),
      filter: 'udp',
    });
  wires = {
    phone: await capture(site.phones[0] ?? site.box, 'phone'),
    remote: await capture(site.remote, 'remote'),
  };
});

afterAll(() => site?.[Symbol.asyncDispose]());

/** Streams that come to an end, by our port: packets of each. */
function heardAt(wire: Capture, address: string): number[] {
  const counts = new Map<string, number>();
  for (const { to, from } of readRtp(wire))
    if (to.startsWith(`${address}:`)) counts.set(`${from} ${to}`, (counts.get(`${from} ${to}`) ?? 0) + 1);
  return [...counts.values()];
}

/** Feedback on pictures (RFC 4585 PLI, RFC 5104 FIR: type 206) or FIR of RFC 2032 (192), as it leaves one end and comes to the other. */
const feedback = 'udp[8] & 0xc0 == 0x80 and (udp[9] == 206 or udp[9] == 192)';
const lines = (text: string) => text.split('\n').filter((line) => line.includes(' > ')).length;

const sent = async () => lines(await wires.phone.text(`src host 10.66.0.101 and ${feedback}`));
const came = async () => lines(await wires.remote.text(`dst host 203.0.113.50 and ${feedback}`));

const streams = () => [heardAt(wires.phone, '10.66.0.101'), heardAt(wires.remote, '203.0.113.50')];
const lastSeen = () => JSON.stringify(streams());
const arePlaying = (ends: readonly (readonly number[])[]) =>
  ends.every((counts) => counts.filter((count) => count > 50).length === 2);

it('sound and picture cross both ways, and a picture that is missing is asked for and comes', async () => {
  expect(parts.every(({ hasExited }) => !hasExited())).toBe(true);
  await phone.command('dial', `sip:4930555@${registrar}`);
  await remote.waitFor('CALL_ESTABLISHED');
  await phone.waitFor('CALL_ESTABLISHED');
  await until('two streams each way', () => arePlaying(streams()) || undefined, { ...patience, lastSeen });
  // A decoder that misses packets can't go on without a whole picture.
  await site.box.exec(['nft', '-f', '-'], {
    input: `table netdev lossy { chain in { type filter hook ingress device "wan" priority -10; udp length > 300 numgen inc mod 5 == 0 drop; }; }`,
  });
  await until('the phone to ask for a picture', async () => (await sent()) > 0 || undefined, patience);
  await site.box.exec(words('nft delete table netdev lossy'));
  await until('that to be heard out there', async () => (await came()) > 0 || undefined, patience);
  expect(await came()).toBeLessThanOrEqual(await sent());
  await phone.command('hangup');
  await remote.waitFor('CALL_CLOSED');
});
