import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import {
  ControlReader,
  encodeControlFrame,
  type ControlFrame,
} from '../../../appliance/sip/engine/control-frame.ts';
import { parseControlMessage } from '../../../appliance/sip/engine/control-message.ts';

const rows: [string, ControlFrame, string][] = [
  ['a command', { tokens: ['1', 'route', 'invite'], message: new Uint8Array() }, '14#1|route|invite'],
  ['a message', { tokens: ['1', 'sip', ''], message: Buffer.from('€\r\n\r\n') }, '15#1|sip|\r\n€\r\n\r\n'],
];

const text = (...lines: string[]) => Buffer.from(lines.join('\r\n'));

const shown = (frames: readonly ControlFrame[]) =>
  frames.map(({ tokens, message }) => ({ tokens, message: Buffer.from(message).toString() }));

describe('control frames', () => {
  it.each(rows)('%s is read and written, cut at every byte', (_title, frame, source) => {
    expect(Buffer.from(encodeControlFrame(frame)).toString()).toBe(source);
    const bytes = Buffer.from(source + source);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new ControlReader();
      const frames = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
      expect(shown(frames)).toEqual(shown([frame, frame]));
    }
  });

  it.each(['x#', '#', '-1#a', '0#', '99999999#', '1e3#', 'no length at all'])('%s is no frame', (source) => {
    expect(() => new ControlReader().push(Buffer.from(source))).toThrow(DecodeError);
  });

  it.each(['a|b', 'a\r\nb'])('the token %j would be more than one', (token) => {
    expect(() => encodeControlFrame({ tokens: [token], message: new Uint8Array() })).toThrow(TypeError);
  });

  it('a frame of 300 kB passes', () => {
    const frame = { tokens: ['1', 'sip'], message: Buffer.alloc(300_000, '€') };
    expect(shown(new ControlReader().push(encodeControlFrame(frame)))).toEqual(shown([frame]));
  });

  it('any bytes are a DecodeError or frames', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (chunks) => {
        const reader = new ControlReader();
        expect(() => {
          try {
            for (const chunk of chunks) reader.push(chunk);
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
          }
        }).not.toThrow();
      }),
    );
  });
});

describe('messages of the application', () => {
  it('the body is the rest of the frame, however its length was counted', () => {
    for (const count of [6, 9]) {
      const message = parseControlMessage(
        text('MESSAGE sip:x SIP/2.0', 'X: 1', `content-length: ${count}`, '', 'grün €'),
      );
      expect(Buffer.from(message.body).toString()).toBe('grün €');
    }
  });

  it.each([
    ['a header that ends early', ['INFO sip:x SIP/2.0', 'a: b', '', 'c: d', 'content-length: 0', '', '']],
    ['a body that was added', ['INFO sip:x SIP/2.0', 'content-length: 0', '', 'body']],
    ['a field given twice', ['INFO sip:x SIP/2.0', 'Contact: a', 'contact: b', 'content-length: 0', '', '']],
    ['a line feed in a value', ['INFO sip:x SIP/2.0', 'a: b\nc: d', 'content-length: 0', '', '']],
    ['a zero byte', ['INFO sip:x SIP/2.0', 'a: b\0', 'content-length: 0', '', '']],
    ['no start line', ['hello', 'content-length: 0', '', '']],
  ])('%s is refused', (_title, lines) => {
    expect(() => parseControlMessage(text(...lines))).toThrow(DecodeError);
  });
});
