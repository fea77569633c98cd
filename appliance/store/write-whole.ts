/** All bytes, or an error: on a disk that has just become full a write takes a part of them, and only the next one fails. */
import { writeSync } from 'node:fs';

/** Returns how many of them it took. */
type Write = (file: number, bytes: Uint8Array) => number;

export function writeWhole(file: number, bytes: Uint8Array, write: Write = writeSync): void {
  for (let at = 0; at < bytes.length;) at += write(file, bytes.subarray(at));
}
