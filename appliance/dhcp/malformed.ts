/** Who sends what can't be read: a row of the journal each, with the first thing that was wrong, however much comes. */
import type { DecodeError } from '../protocol/bytes.ts';
import { formatMac } from '../protocol/mac.ts';
import type { JournalEntry } from '../store/journal.ts';
import { isStation } from './request.ts';
import type { Heard } from './socket.ts';

/** As long as repeats are counted on one row of the journal. */
const windowMs = 600_000;
/** Whoever makes senders up gets one row for all that come after these. */
const mostSenders = 16;

export class MalformedSenders {
  readonly #told = new Map<string, { readonly entry: JournalEntry; readonly until: number }>();

  /** The same entry for all that one sender gets wrong in ten minutes, so that the journal counts it. */
  entryOf(heard: Heard, error: DecodeError, now: number): JournalEntry {
    for (const [key, { until }] of this.#told)
      if (now >= until || now < until - windowMs) this.#told.delete(key);
    const mac = macIn(heard.bytes);
    const from = heard.from.address === '0.0.0.0' ? undefined : heard.from.address;
    // A machine with an address may make up as many MACs as it likes.
    const key = `${heard.card} ${from ?? mac}`;
    const told = this.#told.get(key)?.entry;
    if (told !== undefined) return told;
    if (this.#told.size >= mostSenders)
      return {
        kind: 'malformed',
        body: { reason: 'too many senders to tell apart', from: 'many', card: heard.card },
      };
    const entry = { kind: 'malformed', mac, body: { reason: error.message, from, card: heard.card } };
    this.#told.set(key, { entry, until: now + windowMs });
    return entry;
  }
}

/** By the fixed places of RFC 2131: op 1, htype 1, hlen 6, chaddr at byte 28. It is what the message says, no proof. */
function macIn(bytes: Uint8Array): string | undefined {
  const chaddr = bytes.subarray(28, 34);
  const isClient = bytes[0] === 1 && bytes[1] === 1 && bytes[2] === 6;
  return isClient && chaddr.length === 6 && isStation(chaddr) ? formatMac(chaddr) : undefined;
}
