/**
 * Which state each address of a pool is in, as one linked list a state, oldest first: moving an address and finding the
 * oldest of a state take the same time in a pool of ten and of a million.
 */

export const addressState = {
  fresh: 0,
  offered: 1,
  bound: 2,
  idle: 3,
  declined: 4,
  /** Waits for the client that it is reserved for. */
  reserved: 5,
  excluded: 6,
  /** Nobody had it or its lease ended, and nothing answered for it a short while ago. */
  checked: 7,
} as const;

export type AddressState = (typeof addressState)[keyof typeof addressState];

const states = Object.keys(addressState).length;
const none = -1;

export interface AddressLists {
  /** Puts the address last in a state's list. */
  move(at: number, state: AddressState): void;
  stateOf(at: number): AddressState;
  /** The one that has been in this state longest. */
  oldest(state: AddressState): number | undefined;
  count(state: AddressState): number;
}

/** All addresses start fresh. They are numbers from 0 to `size` - 1. */
export function addressLists(size: number): AddressLists {
  const next = new Int32Array(size).fill(none);
  const previous = new Int32Array(size).fill(none);
  const stateAt = new Uint8Array(size);
  const first = new Int32Array(states).fill(none);
  const last = new Int32Array(states).fill(none);
  const counts = new Int32Array(states);

  const unlink = (at: number) => {
    const state = stateAt[at] ?? 0;
    const [before = none, after = none] = [previous[at], next[at]];
    if (before === none) first[state] = after;
    else next[before] = after;
    if (after === none) last[state] = before;
    else previous[after] = before;
    counts[state] = (counts[state] ?? 0) - 1;
  };
  const append = (at: number, state: AddressState) => {
    const before = last[state] ?? none;
    previous[at] = before;
    next[at] = none;
    if (before === none) first[state] = at;
    else next[before] = at;
    last[state] = at;
    stateAt[at] = state;
    counts[state] = (counts[state] ?? 0) + 1;
  };
  for (let at = 0; at < size; at += 1) append(at, addressState.fresh);

  return {
    move: (at, state) => {
      unlink(at);
      append(at, state);
    },
    stateOf: (at) => (stateAt[at] ?? addressState.fresh) as AddressState,
    oldest: (state) => {
      const at = first[state] ?? none;
      return at === none ? undefined : at;
    },
    count: (state) => counts[state] ?? 0,
  };
}
