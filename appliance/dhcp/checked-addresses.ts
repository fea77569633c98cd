/** Free addresses that nothing answered for a short while ago: new clients get them first. */
import { addressState, type AddressLists } from './address-lists.ts';

export interface CheckedAddresses {
  /** How many there are; those whose time is over are found by `expire` first. */
  count(now: number, expire: (at: number) => void): number;
  add(at: number, now: number): void;
  shift(ms: number): void;
}

/** What was found out about an address counts this long. */
const checkedMs = 300_000;

export function checkedAddresses(lists: AddressLists): CheckedAddresses {
  /** Until when; in the order of time, and also those that somebody got meanwhile. */
  const checked = new Map<number, number>();
  return {
    count: (now, expire) => {
      for (const [at, until] of checked) {
        const isChecked = lists.stateOf(at) === addressState.checked;
        if (isChecked && until > now) break;
        checked.delete(at);
        if (isChecked) expire(at);
      }
      return lists.count(addressState.checked);
    },
    add: (at, now) => {
      checked.delete(at);
      checked.set(at, now + checkedMs);
      lists.move(at, addressState.checked);
    },
    shift: (ms) => {
      for (const [at, until] of checked) checked.set(at, until + ms);
    },
  };
}
