import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatSessionExpires,
  longerInterval,
  parseSessionExpires,
} from '../../../appliance/protocol/sip-session-timer.ts';

describe('Session-Expires and Min-SE (RFC 4028)', () => {
  it.each([
    ['1800', { seconds: 1800, refresher: undefined }],
    ['1800;refresher=uac', { seconds: 1800, refresher: 'uac' }],
    ['90;refresher=uas', { seconds: 90, refresher: 'uas' }],
  ] as const)('%s reads as what it is, and is written so', (text, value) => {
    expect(parseSessionExpires(text)).toEqual(value);
    expect(formatSessionExpires(value)).toBe(text);
  });

  it.each([
    [' 4000 ; Refresher = UAS ; other=1', { seconds: 4000, refresher: 'uas' }],
    ['120;refresher=nobody', { seconds: 120, refresher: undefined }],
  ])('"%s" is read too', (text, value) => {
    expect(parseSessionExpires(text)).toEqual(value);
  });

  it.each([undefined, '', 'soon', '-1', '1.5', '12345678901', ';refresher=uac'])(
    'of "%s" there is no timer',
    (text) => {
      expect(parseSessionExpires(text)).toBeUndefined();
    },
  );

  it.each([
    ['300', 300],
    ['300;x=1', 300],
    [undefined, 86_400],
    ['never', 86_400],
  ])('Min-SE "%s" in a 422 asks for %i seconds', (text, seconds) => {
    expect(longerInterval(text)).toBe(seconds);
  });

  it('nothing that a far end writes is an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parseSessionExpires(text)?.seconds ?? 0).toBeGreaterThanOrEqual(0);
        expect(longerInterval(text)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 300 },
    );
  });
});
