/** Node cuts small buffers from a shared piece of memory, which lives as long as the last of them: one that stays gets its own. */
export function keptBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/**
 * A message that may be sent again for half a minute: as text of one character a byte it costs its length, where bytes are three objects
 * more and memory of their own.
 */
export function keptMessage(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function keptAgain(message: string): Uint8Array {
  return Buffer.from(message, 'latin1');
}

/** A piece of a message's text, or a text put together from such pieces, keeps the whole message: one that stays is copied out. */
export function keptText(text: string): string {
  return Buffer.from(text).toString();
}
