/** Client transactions: RFC 3261 section 17.1, for INVITE as corrected by RFC 6026. They own retransmission and nothing else. */
import { credentialsOf } from '../../protocol/sip-challenge.ts';
import { headerLines, headerValue, listValues, withHeader } from '../../protocol/sip-headers.ts';
import { encodeSipMessage, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import { isReliable, type Flow } from './flow.ts';
import { keptText } from './kept-bytes.ts';
import { t1, t2, t4 } from './timer-values.ts';
import type { Timer, TimerQueue } from './timers.ts';

export interface ClientUser {
  /** Every response but repeated provisional-less finals: for INVITE also each repetition of a 2xx. */
  onResponse(response: SipResponse): void;
  /** No final response came in time. The transaction has ended. */
  onTimeout(): void;
  /** Nothing will come any more; called once, after everything else. */
  onEnd(): void;
}

export interface ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Sends the request. Before it nothing happens. */
  start(): void;
  receive(response: SipResponse): void;
  /** Ends it without a word, as when the flow is lost. */
  abandon(): void;
}

/** Section 17.1.1 and RFC 6026 section 7.2. Of an INVITE that was accepted little stays: there are many, for half a minute each. */
export class InviteClientTransaction implements ClientTransaction {
  request: SipRequest;
  readonly flow: Flow;
  readonly #user: ClientUser;
  readonly #timers: TimerQueue;
  #state: 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated' = 'calling';
  #repeat: Timer | undefined;
  #end: Timer | undefined;
  #ack: Uint8Array | undefined;

  constructor(at: { request: SipRequest; flow: Flow; timers: TimerQueue }, user: ClientUser) {
    this.request = at.request;
    this.flow = at.flow;
    this.#timers = at.timers;
    this.#user = user;
  }

  get state(): string {
    return this.#state;
  }

  start(): void {
    const bytes = encodeSipMessage(this.request);
    if (!isReliable(this.flow)) this.#repeatFrom(t1, bytes);
    this.#end = this.#timers.after(64 * t1, () => this.#timeout()); // B
    this.flow.send(bytes);
  }

  receive(response: SipResponse): void {
    if (this.#state === 'terminated') return;
    if (this.#state === 'completed') {
      if (response.status >= 300 && this.#ack !== undefined) this.flow.send(this.#ack);
      return;
    }
    if (this.#state === 'accepted') {
      if (response.status >= 200 && response.status < 300) this.#user.onResponse(response);
      return;
    }
    this.#repeat?.cancel();
    this.#end?.cancel();
    if (response.status < 200) {
      this.#state = 'proceeding';
    } else if (response.status < 300) {
      this.#state = 'accepted';
      this.request = shortened(this.request);
      this.#end = this.#timers.after(64 * t1, () => this.abandon()); // M
    } else {
      this.#state = 'completed';
      this.#ack = encodeSipMessage(ackFor(this.request, response));
      this.#end = this.#timers.after(isReliable(this.flow) ? 0 : 64 * t1, () => this.abandon()); // D
      this.flow.send(this.#ack);
    }
    this.#user.onResponse(response);
  }

  /** A provisional response was the last word for too long, or a CANCEL was not obeyed. */
  expire(): void {
    if (this.#state === 'calling' || this.#state === 'proceeding') this.#timeout();
  }

  abandon(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#repeat?.cancel();
    this.#end?.cancel();
    this.#user.onEnd();
  }

  /** Timer A. */
  #repeatFrom(ms: number, bytes: Uint8Array): void {
    this.#repeat = this.#timers.after(ms, () => {
      this.#repeatFrom(ms * 2, bytes);
      this.flow.send(bytes);
    });
  }

  #timeout(): void {
    this.#user.onTimeout();
    this.abandon();
  }
}

/** Section 17.1.2. */
export class NonInviteClientTransaction implements ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #user: ClientUser;
  readonly #timers: TimerQueue;
  #state: 'trying' | 'proceeding' | 'completed' | 'terminated' = 'trying';
  #repeat: Timer | undefined;
  #end: Timer | undefined;

  constructor(at: { request: SipRequest; flow: Flow; timers: TimerQueue }, user: ClientUser) {
    this.request = at.request;
    this.flow = at.flow;
    this.#timers = at.timers;
    this.#user = user;
  }

  start(): void {
    const bytes = encodeSipMessage(this.request);
    if (!isReliable(this.flow)) this.#repeatFrom(t1, bytes);
    this.#end = this.#timers.after(64 * t1, () => this.#timeout()); // F
    this.flow.send(bytes);
  }

  receive(response: SipResponse): void {
    if (this.#state === 'completed' || this.#state === 'terminated') return;
    if (response.status < 200) {
      this.#state = 'proceeding';
    } else {
      this.#state = 'completed';
      this.#repeat?.cancel();
      this.#end?.cancel();
      this.#end = this.#timers.after(isReliable(this.flow) ? 0 : t4, () => this.abandon()); // K
    }
    this.#user.onResponse(response);
  }

  abandon(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#repeat?.cancel();
    this.#end?.cancel();
    this.#user.onEnd();
  }

  /** Timer E: doubling up to T2, and T2 once a provisional response came. */
  #repeatFrom(ms: number, bytes: Uint8Array): void {
    this.#repeat = this.#timers.after(ms, () => {
      this.#repeatFrom(this.#state === 'proceeding' ? t2 : Math.min(ms * 2, t2), bytes);
      this.flow.send(bytes);
    });
  }

  #timeout(): void {
    this.#user.onTimeout();
    this.abandon();
  }
}

/** The ACK to a refusal belongs to the transaction: same branch, To of the response (section 17.1.1.3). */
function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  // Nobody may ask for them again (section 22.1).
  const headers = [...sameTransaction(invite, 'ACK'), ...credentialsOf(invite)];
  return {
    method: 'ACK',
    uri: invite.uri,
    headers: withHeader(headers, 'To', [headerValue(response, 'To') ?? '']),
    body: new Uint8Array(),
  };
}

/** CANCEL has the INVITE's own Via, addresses, number and route (section 9.1). */
export function cancelFor(invite: SipRequest): SipRequest {
  return {
    method: 'CANCEL',
    uri: invite.uri,
    headers: sameTransaction(invite, 'CANCEL'),
    body: new Uint8Array(),
  };
}

const nothing = new Uint8Array();

/** Enough of an INVITE to hang up on another branch that answers it. */
function shortened({ method, uri, headers }: SipRequest): SipRequest {
  const kept = headers.filter(({ name }) => ['From', 'Call-ID', 'CSeq', 'Contact'].includes(name));
  const credentials = credentialsOf({ headers }).map(({ name, value }) => ({ name, value: keptText(value) }));
  return { method, uri: keptText(uri), headers: [...kept, ...credentials], body: nothing };
}

function sameTransaction(invite: SipRequest, method: string): SipRequest['headers'] {
  const copied = (name: string) => headerLines(invite, name).map((value) => ({ name, value }));
  return [
    { name: 'Via', value: listValues(invite, 'Via')[0] ?? '' },
    { name: 'Max-Forwards', value: '70' },
    ...copied('Route'),
    ...copied('From'),
    ...copied('To'),
    ...copied('Call-ID'),
    { name: 'CSeq', value: (headerValue(invite, 'CSeq') ?? '').replace(/\S+$/, method) },
  ];
}
