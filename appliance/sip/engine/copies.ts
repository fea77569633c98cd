/**
 * Copies of one INVITE that a proxy out there sent on several ways (RFC 3261 section 8.2.2.2), which would ring here as often. What
 * comes from a phone or a gateway has no such proxy on its way: a second one is another try, perhaps for help.
 */
import type { Essentials } from '../../protocol/sip-headers.ts';
import type { SipRequest } from '../../protocol/sip-message.ts';
import type { Flow } from './flow.ts';
import { keptText } from './kept-bytes.ts';
import { InviteServerTransaction, type ServerTransaction } from './server-transaction.ts';

interface Asked {
  readonly request: SipRequest;
  readonly essentials: Essentials;
  readonly flow: Flow;
}

export class Copies {
  /** The first of each. */
  readonly #ongoing = new Map<string, ServerTransaction>();

  /** What {@link Copies.isOne} and {@link Copies.forget} are asked by; undefined where there are no copies to look for. */
  name({ request, essentials, flow }: Asked): string | undefined {
    const { callId, cseq, fromTag, toTag } = essentials;
    if (request.method !== 'INVITE' || toTag !== undefined || !flow.isOutbound) return undefined;
    // A call for two lines of a phone comes twice too, for another user each.
    return keptText(`${cseq.number} ${fromTag ?? ''} ${callId} ${request.uri} ${flow.id}`);
  }

  /** Whoever was refused may ask again: only a call that waits for its answer, or has one, is there already. */
  isOne(name: string, transaction: ServerTransaction): boolean {
    const first = this.#ongoing.get(name);
    const isThere = first instanceof InviteServerTransaction && !first.isRefused;
    if (!isThere) this.#ongoing.set(name, transaction);
    return isThere;
  }

  forget(name: string, transaction: ServerTransaction): void {
    if (this.#ongoing.get(name) === transaction) this.#ongoing.delete(name);
  }
}
