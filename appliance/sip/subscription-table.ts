/** Subscriptions that phones hold upstream, such as for waiting messages, and what is left of a call that one end was sent on from. In memory: a phone subscribes again by itself. */
import type { LegName } from '../protocol/media-control.ts';
import type { LiveCall } from './call-table.ts';
import type { BindingRow } from '../store/bindings.ts';

export interface Subscription extends Partial<Pick<LiveCall, 'callee' | 'isLocal' | 'refers'>> {
  readonly binding: BindingRow;
  readonly dialogs: Partial<Record<LegName, string>>;
  /** Resolved when the phone has been answered: before that it can't be told anything in its dialog. */
  readonly answered: { readonly promise: Promise<void>; resolve(): void };
  /** ms, by a clock that nobody sets. */
  endsAt: number;
}

export interface Subscriptions {
  readonly size: number;
  byDialog(dialogId: string): Subscription | undefined;
  ofPhone(token: string): number;
  setDialog(subscription: Subscription, leg: LegName, dialogId: string): void;
  remove(subscription: Subscription): void;
  /** Forgets those that have run out. */
  sweep(now: number): void;
}

export function newSubscriptions(): Subscriptions {
  const all = new Set<Subscription>();
  const dialogs = new Map<string, Subscription>();
  const remove = (subscription: Subscription) => {
    all.delete(subscription);
    for (const dialogId of Object.values(subscription.dialogs)) {
      if (dialogs.get(dialogId) === subscription) dialogs.delete(dialogId);
    }
  };
  return {
    get size() {
      return all.size;
    },
    byDialog: (dialogId) => dialogs.get(dialogId),
    ofPhone: (token) => Array.from(all).filter(({ binding }) => binding.token === token).length,
    setDialog: (subscription, leg, dialogId) => {
      all.add(subscription);
      subscription.dialogs[leg] = dialogId;
      dialogs.set(dialogId, subscription);
    },
    remove,
    sweep: (now) => {
      for (const subscription of all) if (subscription.endsAt < now) remove(subscription);
    },
  };
}
