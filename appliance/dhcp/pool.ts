/** Who has which address: every lease in memory, offers that wait for a request, and where the next address comes from. */
import type { LeaseRow } from '../store/leases.ts';
import { addressLists, addressState, type AddressLists, type AddressState } from './address-lists.ts';
import { addressSpace, type AddressRange, type AddressSpace } from './address-space.ts';
import { circuitLeases, type Circuit } from './circuit-leases.ts';
import type { ClientRequest } from './request.ts';

/** The addresses of one network. */
export interface PoolAddresses {
  readonly ranges: readonly AddressRange[];
  /** Those in the ranges that are taken by somebody (router, the box). */
  readonly excluded: ReadonlySet<number>;
  /** MAC to its address, inside the ranges or not; nobody else gets it. */
  readonly reserved: ReadonlyMap<string, number>;
  /** Offers that wait for their client; the oldest gives way to a new one. */
  readonly maxOffers: number;
}

/** Leases belong to `client`, reservations to `mac`. */
export type Claimant = Pick<ClientRequest, 'client' | 'mac'>;

/** An address is kept this long for a client that was offered it and has not asked for it yet. */
export const offerMs = 60_000;
/** A client that wants an offer has asked for it by then. */
const promptMs = 2000;
/** What was found out about an address counts this long. */
const checkedMs = 300_000;
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
  readonly #space: AddressSpace;
  readonly #reserved: ReadonlyMap<string, number>;
  /** MAC by index. */
  readonly #reservedFor = new Map<number, string>();
  readonly #lists: AddressLists;
  readonly #slots: Slot[];
  /** Index of the address that a client has, had last or was offered. */
  readonly #byClient = new Map<string, number>();
  readonly #circuits = circuitLeases();
  /** 1 where the lease is counted there. */
  readonly #isCounted: Uint8Array;
  readonly #maxOffers: number;
  /** Until when, by index. */
  readonly #checked = new Map<number, number>();
  #nextSearch = 0;

  constructor(
    { ranges, excluded, reserved, maxOffers }: PoolAddresses,
    rows: readonly LeaseRow[],
    now: number,
  ) {
    const outside = [...reserved.values()].map((ip) => ({ first: ip, last: ip }));
    this.#space = addressSpace([...ranges, ...outside]);
    this.#reserved = reserved;
    this.#maxOffers = maxOffers;
    this.#isCounted = new Uint8Array(this.#space.size);
    this.#lists = addressLists(this.#space.size);
    this.#slots = Array.from({ length: this.#space.size }, () => freshSlot);
    for (const ip of excluded) {
      const at = this.#space.indexOf(ip);
      if (at !== undefined) this.#lists.move(at, addressState.excluded);
    }
    for (const [mac, ip] of reserved) {
      const at = this.#indexOf(ip);
      if (at === undefined) continue;
      this.#reservedFor.set(at, mac);
      this.#lists.move(at, addressState.reserved);
    }
    for (const row of rows.toSorted((a, b) => a.expires_at - b.expires_at)) {
      const at = this.#indexOf(row.ip);
      if (at !== undefined) this.#put(at, { row, offer: undefined }, now);
    }
  }

  /** Addresses known to be free; a lease that ended counts from when its address was looked for. */
  get free(): number {
    const { fresh, idle, checked } = addressState;
    return this.#lists.count(fresh) + this.#lists.count(idle) + this.#lists.count(checked);
  }

  get bound(): number {
    return this.#lists.count(addressState.bound);
  }

  /** Addresses on probation, of all: 0 to 1. */
  probationShare(now: number): number {
    this.#endLeases(now);
    return this.#lists.count(addressState.declined) / this.#space.size;
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
    return this.#slotOf(ip)?.row;
  }

  /** The client's own lease, whatever became of it. */
  leaseOf(client: string): LeaseRow | undefined {
    const at = this.#byClient.get(client);
    const row = at === undefined ? undefined : this.#slots[at]?.row;
    return row?.client === client ? row : undefined;
  }

  /**
   * True when this client and nobody else may have the address now: it has it, was offered it, or nobody wants it. A client
   * with a reservation may have no other address, unless the reserved one is in the hands of somebody else.
   */
  isOpenTo(ip: number, { client, mac }: Claimant, now: number): boolean {
    const at = this.#indexOf(ip);
    if (at === undefined) return false;
    const owner = this.#reservedFor.get(at);
    if (owner !== undefined) return owner === mac && this.#isFreeFor(at, client, now);
    return this.#reservationOf({ client, mac }, now) === undefined && this.#isFreeFor(at, client, now);
  }

  /** True when the client has it by lease or offer. */
  isHeldBy(ip: number, client: string, now: number): boolean {
    const { row, offer } = this.#slotOf(ip) ?? freshSlot;
    return offer !== undefined && offer.until > now ? offer.client === client : row?.client === client;
  }

  /** Addresses that nothing answered for a short while ago: new clients get them first. */
  checked(now: number): number {
    for (const [at, until] of this.#checked) {
      if (until > now) break;
      this.#put(at, this.#slots[at] ?? freshSlot, now);
    }
    return this.#checked.size;
  }

  /** The next address to ask after; each comes again when all others have come. Undefined when there is none. */
  nextUnchecked(): number | undefined {
    const { fresh, idle } = addressState;
    const at = this.#lists.oldest(fresh) ?? this.#lists.oldest(idle);
    if (at === undefined) return undefined;
    this.#lists.move(at, this.#lists.stateOf(at));
    return this.#space.addressAt(at);
  }

  /** Nothing answered for it. Does nothing for an address that somebody got meanwhile. */
  setChecked(ip: number, now: number): void {
    const at = this.#indexOf(ip);
    if (at === undefined || !this.#isUnused(at)) return;
    this.#lists.move(at, addressState.checked);
    this.#checked.set(at, now + checkedMs);
  }

  /** True for an address that no client has, was offered, or waits for. */
  isUnused(ip: number): boolean {
    const at = this.#indexOf(ip);
    return at !== undefined && this.#isUnused(at);
  }

  /** Leases that run on this circuit. */
  countOnCircuit(circuit: Circuit, now: number): number {
    this.#endLeases(now);
    return this.#circuits.count(circuit);
  }

  /** The client took another server's offer. */
  withdraw(client: string, now: number): void {
    const at = this.#byClient.get(client);
    const slot = at === undefined ? undefined : this.#slots[at];
    if (at !== undefined && slot?.offer?.client === client)
      this.#put(at, { row: slot.row, offer: undefined }, now);
  }

  /**
   * An address for this client, kept for it for {@link offerMs}: the one reserved for it, else the one it has or had, else
   * the one it asks for, else one that depends on the client alone, else any. Undefined when there is none.
   */
  offer(claimant: Claimant, wanted: number | undefined, now: number): number | undefined {
    this.#endOffers(now);
    const at = this.#choose(claimant, wanted, now);
    if (at === undefined) return undefined;
    const { client } = claimant;
    this.#leaveOther(at, client, now);
    const { row } = this.#slots[at] ?? freshSlot;
    this.#put(at, { row, offer: { client, until: now + offerMs } }, now);
    return this.#space.addressAt(at);
  }

  /** Makes the row what is known of its address, and its client's only address. */
  save(row: LeaseRow, now: number): Undo {
    const at = this.#indexOf(row.ip);
    if (at === undefined) throw new RangeError(`${row.ip} is no address of this pool`);
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

  /** All times are told by a clock that was set. */
  shift(ms: number): void {
    this.#nextSearch = 0;
    for (const [at, until] of this.#checked) this.#checked.set(at, until + ms);
    for (const [at, { row, offer }] of this.#slots.entries()) {
      if (row === undefined && offer === undefined) continue;
      this.#slots[at] = {
        row: row && { ...row, started_at: row.started_at + ms, expires_at: row.expires_at + ms },
        offer: offer && { ...offer, until: offer.until + ms },
      };
    }
  }

  /** What the client had ended and is offered to somebody else: it would come back as a second address of this client. */
  #leaveOther(at: number, client: string, now: number): void {
    const own = this.#byClient.get(client);
    const slot = own === undefined ? undefined : this.#slots[own];
    if (own !== undefined && own !== at && slot !== undefined)
      this.#put(own, withoutClient(slot, client), now);
  }

  /** Undefined for an address that this pool may not give. */
  #indexOf(ip: number): number | undefined {
    const at = this.#space.indexOf(ip);
    return at === undefined || this.#lists.stateOf(at) === addressState.excluded ? undefined : at;
  }

  #isUnused(at: number): boolean {
    const state = this.#lists.stateOf(at);
    return state === addressState.fresh || state === addressState.idle;
  }

  #slotOf(ip: number): Slot | undefined {
    const at = this.#indexOf(ip);
    return at === undefined ? undefined : this.#slots[at];
  }

  #isFreeFor(at: number, client: string, now: number): boolean {
    const { row, offer } = this.#slots[at] ?? freshSlot;
    if (offer !== undefined && offer.until > now) return offer.client === client;
    if (row === undefined || row.client === client) return true;
    return row.state === 'released' || row.expires_at <= now;
  }

  /** Index of the address reserved for the client, when it can have it now. */
  #reservationOf({ client, mac }: Claimant, now: number): number | undefined {
    const ip = this.#reserved.get(mac);
    const at = ip === undefined ? undefined : this.#indexOf(ip);
    return at !== undefined && this.#isFreeFor(at, client, now) ? at : undefined;
  }

  /** The only place where an address changes. */
  #put(at: number, slot: Slot, now: number): void {
    const before = this.#slots[at] ?? freshSlot;
    for (const client of [before.row?.client, before.offer?.client]) {
      if (client !== undefined && client !== null && this.#byClient.get(client) === at)
        this.#byClient.delete(client);
    }
    this.#uncount(at);
    this.#checked.delete(at);
    this.#slots[at] = slot;
    this.#lists.move(at, this.#stateOf(at, slot, now));
    const { row } = slot;
    if (row?.state === 'bound' && row.circuit_id !== null && row.expires_at > now) {
      this.#circuits.add(row);
      this.#isCounted[at] = 1;
    }
    for (const client of [slot.row?.client, slot.offer?.client]) {
      if (client !== undefined && client !== null) this.#byClient.set(client, at);
    }
  }

  #choose(claimant: Claimant, wanted: number | undefined, now: number): number | undefined {
    const reserved = this.#reservationOf(claimant, now);
    if (reserved !== undefined) return reserved;
    const { client } = claimant;
    const own = this.#byClient.get(client);
    if (own !== undefined && !this.#reservedFor.has(own) && this.#isFreeFor(own, client, now)) return own;
    if (wanted !== undefined && this.isOpenTo(wanted, claimant, now)) return this.#indexOf(wanted);
    const usual = usualPlace(client, this.#slots.length);
    // In a storm no checked ones are left: an offer doesn't wait for that.
    for (const state of [addressState.checked, addressState.fresh]) {
      if (this.#lists.count(state) === 0) continue;
      return this.#lists.stateOf(usual) === state ? usual : this.#lists.oldest(state);
    }
    this.#endLeases(now);
    return this.#lists.oldest(addressState.idle) ?? this.#offerInVain(now);
  }

  /** Phones take an offer at once: a flood of questions must not hold the last addresses for a minute. */
  #offerInVain(now: number): number | undefined {
    const at = this.#lists.oldest(addressState.offered);
    const slot = at === undefined ? undefined : this.#slots[at];
    if (at === undefined || slot?.offer === undefined || this.#reservedFor.has(at)) return undefined;
    const isPrompt = slot.offer.until - offerMs + promptMs > now;
    const state = this.#stateOf(at, { row: slot.row, offer: undefined }, now);
    return isPrompt || state === addressState.bound || state === addressState.declined ? undefined : at;
  }

  #endOffers(now: number): void {
    for (;;) {
      const at = this.#lists.oldest(addressState.offered);
      const slot = at === undefined ? undefined : this.#slots[at];
      if (at === undefined || slot === undefined) return;
      const isTooMany = this.#lists.count(addressState.offered) >= this.#maxOffers;
      if ((slot.offer?.until ?? 0) > now && !isTooMany) return;
      this.#put(at, { row: slot.row, offer: undefined }, now);
    }
  }

  /** Leases end in the order in which they were given, as long as nobody changes how long they last. */
  #endLeases(now: number): void {
    for (const state of [addressState.bound, addressState.declined]) {
      for (;;) {
        const at = this.#lists.oldest(state);
        if (at === undefined || !this.#isOver(at, now)) break;
        this.#end(at);
      }
    }
    if (this.#lists.count(addressState.idle) > 0 || now < this.#nextSearch) return;
    this.#nextSearch = now + searchEveryMs;
    for (let at = 0; at < this.#slots.length; at += 1) {
      const state = this.#lists.stateOf(at);
      if ((state === addressState.bound || state === addressState.declined) && this.#isOver(at, now)) {
        this.#end(at);
      }
    }
  }

  #uncount(at: number): void {
    const row = this.#slots[at]?.row;
    if (this.#isCounted[at] === 1 && row !== undefined) this.#circuits.remove(row);
    this.#isCounted[at] = 0;
  }

  #end(at: number): void {
    this.#uncount(at);
    this.#lists.move(at, this.#reservedFor.has(at) ? addressState.reserved : addressState.idle);
  }

  #stateOf(at: number, { row, offer }: Slot, now: number): AddressState {
    if (offer !== undefined) return addressState.offered;
    const isRunning = row !== undefined && row.state !== 'released' && row.expires_at > now;
    if (isRunning) return row.state === 'declined' ? addressState.declined : addressState.bound;
    if (this.#reservedFor.has(at)) return addressState.reserved;
    return row === undefined ? addressState.fresh : addressState.idle;
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

/**
 * From the last three bytes of MAC or identifier: the same client finds the same address even after all was lost, phones of
 * one delivery, whose MACs follow each other, get different ones, and their rows lie side by side in the database.
 */
function usualPlace(client: string, size: number): number {
  const tail = Number.parseInt(client.replaceAll(':', '').slice(-6), 16);
  return Number.isNaN(tail) ? 0 : tail % size;
}
