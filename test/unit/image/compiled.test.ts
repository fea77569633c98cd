import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { withFlags } from '../../../image/build/compiled.ts';

const kept = (flags: number) => {
  const data = Buffer.alloc(32, 7);
  data.writeUInt32LE(flags, 12);
  const header = Buffer.alloc(20);
  header.writeUInt32LE(crc32(data), 16);
  return Buffer.concat([header, data]);
};

it('a compiled module passes for one that was compiled under the flags of the box', () => {
  expect(withFlags(kept(1), 2)).toEqual(kept(2));
});

it('a form of it that node did not have before stops the build', () => {
  const unknown = kept(1);
  unknown[30] = 0;
  expect(() => withFlags(unknown, 2)).toThrow('node keeps compiled modules in another form');
});
