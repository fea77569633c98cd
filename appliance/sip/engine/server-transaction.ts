/** Server transactions: RFC 3261 section 17.2, for INVITE as corrected by RFC 6026. */
import { encodeSipMessage, type SipResponse } from '../../protocol/sip-message.ts';
import { isReliable, type Flow } from './flow.ts';
import { keptAgain, keptMessage } from './kept-bytes.ts';
import { t1, t2, t4 } from './timer-values.ts';
import type { Timer, TimerQueue } from './timers.ts';

export interface ServerUser {
  /** No ACK came for a refusal (timer H). The transaction ends. */
  onTimeout(): void;
  /** Called once, after everything else. */
  onEnd(): void;
}

/** It doesn't keep its request: finished ones stay for half a minute, and there are many. */
export interface ServerTransaction {
  readonly flow: Flow;
  /** Of our answers. */
  readonly localTag: string;
  /** True once a final response was given. */
  readonly isAnswered: boolean;
  /** Further finals are ignored. */
  respond(response: SipResponse): void;
  /** The same request came again. */
  repeat(): void;
  abandon(): void;
}

type Start = { flow: Flow; localTag: string; timers: TimerQueue };

/** Section 17.2.1 and RFC 6026 section 7.1. A 2xx is repeated by the dialog, not here. */
export class InviteServerTransaction implements ServerTransaction {
  readonly flow: Flow;
  readonly localTag: string;
  readonly #user: ServerUser;
  readonly #timers: TimerQueue;
  #state: 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated' = 'proceeding';
  #last: string | undefined;
  #repeat: Timer | undefined;
  #end: Timer | undefined;

  constructor(at: Start, user: ServerUser) {
    this.flow = at.flow;
    this.localTag = at.localTag;
    this.#timers = at.timers;
    this.#user = user;
  }

  get isAnswered(): boolean {
    return this.#state !== 'proceeding';
  }

  /** A refusal was sent: the ACK to it belongs here, and not to a dialog. */
  get isRefused(): boolean {
    return this.#state === 'completed' || this.#state === 'confirmed';
  }

  respond(response: SipResponse): void {
    if (this.#state !== 'proceeding') return;
    const isSuccess = response.status >= 200 && response.status <= 299;
    const bytes = encodeSipMessage(response);
    this.#last = isSuccess ? undefined : keptMessage(bytes);
    if (response.status >= 300) {
      this.#state = 'completed';
      if (!isReliable(this.flow)) this.#repeatFrom(t1);
      this.#end = this.#timers.after(64 * t1, () => {
        this.#user.onTimeout();
        this.abandon();
      }); // H
    } else if (isSuccess) {
      this.#state = 'accepted';
      this.#end = this.#timers.after(64 * t1, () => this.abandon()); // L
    }
    this.flow.send(bytes);
  }

  repeat(): void {
    if (this.#last !== undefined && (this.#state === 'proceeding' || this.#state === 'completed')) {
      this.flow.send(keptAgain(this.#last));
    }
  }

  /** An ACK that belongs to the transaction, that is to a refusal. */
  acknowledge(): void {
    if (this.#state !== 'completed') return;
    this.#state = 'confirmed';
    this.#repeat?.cancel();
    this.#end?.cancel();
    this.#end = this.#timers.after(isReliable(this.flow) ? 0 : t4, () => this.abandon()); // I
  }

  abandon(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#repeat?.cancel();
    this.#end?.cancel();
    this.#user.onEnd();
  }

  /** Timer G. */
  #repeatFrom(ms: number): void {
    this.#repeat = this.#timers.after(ms, () => {
      this.#repeatFrom(Math.min(ms * 2, t2));
      this.repeat();
    });
  }
}

/** Section 17.2.2. */
export class NonInviteServerTransaction implements ServerTransaction {
  readonly flow: Flow;
  readonly localTag: string;
  readonly #user: ServerUser;
  readonly #timers: TimerQueue;
  #state: 'trying' | 'proceeding' | 'completed' | 'terminated' = 'trying';
  #last: string | undefined;
  #end: Timer | undefined;

  constructor(at: Start, user: ServerUser) {
    this.flow = at.flow;
    this.localTag = at.localTag;
    this.#timers = at.timers;
    this.#user = user;
  }

  get isAnswered(): boolean {
    return this.#state === 'completed' || this.#state === 'terminated';
  }

  respond(response: SipResponse): void {
    if (this.isAnswered) return;
    const bytes = encodeSipMessage(response);
    this.#last = keptMessage(bytes);
    this.#state = response.status < 200 ? 'proceeding' : 'completed';
    if (response.status >= 200) {
      this.#end = this.#timers.after(isReliable(this.flow) ? 0 : 64 * t1, () => this.abandon()); // J
    }
    this.flow.send(bytes);
  }

  repeat(): void {
    if (this.#last !== undefined && this.#state !== 'terminated') this.flow.send(keptAgain(this.#last));
  }

  abandon(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#end?.cancel();
    this.#user.onEnd();
  }
}
