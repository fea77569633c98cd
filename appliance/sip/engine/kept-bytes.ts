/** Node cuts small buffers from a shared piece of memory, which lives as long as the last of them: one that stays gets its own. */
export function keptBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
