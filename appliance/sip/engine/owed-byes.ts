/** BYEs that found no connection: they go out once the far end is heard from again, so that nobody sits in a call that is over. */
import type { SipRequest } from '../../protocol/sip-message.ts';
import type { Dialog } from './dialog.ts';
import { isSameParty, type Flow } from './flow.ts';
import type { Timer, TimerQueue } from './timers.ts';

export interface OwedBye {
  readonly dialog: Dialog;
  readonly bye: SipRequest;
  /** Connections whose far end said that it knows no such call: another phone behind the same address. */
  readonly tried: ReadonlySet<Flow>;
}

/** Whoever stays away for longer has noticed the silence. */
const longestMs = 600_000;
const most = 1000;

export class OwedByes {
  readonly #timers: TimerQueue;
  readonly #owed = new Map<Dialog, OwedBye & { readonly end: Timer }>();

  constructor(timers: TimerQueue) {
    this.#timers = timers;
  }

  get size(): number {
    return this.#owed.size;
  }

  /** Beyond a thousand the far end is left to notice by itself. */
  owe(dialog: Dialog, bye: SipRequest, tried: ReadonlySet<Flow> = new Set()): void {
    if (this.#owed.size >= most || this.#owed.has(dialog)) return;
    const end = this.#timers.after(longestMs, () => this.#owed.delete(dialog));
    this.#owed.set(dialog, { dialog, bye, tried, end });
  }

  /** Those for whoever is at the other end of this flow; they are owed no more. `isNext`: it was made after that one was lost. */
  due(flow: Flow, isNext: (lost: Flow) => boolean): OwedBye[] {
    const due = Array.from(this.#owed.values()).filter(
      ({ dialog, tried }) =>
        dialog.flow.transport === flow.transport &&
        isSameParty(flow, dialog.flow) &&
        isNext(dialog.flow) &&
        !tried.has(flow),
    );
    for (const { dialog, end } of due) {
      end.cancel();
      this.#owed.delete(dialog);
    }
    return due;
  }
}
