/** Node cuts small buffers from a shared piece of memory, which lives as long as the last of them: one that stays gets its own. */
export function keptBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** A piece of a message's text, or a text put together from such pieces, keeps the whole message: one that stays is copied out. */
export function keptText(text: string): string {
  return Buffer.from(text).toString();
}
