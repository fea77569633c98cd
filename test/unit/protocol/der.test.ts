import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import {
  der,
  derBits,
  derOid,
  derSequence,
  derTag,
  derTime,
  readDer,
} from '../../../appliance/protocol/der.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

it.each([
  ['an empty sequence', derSequence(), '3000'],
  ['a value in a value', derSequence(der(derTag.boolean, bytes('ff'))), '30030101ff'],
  ['two numbers in one', derOid('2.5.4.3'), '0603550403'],
  ['numbers of several bytes', derOid('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
  ['bits, two of them without a meaning', derBits(bytes('04'), 2), '03020204'],
  [
    'the last second of 2049',
    derTime(new Date('2049-12-31T23:59:59.999Z')),
    `170d${asText('491231235959Z')}`,
  ],
  ['the first of 2050', derTime(new Date('2050-01-01T00:00:00Z')), `180f${asText('20500101000000Z')}`],
])('%s is written as X.690 has it', (_, written, expected) => {
  expect(hex(written)).toBe(expected);
});

function asText(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

it.each([0, 1, 127, 128, 255, 256, 65535, 65536])(
  'a content of %i bytes is read as it was written',
  (length) => {
    const content = new Uint8Array(length).fill(7);
    const [first, second, ...more] = readDer(Buffer.concat([der(0x04, content), derSequence()]));
    expect(first?.tag).toBe(0x04);
    expect(Buffer.from(first?.content ?? []).equals(content)).toBe(true);
    expect(first?.whole).toHaveLength(
      length + (length < 128 ? 2 : length < 256 ? 3 : length < 65536 ? 4 : 5),
    );
    expect(Buffer.from(second?.whole ?? []).toString('hex')).toBe('3000');
    expect(more).toEqual([]);
  },
);

it.each([
  ['a tag alone', '30'],
  ['a content that is cut off', '300201'],
  ['a length that is cut off', '3082ff'],
  ['a length that only its end tells', '30800000'],
  ['a length of five bytes', '308500000000010203'],
])('%s is refused', (_, text) => {
  expect(() => readDer(bytes(text))).toThrow(DecodeError);
});
