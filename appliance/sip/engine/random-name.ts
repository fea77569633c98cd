/** Names that nobody can guess. `randomUUID` makes each of twenty pieces of text, which stay as long as the name does. */
import { randomFillSync } from 'node:crypto';

/** Asking the system for each would cost more than all else. */
const pool = Buffer.alloc(4096);
let taken = pool.length;

/** Hexadecimal, two digits a byte. */
export function randomName(bytes = 16): string {
  if (taken + bytes > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  taken += bytes;
  return pool.toString('hex', taken - bytes, taken);
}
