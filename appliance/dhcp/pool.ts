/** Who has which address: every lease in memory, offers that wait for a request, and where the next address comes from. */
import type { LeaseRow } from '../store/leases.ts';
import { addressLists, addressState, type AddressLists } from './address-lists.ts';

/** Addresses first to last, unsigned 32-bit numbers, without those that are taken by somebody (router, the box). */
export interface PoolRange {
  readonly first: number;
  readonly last: number;
  readonly excluded: ReadonlySet<number>;
}

/** An address is kept this long for a client that was offered it and has not asked for it yet. */
export const offerMs = 60_000;
/** After exhaustion the leases are looked through for ended ones out of order at most this often. */
const searchEveryMs = 1000;

interface Slot {
  /** Undefined for an address that nobody ever had. */
  readonly row: LeaseRow | undefined;
  readonly offer: { readonly client: string; readonly until: number } | undefined;
}

const freshSlot: Slot = { row: undefined, offer: undefined };

/** Undoes one change; to be called in reverse order when a commit failed. */
export type Undo = () => void;

export class Pool {
  readonly #range: PoolRange;
  readonly #lists: AddressLists;
  readonly #slots: Slot[];
  /** Index of the address that a client has, had last or was offered. */
  readonly #byClient = new Map<string, number>();
  #nextSearch = 0;

  constructor(range: PoolRange, rows: readonly LeaseRow[], now: number) {
    this.#range = range;
    const size = range.last - range.first + 1;
    this.#lists = addressLists(size);
    this.#slots = Array.from({ length: size }, () => freshSlot);
    for (const ip of range.excluded) {
      if (this.#contains(ip)) this.#lists.move(ip - range.first, addressState.excluded);
    }
    for (const row of rows.toSorted((a, b) => a.expires_at - b.expires_at)) {
      if (this.isServed(row.ip)) this.#put(row.ip - range.first, { row, offer: undefined }, now);
    }
  }

  /** True for an address that this pool may give. */
  isServed(ip: number): boolean {
    return this.#contains(ip) && !this.#range.excluded.has(ip);
  }

  /** Addresses known to be free; a lease that ended counts from when its address was looked for. */
  get free(): number {
    return this.#lists.count(addressState.fresh) + this.#lists.count(addressState.idle);
  }

  get bound(): number {
    return this.#lists.count(addressState.bound);
  }

  /** True when a new client would get nothing. */
  isExhausted(now: number): boolean {
    if (this.free > 0) return false;
    this.#endOffers(now);
    this.#endLeases(now);
    return this.free === 0;
  }

  /** What is known of the address; undefined when nobody ever had it. */
  leaseAt(ip: number): LeaseRow | undefined {
    return this.isServed(ip) ? this.#slots[ip - this.#range.first]?.row : undefined;
  }

  /** The client's own lease, whatever became of it. */
  leaseOf(client: string): LeaseRow | undefined {
    const at = this.#byClient.get(client);
    const row = at === undefined ? undefined : this.#slots[at]?.row;
    return row?.client === client ? row : undefined;
  }

  /** True when this client and nobody else may have the address now: it has it, was offered it, or nobody wants it. */
  isOpenTo(ip: number, client: string, now: number): boolean {
    if (!this.isServed(ip)) return false;
    const { row, offer } = this.#slots[ip - this.#range.first] ?? freshSlot;
    if (offer !== undefined && offer.until > now) return offer.client === client;
    if (row === undefined || row.client === client) return true;
    return row.state === 'released' || row.expires_at <= now;
  }

  /** True when the client has it by lease or offer. */
  isHeldBy(ip: number, client: string, now: number): boolean {
    if (!this.isServed(ip)) return false;
    const { row, offer } = this.#slots[ip - this.#range.first] ?? freshSlot;
    return offer !== undefined && offer.until > now ? offer.client === client : row?.client === client;
  }

  /** The client took another server's offer. */
  withdraw(client: string, now: number): void {
    const at = this.#byClient.get(client);
    const slot = at === undefined ? undefined : this.#slots[at];
    if (at !== undefined && slot?.offer?.client === client)
      this.#put(at, { row: slot.row, offer: undefined }, now);
  }

  /**
   * An address for this client, kept for it for {@link offerMs}: the one it has or had, else the one it asks for, else
   * one that depends on the client alone, else any. Undefined when there is none.
   */
  offer(client: string, wanted: number | undefined, now: number): number | undefined {
    this.#endOffers(now);
    const at = this.#choose(client, wanted, now);
    if (at === undefined) return undefined;
    this.#leaveOther(at, client, now);
    const { row } = this.#slots[at] ?? freshSlot;
    this.#put(at, { row, offer: { client, until: now + offerMs } }, now);
    return at + this.#range.first;
  }

  /** Makes the row what is known of its address, and its client's only address. */
  save(row: LeaseRow, now: number): Undo {
    const at = row.ip - this.#range.first;
    const before = this.#slots[at] ?? freshSlot;
    const other = row.client === null ? undefined : this.#byClient.get(row.client);
    const left = other === undefined || other === at ? undefined : this.#slots[other];
    if (other !== undefined && left !== undefined) this.#put(other, withoutClient(left, row.client), now);
    this.#put(at, { row, offer: undefined }, now);
    return () => {
      this.#put(at, before, now);
      if (other !== undefined && left !== undefined) this.#put(other, left, now);
    };
  }

  /** What the client had ended and is offered to somebody else: it would come back as a second address of this client. */
  #leaveOther(at: number, client: string, now: number): void {
    const own = this.#byClient.get(client);
    const slot = own === undefined ? undefined : this.#slots[own];
    if (own !== undefined && own !== at && slot !== undefined)
      this.#put(own, withoutClient(slot, client), now);
  }

  #contains(ip: number): boolean {
    return ip >= this.#range.first && ip <= this.#range.last;
  }

  /** The only place where an address changes. */
  #put(at: number, slot: Slot, now: number): void {
    const before = this.#slots[at] ?? freshSlot;
    for (const client of [before.row?.client, before.offer?.client]) {
      if (client !== undefined && client !== null && this.#byClient.get(client) === at)
        this.#byClient.delete(client);
    }
    this.#slots[at] = slot;
    this.#lists.move(at, stateOf(slot, now));
    for (const client of [slot.row?.client, slot.offer?.client]) {
      if (client !== undefined && client !== null) this.#byClient.set(client, at);
    }
  }

  #choose(client: string, wanted: number | undefined, now: number): number | undefined {
    const own = this.#byClient.get(client);
    if (own !== undefined && this.isOpenTo(own + this.#range.first, client, now)) return own;
    if (wanted !== undefined && this.isOpenTo(wanted, client, now)) return wanted - this.#range.first;
    if (this.#lists.count(addressState.fresh) > 0) {
      const usual = usualPlace(client, this.#slots.length);
      return this.#lists.stateOf(usual) === addressState.fresh
        ? usual
        : this.#lists.oldest(addressState.fresh);
    }
    this.#endLeases(now);
    return this.#lists.oldest(addressState.idle);
  }

  #endOffers(now: number): void {
    for (;;) {
      const at = this.#lists.oldest(addressState.offered);
      const slot = at === undefined ? undefined : this.#slots[at];
      if (at === undefined || slot === undefined || (slot.offer?.until ?? 0) > now) return;
      this.#put(at, { row: slot.row, offer: undefined }, now);
    }
  }

  /** Leases end in the order in which they were given, as long as nobody changes how long they last. */
  #endLeases(now: number): void {
    for (const state of [addressState.bound, addressState.declined]) {
      for (;;) {
        const at = this.#lists.oldest(state);
        if (at === undefined || !this.#isOver(at, now)) break;
        this.#lists.move(at, addressState.idle);
      }
    }
    if (this.#lists.count(addressState.idle) > 0 || now < this.#nextSearch) return;
    this.#nextSearch = now + searchEveryMs;
    for (let at = 0; at < this.#slots.length; at += 1) {
      const state = this.#lists.stateOf(at);
      if ((state === addressState.bound || state === addressState.declined) && this.#isOver(at, now)) {
        this.#lists.move(at, addressState.idle);
      }
    }
  }

  #isOver(at: number, now: number): boolean {
    const row = this.#slots[at]?.row;
    return row !== undefined && row.expires_at <= now;
  }
}

function withoutClient({ row, offer }: Slot, client: string | null): Slot {
  return {
    row: row?.client === client ? undefined : row,
    offer: offer?.client === client ? undefined : offer,
  };
}

function stateOf({ row, offer }: Slot, now: number) {
  if (offer !== undefined) return addressState.offered;
  if (row === undefined) return addressState.fresh;
  if (row.state === 'released' || row.expires_at <= now) return addressState.idle;
  return row.state === 'declined' ? addressState.declined : addressState.bound;
}

/**
 * From the last three bytes of MAC or identifier: the same client finds the same address even after all was lost, phones of
 * one delivery, whose MACs follow each other, get different ones, and their rows lie side by side in the database.
 */
function usualPlace(client: string, size: number): number {
  const tail = Number.parseInt(client.replaceAll(':', '').slice(-6), 16);
  return Number.isNaN(tail) ? 0 : tail % size;
}
