import { describe, expect, it } from 'vitest';
import type { StreamConnection } from '../../../appliance/net/tcp.ts';
import { newCounters } from '../../../appliance/sip/engine/counters.ts';
import { startStreamFlow } from '../../../appliance/sip/engine/stream-flow.ts';
import { TimerQueue } from '../../../appliance/sip/engine/timers.ts';
import { fakeClock } from '../../support/clock.ts';

function newFlow(isOutbound: boolean) {
  const clock = fakeClock();
  const state = { written: '', isOpen: true, queuedBytes: 0 };
  const handlers: { onData?: (chunk: Uint8Array) => void; onClose?: (error: undefined) => void } = {};
  const close = () => {
    state.isOpen = false;
    handlers.onClose?.(undefined);
  };
  const connection: StreamConnection = {
    remote: { address: '10.0.0.2', port: 40_000 },
    local: { address: '10.0.0.1', port: 5061 },
    get queuedBytes() {
      return state.queuedBytes;
    },
    get isOpen() {
      return state.isOpen;
    },
    write: (bytes) => (state.written += Buffer.from(bytes).toString()),
    end: close,
    destroy: close,
    onData: (handler) => (handlers.onData = handler),
    onClose: (handler) => (handlers.onClose = handler),
  };
  const heard: string[] = [];
  const counters = newCounters();
  const timers = new TimerQueue(clock, (error) => {
    throw error;
  });
  const flow = startStreamFlow(
    { id: 'x', transport: 'tls', isOutbound, connection, timers, counters },
    {
      onMessage: (bytes) => heard.push(Buffer.from(bytes).toString()),
      onBroken: () => heard.push('broken'),
      onClosed: ({ isDropped }) => heard.push(isDropped ? 'dropped' : 'lost'),
    },
  );
  return {
    clock,
    state,
    heard,
    flow,
    counters,
    receive: (text: string) => handlers.onData?.(Buffer.from(text)),
  };
}

const message = 'OPTIONS sip:x SIP/2.0\r\nl: 0\r\n\r\n';

describe('a connection that we opened (RFC 5626 section 4.4.1)', () => {
  it('is kept alive by a ping every 25 seconds, the first at once to learn whether the server answers', async () => {
    const { clock, state } = newFlow(true);
    await clock.advance(2000);
    expect(state.written).toBe('\r\n\r\n');
    await clock.advance(75_000);
    expect(state.written).toBe('\r\n\r\n'.repeat(4));
  });

  it('is lost when a server that answered pings before doesn’t any more', async () => {
    const { clock, heard, receive } = newFlow(true);
    await clock.advance(1500);
    receive('\r\n');
    await clock.advance(25_000);
    receive('\r\n');
    await clock.advance(34_000);
    expect(heard).toEqual([]);
    await clock.advance(2000);
    expect(heard).toEqual(['lost']);
  });

  it('is lost within 14 seconds when a request on it stays without a word from a server that answers pings', async () => {
    const { clock, heard, receive, flow, state } = newFlow(true);
    await clock.advance(1500);
    receive('\r\n');
    await clock.advance(5000);
    flow.expectAnswer?.();
    const before = state.written;
    await clock.advance(3500);
    expect(state.written.slice(before.length)).toBe('\r\n\r\n');
    await clock.advance(9000);
    expect(heard).toEqual([]);
    await clock.advance(1500);
    expect(heard).toEqual(['lost']);
  });

  it.each([
    ['a pong', '\r\n'],
    ['another message', message],
    ['a part of the answer', 'SIP/2.0 2'],
  ])('stays when %s comes while a request waits', async (_title, said) => {
    const { clock, heard, receive, flow } = newFlow(true);
    await clock.advance(1500);
    receive('\r\n');
    flow.expectAnswer?.();
    await clock.advance(3500);
    receive(said);
    await clock.advance(15_000);
    expect(heard.filter((what) => what === 'lost')).toEqual([]);
  });

  it('is not asked when the answer comes in time', async () => {
    const { clock, receive, flow, state } = newFlow(true);
    await clock.advance(1500);
    receive('\r\n');
    flow.expectAnswer?.();
    await clock.advance(500);
    receive(message);
    await clock.advance(10_000);
    expect(state.written).toBe('\r\n\r\n');
  });

  it('is not lost for a request without an answer when the server never answers pings', async () => {
    const { clock, heard, flow } = newFlow(true);
    flow.expectAnswer?.();
    await clock.advance(60_000);
    expect(heard).toEqual([]);
  });

  it('stays with a server that never answers pings', async () => {
    const { clock, heard } = newFlow(true);
    await clock.advance(600_000);
    expect(heard).toEqual([]);
  });

  it('that we close ourselves is not said to be lost', () => {
    const { heard, flow } = newFlow(true);
    flow.drop();
    expect(heard).toEqual(['dropped']);
  });
});

describe('a connection that a phone opened', () => {
  it('gets one pong for each ping, whatever pieces it comes in', () => {
    const { state, receive } = newFlow(false);
    for (const piece of ['\r\n\r', '\n', message, '\r\n', '\r\n', '\r\n\r\n']) receive(piece);
    expect(state.written).toBe('\r\n'.repeat(3));
  });

  it.each([
    ['without a word', '', 61_000],
    ['in the middle of a message', message.slice(0, 20), 31_000],
    ['in the middle of the second message', message + message.slice(0, 5), 31_000],
    ['for an hour', message, 3_601_000],
  ])('that is silent %s is closed', async (_title, said, afterMs) => {
    const { clock, heard, receive } = newFlow(false);
    if (said !== '') receive(said);
    await clock.advance(afterMs - 2000);
    expect(heard.filter((what) => what === 'lost')).toEqual([]);
    await clock.advance(2000);
    expect(heard.at(-1)).toBe('lost');
  });

  it('that pings without end and reads nothing is not owed more pongs than fit in a few packets', () => {
    const { state, receive } = newFlow(false);
    state.queuedBytes = 10_000;
    receive('\r\n\r\n'.repeat(10_000));
    expect(state.written).toBe('');
  });

  it('that pings without end is closed, and is answered no more', async () => {
    const { clock, state, heard, counters, receive } = newFlow(false);
    for (let at = 0; at < 6; at += 1) {
      receive('\r\n\r\n'.repeat(90));
      await clock.advance(11_000);
    }
    expect([heard, state.written.length]).toEqual([[], 6 * 90 * 2]);
    receive(`${'\r\n\r\n'.repeat(1000)}${message}`);
    expect(heard).toEqual(['lost']);
    expect(state.written.length).toBe((6 * 90 + 100) * 2);
    expect(counters.read()['flows_closed_flooding']).toBe(1);
  });

  it('that pings every two minutes stays', async () => {
    const { clock, heard, receive } = newFlow(false);
    for (let at = 0; at < 60; at += 1) {
      receive('\r\n\r\n');
      await clock.advance(120_000);
    }
    expect(heard).toEqual([]);
  });

  it('that can’t be followed any more is closed', () => {
    const { heard, receive } = newFlow(false);
    receive(`${message}GET / HTTP/1.1\r\n\r\n`);
    expect(heard).toEqual([message, 'broken', 'lost']);
  });

  it('that doesn’t read what it is sent is closed', () => {
    const { heard, flow, state } = newFlow(false);
    state.queuedBytes = 5_000_000;
    flow.send(Buffer.from(message));
    expect([heard, state.written]).toEqual([['lost'], '']);
  });
});
