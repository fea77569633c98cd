/** What became of each address: whose it is or was, who was offered it, and when that ends. Addresses are told by number. */
import type { Tenure } from '../store/leases.ts';
import { addressLists, addressState, type AddressLists, type AddressState } from './address-lists.ts';
import type { AddressSpace } from './address-space.ts';
import { circuitLeases, type Circuit, type CircuitLeases } from './circuit-leases.ts';
import { openTenures, type Tenures } from './tenures.ts';

export interface Offer {
  readonly client: string;
  /** ms since 1970. */
  readonly until: number;
}

export interface Slot {
  /** Undefined for an address that nobody ever had. */
  readonly tenure: Tenure | undefined;
  readonly offer: Offer | undefined;
}

interface LedgerOptions {
  /** MAC by address. */
  readonly reservedFor: ReadonlyMap<number, string>;
  /** Offers that wait for their client; the oldest gives way to a new one. */
  readonly maxOffers: number;
  readonly countsCircuits: boolean;
}

/** After exhaustion the leases are looked through for ended ones out of order at most this often. */
const searchEveryMs = 1000;

export class Ledger {
  readonly lists: AddressLists;
  readonly #tenures: Tenures;
  readonly #offers = new Map<number, Offer>();
  /** The address that a client has, had last or was offered. */
  readonly #byClient = new Map<string, number>();
  readonly #circuits: CircuitLeases | undefined;
  /** 1 where the lease is counted there. */
  readonly #isCounted: Uint8Array;
  readonly #size: number;
  readonly #reservedFor: ReadonlyMap<number, string>;
  readonly #maxOffers: number;
  #nextSearch = 0;

  constructor(space: AddressSpace, { reservedFor, maxOffers, countsCircuits }: LedgerOptions) {
    this.#size = space.size;
    this.#reservedFor = reservedFor;
    this.#maxOffers = maxOffers;
    this.#circuits = countsCircuits ? circuitLeases() : undefined;
    this.#isCounted = new Uint8Array(countsCircuits ? space.size : 0);
    this.#tenures = openTenures(space, countsCircuits);
    this.lists = addressLists(space.size);
  }

  tenureAt(at: number): Tenure | undefined {
    return this.#tenures.at(at);
  }

  offerAt(at: number): Offer | undefined {
    return this.#offers.get(at);
  }

  slotAt(at: number): Slot {
    return { tenure: this.#tenures.at(at), offer: this.#offers.get(at) };
  }

  addressOf(client: string): number | undefined {
    return this.#byClient.get(client);
  }

  clientAt(at: number): string | null | undefined {
    return this.#tenures.clientAt(at);
  }

  isFreeFor(at: number, client: string, now: number): boolean {
    const offer = this.#offers.get(at);
    if (offer !== undefined && offer.until > now) return offer.client === client;
    return this.#tenures.clientAt(at) === client || this.#tenures.runningState(at, now) === undefined;
  }

  /** Leases that run on this circuit. */
  countOnCircuit(circuit: Circuit, now: number): number {
    this.endLeases(now);
    return this.#circuits?.count(circuit) ?? 0;
  }

  /** What is known of the address alone: an offer of it ends. */
  setTenure(at: number, tenure: Tenure | undefined, now: number): void {
    for (const client of [this.#tenures.clientAt(at), this.#offers.get(at)?.client]) {
      if (typeof client === 'string' && client !== tenure?.client) this.#forget(client, at);
    }
    this.#uncount(at);
    this.#tenures.set(at, tenure);
    this.#offers.delete(at);
    this.#sort(at, now);
    if (tenure === undefined) return;
    this.#count(at, tenure, now);
    if (tenure.client !== null) this.#byClient.set(tenure.client, at);
  }

  /** What is known of the address stays; undefined ends the offer. */
  setOffer(at: number, offer: Offer | undefined, now: number): void {
    const before = this.#offers.get(at)?.client;
    if (before !== undefined && before !== offer?.client && before !== this.#tenures.clientAt(at))
      this.#forget(before, at);
    if (this.#tenures.isOver(at, now)) this.#uncount(at);
    if (offer === undefined) this.#offers.delete(at);
    else {
      this.#offers.set(at, offer);
      this.#byClient.set(offer.client, at);
    }
    this.#sort(at, now);
  }

  put(at: number, { tenure, offer }: Slot, now: number): void {
    this.setTenure(at, tenure, now);
    if (offer !== undefined) this.setOffer(at, offer, now);
  }

  /** The client has it no longer, nor comes back to it. */
  leave(at: number, client: string, now: number): void {
    const { tenure, offer } = this.slotAt(at);
    this.put(
      at,
      {
        tenure: tenure?.client === client ? undefined : tenure,
        offer: offer?.client === client ? undefined : offer,
      },
      now,
    );
  }

  /** The state that the address would have without its offer. */
  stateUnoffered(at: number, now: number): AddressState {
    const running = this.#tenures.runningState(at, now);
    if (running !== undefined) return addressState[running];
    if (this.#reservedFor.has(at)) return addressState.reserved;
    return this.#tenures.clientAt(at) === undefined ? addressState.fresh : addressState.idle;
  }

  endOffers(now: number): void {
    for (;;) {
      const at = this.lists.oldest(addressState.offered);
      if (at === undefined) return;
      const isTooMany = this.lists.count(addressState.offered) >= this.#maxOffers;
      if ((this.#offers.get(at)?.until ?? 0) > now && !isTooMany) return;
      this.setOffer(at, undefined, now);
    }
  }

  /** Leases end in the order in which they were given, as long as nobody changes how long they last. */
  endLeases(now: number): void {
    for (const state of [addressState.bound, addressState.declined]) {
      for (;;) {
        const at = this.lists.oldest(state);
        if (at === undefined || !this.#tenures.isOver(at, now)) break;
        this.#end(at);
      }
    }
    if (this.lists.count(addressState.idle) > 0 || now < this.#nextSearch) return;
    this.#nextSearch = now + searchEveryMs;
    for (let at = 0; at < this.#size; at += 1) {
      const state = this.lists.stateOf(at);
      const mayEnd = state === addressState.bound || state === addressState.declined;
      if (mayEnd && this.#tenures.isOver(at, now)) this.#end(at);
    }
  }

  /** All times are told by a clock that was set. */
  shift(ms: number): void {
    this.#nextSearch = 0;
    this.#tenures.shift(ms);
    for (const [at, { client, until }] of this.#offers) this.#offers.set(at, { client, until: until + ms });
  }

  #end(at: number): void {
    this.#uncount(at);
    this.lists.move(at, this.#reservedFor.has(at) ? addressState.reserved : addressState.idle);
  }

  #sort(at: number, now: number): void {
    this.lists.move(at, this.#offers.has(at) ? addressState.offered : this.stateUnoffered(at, now));
  }

  #forget(client: string, at: number): void {
    if (this.#byClient.get(client) === at) this.#byClient.delete(client);
  }

  #count(at: number, tenure: Tenure, now: number): void {
    const { state, circuit_id, expires_at } = tenure;
    if (this.#circuits === undefined || state !== 'bound' || circuit_id === null || expires_at <= now) return;
    this.#circuits.add(tenure);
    this.#isCounted[at] = 1;
  }

  #uncount(at: number): void {
    if (this.#isCounted[at] !== 1) return;
    const tenure = this.#tenures.at(at);
    if (tenure !== undefined) this.#circuits?.remove(tenure);
    this.#isCounted[at] = 0;
  }
}
