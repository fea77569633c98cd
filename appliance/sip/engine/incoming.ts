/** Requests from the network that are not forgotten yet: the application works on them, or they may come again. */
import type { SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import { headerValue, tagOf, withHeader } from '../../protocol/sip-headers.ts';
import { composeResponse, tagHeader } from './compose.ts';
import type { RequestEvent } from './core.ts';
import type { Dialog } from './dialog.ts';
import type { Flow } from './flow.ts';
import type { ServerTransaction } from './server-transaction.ts';
import type { Timer } from './timers.ts';

export interface Incoming {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly transaction: ServerTransaction;
  readonly cseq: number;
  readonly fromTag: string | undefined;
  readonly localTag: string;
  /** That an INVITE has begun, by our tag in each: of the last one that was told something `dialog` says. */
  readonly begun: Map<string, Dialog>;
  /** What the application is told. */
  readonly callId: string;
  dialog: Dialog | undefined;
  deadline: Timer | undefined;
  /** Its provisional answer is said once more. */
  again: Timer | undefined;
}

export class IncomingRequests {
  readonly #byId = new Map<string, Incoming>();
  readonly #byTransaction = new Map<ServerTransaction, Incoming>();

  add(incoming: Incoming): void {
    this.#byId.set(incoming.id, incoming);
    this.#byTransaction.set(incoming.transaction, incoming);
  }

  byId(id: string): Incoming | undefined {
    return this.#byId.get(id);
  }

  of(transaction: ServerTransaction): Incoming | undefined {
    return this.#byTransaction.get(transaction);
  }

  /** INVITEs without a final answer. */
  waitingInvites(fits: (incoming: Incoming) => boolean): Incoming[] {
    return Array.from(this.#byId.values()).filter(
      (incoming) =>
        incoming.request.method === 'INVITE' && !incoming.transaction.isAnswered && fits(incoming),
    );
  }

  forget(transaction: ServerTransaction): void {
    const incoming = this.#byTransaction.get(transaction);
    if (incoming === undefined) return;
    incoming.deadline?.cancel();
    incoming.again?.cancel();
    this.#byTransaction.delete(transaction);
    this.#byId.delete(incoming.id);
  }
}

/** With all that the stack puts into it. */
export function completed({ request, flow, localTag }: Incoming, given: SipResponse): SipResponse {
  return composeResponse(given, request, { flow, toTag: givenTag(given) ?? localTag });
}

/** The application may name one, as drachtio's may in To. That of a request which has one stays. */
function givenTag(given: SipResponse): string | undefined {
  const to = headerValue(given, 'To');
  return headerValue(given, tagHeader) ?? (to === undefined ? undefined : tagOf(to));
}

/** What the application hears: of the request itself, or of the CANCEL that ends it. */
export function requestEvent(incoming: Incoming, request = incoming.request): RequestEvent {
  const { callId } = incoming;
  const isItsOwn = headerValue(request, 'Call-ID') === callId;
  return {
    request: isItsOwn ? request : { ...request, headers: withHeader(request.headers, 'Call-ID', [callId]) },
    source: 'network',
    flow: incoming.flow,
    transactionId: incoming.id,
    dialogId: incoming.dialog?.id ?? '',
  };
}
