/** Sub-options of option 43. */
import { expect, test } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeSubOptions, encodeSubOptions } from '../../../appliance/protocol/dhcp-vendor-options.ts';

const read = (hex: string) =>
  Array.from(decodeSubOptions(Buffer.from(hex, 'hex')), ([code, value]) => [
    code,
    Buffer.from(value).toString(),
  ]);

test('they come by code, pads and end aside, repeated ones joined', () => {
  expect(read('00020161004202686900020162ff4201')).toEqual([
    [2, 'ab'],
    [66, 'hi'],
  ]);
});

test('ALE phones read their URL from sub-option 66', () => {
  const url = 'http://10.66.0.1';
  const hex = `4210${Buffer.from(url).toString('hex')}`;
  expect(Buffer.from(encodeSubOptions(new Map([[66, Buffer.from(url)]]))).toString('hex')).toBe(hex);
  expect(read(hex)).toEqual([[66, url]]);
});

test('one over 255 bytes is refused by the encoder', () => {
  expect(() => encodeSubOptions(new Map([[66, new Uint8Array(256)]]))).toThrow(RangeError);
});

test.each(['02', '0202', '020261', '00024201'])('cut short ("%s") they are a DecodeError', (hex) => {
  expect(() => read(hex)).toThrow(DecodeError);
});
