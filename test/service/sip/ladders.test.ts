/** Which messages become a ladder, when they are written, and what it costs when they can't be. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Flow } from '../../../appliance/sip/engine/engine.ts';
import { openLadders, type Ladders } from '../../../appliance/sip/ladders.ts';
import { readFailedRegistrations } from '../../../appliance/store/failed-registrations.ts';
import { readLadder } from '../../../appliance/store/ladders.ts';
import { openWorld } from '../../../appliance/world.ts';
import { fakeClock, type FakeClock } from '../../support/clock.ts';
import { temporaryDirectory } from '../../support/directory.ts';

interface Setting {
  readonly directory: string;
  readonly clock: FakeClock;
  readonly ladders: Ladders;
  readonly live: Set<string>;
  /** Somebody calls for help. */
  readonly setHelp: (isCalled: boolean) => void;
  readonly cross: (from: Flow, text: string, direction?: 'received' | 'sent') => void;
}

function setting(days = 3): Setting {
  const directory = temporaryDirectory();
  const clock = fakeClock();
  const live = new Set<string>();
  let isHeld = false;
  const ladders = openLadders(
    { ...openWorld('silent'), clock },
    {
      directory,
      days,
      isHeld: () => isHeld,
      isLive: (call) => live.has(call),
      onError: (error) => {
        throw error;
      },
    },
  );
  onTestFinished(async () => await ladders[Symbol.asyncDispose]());
  return {
    directory,
    clock,
    ladders,
    live,
    setHelp: (isCalled) => {
      isHeld = isCalled;
    },
    cross: (from, text, direction = 'received') => ladders.witness?.(direction, Buffer.from(text), from),
  };
}

function flow(address: string, isOutbound = false): Flow {
  return {
    id: isOutbound ? `phone-${address}` : `in:udp:${address}:5060`,
    transport: isOutbound ? 'tls' : 'udp',
    remote: { address, port: 5060 },
    local: { address: '10.66.0.1', port: 5060 },
    isOutbound,
    isOpen: true,
    send: () => undefined,
  };
}

const phone = flow('10.66.0.23');
const leg = (callId: string, peer = '10.66.0.23') => ({ peer, callId });
const options = (callId: string, more = '') =>
  `OPTIONS sip:x@y SIP/2.0\r\nCall-ID: ${callId}\r\n${more}Content-Length: 0\r\n\r\n`;
const linesOf = (directory: string, id: string) =>
  readLadder(directory, id)?.messages.map(({ bytes }) => Buffer.from(bytes).toString().split('\r\n')[2]);

it('what crossed before the call was one belongs to it, and what crosses on another’s connection does not', async () => {
  const { directory, clock, ladders, live, cross } = setting();
  cross(phone, options('a', 'Note: 1\r\n'));
  cross(flow('10.66.0.66'), options('a', 'Note: stranger\r\n'));
  await clock.advance(1000);
  live.add('call');
  ladders.begin('call', [leg('a')]);
  cross(phone, options('a', 'Note: 2\r\n').replace('Call-ID', 'i'));
  cross(phone, options('other', 'Note: 3\r\n'));
  ladders.join('call', leg('b', 'phone-192.0.2.9'));
  cross(flow('192.0.2.9', true), options('b', 'Note: 4\r\n'), 'sent');
  await clock.advance(1000);
  expect(linesOf(directory, 'call')).toEqual(['Note: 1', 'Note: 2', 'Note: 4']);
  expect(readLadder(directory, 'call')?.messages[2]).toMatchObject({
    isSent: true,
    party: 'cloud',
    transport: 'tls',
    local: '10.66.0.1:5060',
    remote: '192.0.2.9:5060',
  });
});

it('while somebody calls for help nothing is written, and afterwards what came meanwhile', async () => {
  const { directory, clock, ladders, live, cross, setHelp } = setting();
  setHelp(true);
  live.add('help');
  ladders.begin('help', [leg('a')]);
  cross(phone, options('a', 'Note: 1\r\n'));
  await clock.advance(60_000);
  expect(existsSync(join(directory, 'sip'))).toBe(false);
  setHelp(false);
  live.delete('help');
  await clock.advance(1000);
  expect(linesOf(directory, 'help')).toEqual(['Note: 1']);
});

it('a file that can’t be written costs only the ladders, is counted, and is tried again', async () => {
  const { directory, clock, ladders, live, cross } = setting();
  writeFileSync(join(directory, 'sip'), 'in the way');
  live.add('call');
  ladders.begin('call', [leg('a')]);
  cross(phone, options('a'));
  await clock.advance(1000);
  expect(ladders.counters()).toMatchObject({ ladder_messages_lost: 1 });
  rmSync(join(directory, 'sip'));
  cross(phone, options('a', 'Note: 2\r\n'));
  await clock.advance(1000);
  expect(linesOf(directory, 'call')).toEqual(['Note: 2']);
});

it('one ladder has 200 messages at most, and says how many it lacks', async () => {
  const { directory, clock, ladders, live, cross } = setting();
  live.add('call');
  ladders.begin('call', [leg('a')]);
  for (let at = 0; at < 230; at += 1) cross(phone, options('a'));
  await clock.advance(1000);
  const ladder = readLadder(directory, 'call');
  expect([ladder?.messages.length, ladder?.leftOut]).toEqual([200, 30]);
});

it('in a storm of calls only so many a second have a ladder, each a whole one', async () => {
  const { directory, clock, ladders, live, cross } = setting();
  for (let at = 0; at < 300; at += 1) {
    live.add(`call${at}`);
    ladders.begin(`call${at}`, [leg(`a${at}`)]);
    ladders.join(`call${at}`, leg(`b${at}`));
    for (const side of ['a', 'b']) cross(phone, options(`${side}${at}`));
  }
  await clock.advance(1000);
  const sizes = Array.from(live, (call) => readLadder(directory, call)?.messages.length ?? 0);
  expect(sizes.filter((size) => size === 2)).toHaveLength(100);
  expect(sizes.filter((size) => size === 0)).toHaveLength(200);
  expect(ladders.counters()).toMatchObject({ ladders_skipped: 200, ladder_messages_lost: 0 });
});

it('messages that came too fast to be noted, too large, or broken are counted and not kept', async () => {
  const { clock, ladders, live, cross } = setting();
  live.add('call');
  ladders.begin('call', [leg('a')]);
  cross(phone, 'GET / HTTP/1.1\r\nCall-ID: a\r\n\r\n');
  cross(phone, options('a', `Note: ${'x'.repeat(66_000)}\r\n`));
  await clock.advance(1000);
  for (let at = 0; at < 8200; at += 1) cross(phone, options('z'));
  expect(ladders.counters()).toMatchObject({ ladder_messages_unreadable: 1, ladder_messages_lost: 9 });
});

it('of a registration that failed only what crossed until then is kept, once a phone', async () => {
  const { directory, clock, ladders, cross } = setting();
  const failed = {
    phone: '00:15:65:aa:00:01',
    aor: '1001@office.example',
    registrar: 'sip.example',
    source: '10.66.0.23:5060',
    transport: 'udp',
    status: 403,
    reason: 'Forbidden',
  } as const;
  for (const attempt of ['1', '2']) {
    cross(phone, options('r', `Note: ${attempt}\r\n`));
    ladders.failed(failed, [leg('r')]);
    await clock.advance(1000);
    cross(phone, options('r', `Note: after ${attempt}\r\n`));
    await clock.advance(40_000);
  }
  expect(readFailedRegistrations(directory, 10)).toMatchObject([
    { ...failed, id: 'registration-001565aa0001' },
  ]);
  expect(linesOf(directory, 'registration-001565aa0001')).toEqual(['Note: 2']);
});

it('with ladder_days = 0 the engine is not even asked', () => {
  const { directory, ladders } = setting(0);
  expect(ladders.witness).toBeUndefined();
  ladders.begin('call', [leg('a')]);
  expect(existsSync(join(directory, 'sip'))).toBe(false);
});
