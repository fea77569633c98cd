import { expect, test } from 'vitest';
import { writeWhole } from '../../../appliance/store/write-whole.ts';

test('what a disk takes in parts is written to its end', () => {
  const written: number[] = [];
  writeWhole(1, Buffer.from('0123456789'), (_file, bytes) => {
    const part = bytes.subarray(0, 3);
    written.push(...part);
    return part.length;
  });
  expect(Buffer.from(written).toString()).toBe('0123456789');
});

test('a disk that takes a part and is full then is an error', () => {
  let room = 4;
  const write = () => {
    if (room === 0) throw new Error('ENOSPC');
    const taken = room;
    room = 0;
    return taken;
  };
  expect(() => writeWhole(1, Buffer.alloc(10), write)).toThrow('ENOSPC');
});
