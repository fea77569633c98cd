/** What both sides of the stack share, and how they speak with the application. */
import type { Logger } from '../../world.ts';
import type { SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import type { Counters } from './counters.ts';
import type { Dialog, Dialogs } from './dialog.ts';
import type { EarlyNotifies } from './early-notifies.ts';
import type { Flow } from './flow.ts';
import type { OwedByes } from './owed-byes.ts';
import type { LatePracks } from './reliable.ts';
import type { SessionDue } from './session-timer.ts';
import type { TimerQueue } from './timers.ts';
import type { Transactions } from './transactions.ts';
import type { TransportLayer } from './transport.ts';

export interface Core {
  readonly log: Logger;
  readonly timers: TimerQueue;
  readonly counters: Counters;
  readonly transport: Pick<
    TransportLayer,
    'flowFor' | 'nextFlow' | 'flowOfSize' | 'again' | 'order' | 'avoid' | 'listening'
  >;
  readonly transactions: Transactions;
  readonly dialogs: Dialogs;
  readonly latePracks: LatePracks;
  readonly earlyNotifies: EarlyNotifies;
  readonly owedByes: OwedByes;
  readonly application: Application;
  onSession(dialog: Dialog, due: SessionDue): void;
}

/** drachtio-srf, behind its control protocol or in this process. Ids are empty where the protocol wants them so. */
export interface Application extends Partial<AsyncDisposable> {
  /** Connected, and it has given the secret. */
  readonly isReady: boolean;
  /** Of one that is not ready from the beginning. Rejects when it isn't within `timeoutMs`. */
  start?(timeoutMs: number): Promise<void>;
  onRequest(event: RequestEvent): void;
  onResponse(event: ResponseEvent): void;
}

export interface RequestEvent {
  readonly request: SipRequest;
  /** `application`: made by this stack (a BYE after a lost ACK), nobody waits for an answer. */
  readonly source: 'network' | 'application';
  readonly flow: Flow;
  readonly transactionId: string;
  readonly dialogId: string;
}

export interface ResponseEvent {
  readonly response: SipResponse;
  readonly flow: Flow;
  readonly transactionId: string;
  readonly dialogId: string;
}

/** From the application: which of the ids is given says what it is. */
export interface Command {
  readonly request: SipRequest;
  readonly transactionId: string;
  readonly dialogId: string;
  /** The `proxy` option; empty when the request's own target decides. */
  readonly route: string;
}

/** What the application hears about a message that it gave. */
export type Outcome =
  | {
      readonly kind: 'sent';
      readonly message: SipRequest | SipResponse;
      readonly flow: Flow;
      readonly transactionId: string;
      readonly dialogId: string;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** Why an INVITE can't be sent now. */
export const invitePending = 'an INVITE is pending in the dialog';

/** Of the far end that an order is for. drachtio-srf knows it by these words. */
export const unknownDialog = 'unable to find dialog';

export function refused(reason: string): Outcome {
  return { kind: 'refused', reason };
}
