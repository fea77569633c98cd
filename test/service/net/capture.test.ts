/** The capturing child in all its moods, played by small programs; the real tcpdump is in the lab. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { openCapture, type Capture } from '../../../appliance/net/capture.ts';
import type { CapturedPacket } from '../../../appliance/protocol/pcap.ts';
import { systemClock } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { captureBytes, framesOf } from '../../support/lldp-captures.ts';

const capture = '08-ttl0-shutdown-lldpdu.pcap';
const patience = { timeoutMs: 10_000, everyMs: 10 };

/** Runs this shell script where `tcpdump` would be. */
function captureWith(script: string): { capture: Capture; packets: CapturedPacket[]; directory: string } {
  const directory = temporaryDirectory();
  const program = join(directory, 'tcpdump');
  writeFileSync(join(directory, 'capture'), captureBytes(capture));
  writeFileSync(program, `#!/bin/sh\ncd ${directory}\n${script}\n`);
  chmodSync(program, 0o755);
  const packets: CapturedPacket[] = [];
  const opened = openCapture({
    interface: 'lo',
    filter: 'ether proto 0x88cc',
    clock: systemClock,
    log: pino({ level: 'silent' }),
    onPacket: (packet) => packets.push(packet),
    program,
  });
  onTestFinished(async () => await opened[Symbol.asyncDispose]());
  return { capture: opened, packets, directory };
}

it('hands on every packet of the stream and is in good health', async () => {
  const { capture: opened, packets } = captureWith('cat capture; exec sleep 60');
  await until('the packets', () => packets.length >= 12 || undefined, patience);
  expect(packets.map(({ bytes }) => bytes)).toEqual(framesOf(capture).map((frame) => Uint8Array.from(frame)));
  expect(opened.health()).toEqual({ state: 'ok' });
});

it.each([
  ['tcpdump: eth9: No such device exists', /there is no card lo/],
  [
    "tcpdump: lo: You don't have permission to perform this capture on that device",
    /no right to listen on lo/,
  ],
  ['tcpdump: lo: That device is not up', /card lo is down/],
  ['tcpdump: something unheard of', /tcpdump ended with 1: tcpdump: something unheard of/],
])('"%s" becomes a reason that a person understands', async (said, reason) => {
  const { capture: opened } = captureWith(`echo "${said}" >&2; exit 1`);
  await until('the reason', () => opened.restarts() > 0 || undefined, patience);
  expect(opened.health()).toMatchObject({ state: 'degraded' });
  expect(opened.health().reason).toMatch(reason);
});

it('a program that is not installed is said to be so', async () => {
  const opened = openCapture({
    interface: 'lo',
    filter: '',
    clock: systemClock,
    log: pino({ level: 'silent' }),
    onPacket: () => undefined,
    program: '/nonexistent/tcpdump',
  });
  onTestFinished(async () => await opened[Symbol.asyncDispose]());
  await until('the reason', () => /not installed/.test(opened.health().reason ?? '') || undefined, patience);
  expect(opened.health()).toEqual({
    state: 'degraded',
    reason: 'LLDP is not heard: tcpdump is not installed',
  });
});

it('a child that dies is started again, and nothing is heard twice', async () => {
  const { capture: opened, packets } = captureWith(
    '[ -e died ] && { cat capture; exec sleep 60; }; touch died; exit 1',
  );
  await until('the packets of the second child', () => packets.length >= 12 || undefined, patience);
  expect(opened.restarts()).toBe(1);
  expect(opened.health().state).toBe('ok');
});

it('a stream that is no pcap ends the child, not us', async () => {
  const { capture: opened } = captureWith(
    'echo "warning: this is not what you expect at all"; exec sleep 60',
  );
  await until('the second child', () => opened.restarts() > 0 || undefined, patience);
  expect(opened.health().reason).toMatch(/not a pcap stream/);
});

it('a child that does not listen to SIGTERM is ended all the same', async () => {
  const { capture: opened, packets } = captureWith("trap '' TERM; cat capture; while :; do sleep 0.1; done");
  await until('the packets', () => packets.length >= 12 || undefined, patience);
  await expect(opened[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

it.each(['-w/etc/passwd', 'eth0;reboot', '', 'averyveryverylongname'])(
  '"%s" is no name of a card',
  (name) => {
    expect(() =>
      openCapture({
        interface: name,
        filter: '',
        clock: systemClock,
        log: pino({ level: 'silent' }),
        onPacket: () => undefined,
      }),
    ).toThrow(/is not a card's name/);
  },
);
