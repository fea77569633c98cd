/**
 * A NOTIFY may come before the answer to the SUBSCRIBE that it belongs to (RFC 6665 section 4.1.2.4). It waits for that answer, since
 * the application knows the subscription only by it.
 */
import type { Essentials } from '../../protocol/sip-headers.ts';

/** Of one subscription; more is an attack. */
const mostWaiting = 8;

export class EarlyNotifies {
  /** By Call-ID and our tag, while a SUBSCRIBE has no answer. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** Ours is under way. */
  expect({ callId, fromTag }: Essentials): void {
    const key = keyOf(callId, fromTag);
    if (!this.#waiting.has(key)) this.#waiting.set(key, []);
  }

  /** False: there is nothing to wait for. */
  hold({ callId, toTag }: Essentials, goOn: () => void): boolean {
    const waiting = this.#waiting.get(keyOf(callId, toTag));
    if (waiting === undefined || waiting.length >= mostWaiting) return false;
    waiting.push(goOn);
    return true;
  }

  /** It has been answered, and the application was told. */
  release({ callId, fromTag }: Essentials): void {
    const key = keyOf(callId, fromTag);
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const goOn of waiting) goOn();
  }
}

function keyOf(callId: string, ourTag: string | undefined): string {
  return `${callId} ${ourTag ?? ''}`;
}
