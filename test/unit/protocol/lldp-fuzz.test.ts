/** LLDP from an enemy: every truncation, changed bytes, no LLDP at all. The only error is DecodeError. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeEthernet } from '../../../appliance/protocol/ethernet.ts';
import { decodeLldp, lldpEtherType } from '../../../appliance/protocol/lldp.ts';
import { captureNames, framesOf } from '../../support/lldp-captures.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const head = bytes('0180c200000e0200000000aa88cc0207040200000000aa0408054769312f302f3106020078');

const allFrames = captureNames.flatMap(framesOf);

it('every truncation of every captured frame is read or refused with DecodeError, and keeps no byte of the buffer', () => {
  let refused = 0;
  for (const frame of new Set(allFrames.map((frame) => Buffer.from(frame).toString('hex')))) {
    const whole = bytes(frame);
    for (let length = 0; length < whole.length; length += 1)
      refused += decodes(whole.slice(0, length)) ? 0 : 1;
  }
  expect(refused).toBeGreaterThan(1000);
});

it('a captured frame with any bytes changed is read or refused with DecodeError', () => {
  let read = 0;
  const frames = allFrames.filter((frame) => frame.length > 60);
  fc.assert(
    fc.property(
      fc.nat(frames.length - 1),
      fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      (at, changes) => {
        const frame = Uint8Array.from(frames[at] ?? []);
        for (const [offset, value] of changes) frame[14 + (offset % (frame.length - 14))] = value;
        if (decodes(frame)) read += 1;
      },
    ),
    { numRuns: 5000 },
  );
  expect(read).toBeGreaterThan(100);
});

it('any bytes at all are read or refused with DecodeError', () => {
  let read = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1600 }), (content) => {
      decodes(content);
      // Whatever follows a good head costs at most itself, unless it repeats the head.
      read += decodes(Uint8Array.from([...head, ...content])) ? 1 : 0;
    }),
    { numRuns: 2000 },
  );
  expect(read).toBeGreaterThan(100);
});

/** True when it could be read; anything but DecodeError is thrown on. */
function decodes(frame: Uint8Array): boolean {
  try {
    const { payload, protocol } = decodeEthernet(frame);
    if (protocol !== lldpEtherType) return false;
    decodeLldp(payload);
    return true;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}
