import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeNtpAnswer, encodeNtpRequest } from '../../../appliance/protocol/ntp.ts';

const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const now = Date.UTC(2026, 0, 5, 12);

/** Stratum 2, transmitted 2026-01-05T12:00:00.500Z: 0xed062640 seconds since 1900. */
const answer =
  '2402062000000000000000000a000001ed064fa000000000' +
  '0102030405060708' +
  'ed06264000000000' +
  'ed06264080000000';

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

function isJudged(bytes: Uint8Array): boolean {
  try {
    return Number.isFinite(decodeNtpAnswer(bytes, nonce, now).transmittedAt);
  } catch (error) {
    return error instanceof DecodeError;
  }
}

describe('SNTP', () => {
  it('a request is version 4, mode client, with the nonce as our time', () => {
    expect(Buffer.from(encodeNtpRequest(nonce)).toString('hex')).toBe(`23${'00'.repeat(39)}0102030405060708`);
    expect(() => encodeNtpRequest(new Uint8Array(7))).toThrow(TypeError);
  });

  it('an answer tells the time and the stratum', () => {
    expect(decodeNtpAnswer(bytesOf(answer), nonce, now)).toEqual({ stratum: 2, transmittedAt: now + 500 });
  });

  it('the era after 2036 is told by the clock', () => {
    const later = now + 2 ** 32 * 1000;
    expect(decodeNtpAnswer(bytesOf(answer), nonce, later).transmittedAt).toBe(later + 500);
  });

  it.each([
    ['an answer to another request', answer.replace('0102030405060708', '0102030405060709')],
    ['a request', answer.replace(/^24/, '23')],
    ["a kiss-o'-death", answer.replace(/^2402/, '2400')],
  ])('%s is no answer', (_title, hex) => {
    expect(() => decodeNtpAnswer(bytesOf(hex), nonce, now)).toThrow(DecodeError);
  });

  it('an answer cut short anywhere is a DecodeError', () => {
    for (let length = 0; length < 48; length += 1) {
      expect(() => decodeNtpAnswer(bytesOf(answer).subarray(0, length), nonce, now)).toThrow(DecodeError);
    }
  });

  it('whatever comes is an answer or a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(isJudged(bytes)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.nat(47), fc.nat(255), (at, value) => {
        const mutated = bytesOf(answer);
        mutated[at] = value;
        expect(isJudged(mutated)).toBe(true);
      }),
    );
  });
});
