import { describe, expect, it } from 'vitest';
import { SipStream, type SipFrame } from '../../../appliance/protocol/sip-stream.ts';

const one = 'INVITE sip:x SIP/2.0\r\nContent-Length: 5\r\n\r\nb€y';
const two = 'SIP/2.0 200 OK\r\nl : 0\r\n\r\n';

const shown = (frames: readonly SipFrame[]) =>
  frames.map((frame) => (frame.kind === 'message' ? Buffer.from(frame.bytes).toString() : frame.kind));

describe('SIP over a stream', () => {
  it.each([
    ['two messages', one + two, [one, two]],
    ['a ping between messages', `${one}\r\n\r\n${two}`, [one, 'empty-line', 'empty-line', two]],
    ['a pong', '\r\n', ['empty-line']],
  ])('%s, cut at every byte, come out whole', (_title, source, expected) => {
    const bytes = Buffer.from(source);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const stream = new SipStream();
      expect(shown([...stream.push(bytes.subarray(0, cut)), ...stream.push(bytes.subarray(cut))])).toEqual(
        expected,
      );
      expect(stream.pendingBytes).toBe(0);
    }
    const stream = new SipStream();
    expect(shown(Array.from(bytes).flatMap((byte) => stream.push(Uint8Array.of(byte))))).toEqual(expected);
  });

  it('what comes byte by byte is read in the time that its bytes take, however much of it there is already', () => {
    const length = 1_000_000;
    const slow = 200_000;
    const stream = new SipStream();
    stream.push(Buffer.from(`INVITE sip:x SIP/2.0\r\nContent-Length: ${length}\r\n\r\n`));
    stream.push(Buffer.alloc(length - slow, 'a'));
    const byte = Buffer.from('b');
    for (let at = 1; at < slow; at += 1) stream.push(byte);
    expect(stream.pendingBytes).toBeGreaterThan(length);
    const frames = stream.push(Buffer.from(`b${one}`));
    expect(frames).toHaveLength(2);
    const [large, small] = shown(frames);
    expect(large?.endsWith(`${'a'.repeat(9)}${'b'.repeat(slow)}`)).toBe(true);
    expect(small).toBe(one);
  });

  it('what was given out before is not touched by what comes after', () => {
    const stream = new SipStream();
    const frames = Array.from(Buffer.from(one + two + one)).flatMap((byte) =>
      stream.push(Uint8Array.of(byte)),
    );
    for (let at = 0; at < 100; at += 1) stream.push(Buffer.from(two));
    expect(shown(frames)).toEqual([one, two, one]);
  });

  it.each([
    ['no Content-Length', 'INVITE sip:x SIP/2.0\r\nA: b\r\n\r\n'],
    ['two Content-Length', 'INVITE sip:x SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a Content-Length that is no number', 'INVITE sip:x SIP/2.0\r\nContent-Length: 0x10\r\n\r\n'],
    ['a body over the limit', 'INVITE sip:x SIP/2.0\r\nContent-Length: 99999999\r\n\r\n'],
    ['a header without an end', 'A'.repeat(65_537)],
  ])('%s breaks the stream', (_title, source) => {
    const stream = new SipStream();
    expect(stream.push(Buffer.from(source)).map(({ kind }) => kind)).toEqual(['broken']);
    expect(stream.push(Buffer.from(two))).toEqual([]);
  });
});
