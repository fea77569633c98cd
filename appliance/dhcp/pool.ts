/** Who may have which address, and where the next one comes from. */
import type { Tenure } from '../store/leases.ts';
import { addressState } from './address-lists.ts';
import { addressSpace, type AddressRange, type AddressSpace } from './address-space.ts';
import { checkedAddresses, type CheckedAddresses } from './checked-addresses.ts';
import type { Circuit } from './circuit-leases.ts';
import { Ledger } from './ledger.ts';
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
  /** Somebody asks for {@link Pool.countOnCircuit}. */
  readonly countsCircuits: boolean;
}

/** Leases belong to `client`, reservations to `mac`. */
export type Claimant = Pick<ClientRequest, 'client' | 'mac'>;

/** An address is kept this long for a client that was offered it and has not asked for it yet. */
export const offerMs = 60_000;
/** A client that wants an offer has asked for it by then. */
const promptMs = 2000;

/** Undoes one change; to be called in reverse order when a commit failed. */
export type Undo = () => void;

export class Pool {
  readonly #space: AddressSpace;
  readonly #reserved: ReadonlyMap<string, number>;
  /** MAC by index. */
  readonly #reservedFor = new Map<number, string>();
  readonly #ledger: Ledger;
  readonly #checked: CheckedAddresses;

  constructor({ ranges, excluded, reserved, ...rules }: PoolAddresses) {
    const outside = [...reserved.values()].map((ip) => ({ first: ip, last: ip }));
    this.#space = addressSpace([...ranges, ...outside]);
    this.#reserved = reserved;
    this.#ledger = new Ledger(this.#space, { ...rules, reservedFor: this.#reservedFor });
    const { lists } = this.#ledger;
    this.#checked = checkedAddresses(lists);
    for (const ip of excluded) {
      const at = this.#space.indexOf(ip);
      if (at !== undefined) lists.move(at, addressState.excluded);
    }
    for (const [mac, ip] of reserved) {
      const at = this.#indexOf(ip);
      if (at === undefined) continue;
      this.#reservedFor.set(at, mac);
      lists.move(at, addressState.reserved);
    }
  }

  /** For the start: what is known of an address, if it is one of this pool. Those that end first come first. */
  remember(tenure: Tenure, now: number): void {
    const at = this.#indexOf(tenure.ip);
    if (at !== undefined) this.#ledger.setTenure(at, tenure, now);
  }

  /** Addresses known to be free; a lease that ended counts from when its address was looked for. */
  get free(): number {
    const { fresh, idle, checked } = addressState;
    const { lists } = this.#ledger;
    return lists.count(fresh) + lists.count(idle) + lists.count(checked);
  }

  get bound(): number {
    return this.#ledger.lists.count(addressState.bound);
  }

  /** Addresses on probation, of all: 0 to 1. */
  probationShare(now: number): number {
    this.#ledger.endLeases(now);
    return this.#ledger.lists.count(addressState.declined) / this.#space.size;
  }

  /** True when a new client would get nothing. */
  isExhausted(now: number): boolean {
    if (this.free > 0) return false;
    this.#ledger.endOffers(now);
    this.#ledger.endLeases(now);
    return this.free === 0;
  }

  /** What is known of the address; undefined when nobody ever had it. */
  leaseAt(ip: number): Tenure | undefined {
    const at = this.#indexOf(ip);
    return at === undefined ? undefined : this.#ledger.tenureAt(at);
  }

  /** The client's own lease, whatever became of it. */
  leaseOf(client: string): Tenure | undefined {
    const at = this.#ledger.addressOf(client);
    return at !== undefined && this.#ledger.clientAt(at) === client ? this.#ledger.tenureAt(at) : undefined;
  }

  /**
   * True when this client and nobody else may have the address now: it has it, was offered it, or nobody wants it. A client
   * with a reservation may have no other address, unless the reserved one is in the hands of somebody else.
   */
  isOpenTo(ip: number, { client, mac }: Claimant, now: number): boolean {
    const at = this.#indexOf(ip);
    if (at === undefined || !this.#ledger.isFreeFor(at, client, now)) return false;
    const owner = this.#reservedFor.get(at);
    return owner === undefined ? this.#reservationOf({ client, mac }, now) === undefined : owner === mac;
  }

  /** True when the client has it by lease or offer. */
  isHeldBy(ip: number, client: string, now: number): boolean {
    const at = this.#indexOf(ip);
    if (at === undefined) return false;
    const offer = this.#ledger.offerAt(at);
    return offer !== undefined && offer.until > now
      ? offer.client === client
      : this.#ledger.clientAt(at) === client;
  }

  /** How many addresses are free for certain: nothing answered for them a short while ago. */
  checked(now: number): number {
    return this.#checked.count(now, (at) => this.#ledger.setOffer(at, undefined, now));
  }

  /** The next address to ask after; each comes again when all others have come. Undefined when there is none. */
  nextUnchecked(): number | undefined {
    const { fresh, idle } = addressState;
    const { lists } = this.#ledger;
    const at = lists.oldest(fresh) ?? lists.oldest(idle);
    if (at === undefined) return undefined;
    lists.move(at, lists.stateOf(at));
    return this.#space.addressAt(at);
  }

  /** Nothing answered for it. Does nothing for an address that somebody got meanwhile. */
  setChecked(ip: number, now: number): void {
    const at = this.#indexOf(ip);
    if (at !== undefined && this.#isUnused(at)) this.#checked.add(at, now);
  }

  /** True for an address that no client has, was offered, or waits for. */
  isUnused(ip: number): boolean {
    const at = this.#indexOf(ip);
    return at !== undefined && this.#isUnused(at);
  }

  /** Leases that run on this circuit. */
  countOnCircuit(circuit: Circuit, now: number): number {
    return this.#ledger.countOnCircuit(circuit, now);
  }

  /** The client took another server's offer. */
  withdraw(client: string, now: number): void {
    const at = this.#ledger.addressOf(client);
    if (at !== undefined && this.#ledger.offerAt(at)?.client === client)
      this.#ledger.setOffer(at, undefined, now);
  }

  /**
   * An address for this client, kept for it for {@link offerMs}: the one reserved for it, else the one it has or had, else
   * the one it asks for, else one that depends on the client alone, else any. Undefined when there is none.
   */
  offer(claimant: Claimant, wanted: number | undefined, now: number): number | undefined {
    this.#ledger.endOffers(now);
    const at = this.#choose(claimant, wanted, now);
    if (at === undefined) return undefined;
    const { client } = claimant;
    // What the client had ended and is offered to somebody else: it would come back as a second address of this client.
    const own = this.#ledger.addressOf(client);
    if (own !== undefined && own !== at) this.#ledger.leave(own, client, now);
    this.#ledger.setOffer(at, { client, until: now + offerMs }, now);
    return this.#space.addressAt(at);
  }

  /** Makes the lease what is known of its address, and its client's only address. */
  save(tenure: Tenure, now: number): Undo {
    const { ip, client } = tenure;
    const ledger = this.#ledger;
    const at = this.#indexOf(ip);
    if (at === undefined) throw new RangeError(`${ip} is no address of this pool`);
    const before = ledger.slotAt(at);
    const other = client === null ? undefined : ledger.addressOf(client);
    const left = other === undefined || other === at ? undefined : ledger.slotAt(other);
    if (client !== null && other !== undefined && left !== undefined) ledger.leave(other, client, now);
    ledger.setTenure(at, tenure, now);
    return () => {
      ledger.put(at, before, now);
      if (other !== undefined && left !== undefined) ledger.put(other, left, now);
    };
  }

  /** All times are told by a clock that was set. */
  shift(ms: number): void {
    this.#checked.shift(ms);
    this.#ledger.shift(ms);
  }

  /** Undefined for an address that this pool may not give. */
  #indexOf(ip: number): number | undefined {
    const at = this.#space.indexOf(ip);
    return at === undefined || this.#ledger.lists.stateOf(at) === addressState.excluded ? undefined : at;
  }

  #isUnused(at: number): boolean {
    const state = this.#ledger.lists.stateOf(at);
    return state === addressState.fresh || state === addressState.idle;
  }

  /** Index of the address reserved for the client, when it can have it now. */
  #reservationOf({ client, mac }: Claimant, now: number): number | undefined {
    const ip = this.#reserved.get(mac);
    const at = ip === undefined ? undefined : this.#indexOf(ip);
    return at !== undefined && this.#ledger.isFreeFor(at, client, now) ? at : undefined;
  }

  #choose(claimant: Claimant, wanted: number | undefined, now: number): number | undefined {
    const reserved = this.#reservationOf(claimant, now);
    if (reserved !== undefined) return reserved;
    const { client } = claimant;
    const { lists } = this.#ledger;
    const own = this.#ledger.addressOf(client);
    if (own !== undefined && !this.#reservedFor.has(own) && this.#ledger.isFreeFor(own, client, now))
      return own;
    if (wanted !== undefined && this.isOpenTo(wanted, claimant, now)) return this.#indexOf(wanted);
    const usual = usualPlace(client, this.#space.size);
    // In a storm no checked ones are left: an offer doesn't wait for that.
    for (const state of [addressState.checked, addressState.fresh]) {
      if (lists.count(state) === 0) continue;
      return lists.stateOf(usual) === state ? usual : lists.oldest(state);
    }
    this.#ledger.endLeases(now);
    return lists.oldest(addressState.idle) ?? this.#offerInVain(now);
  }

  /** Phones take an offer at once: a flood of questions must not hold the last addresses for a minute. */
  #offerInVain(now: number): number | undefined {
    const at = this.#ledger.lists.oldest(addressState.offered);
    const offer = at === undefined ? undefined : this.#ledger.offerAt(at);
    if (at === undefined || offer === undefined || this.#reservedFor.has(at)) return undefined;
    const isPrompt = offer.until - offerMs + promptMs > now;
    const state = this.#ledger.stateUnoffered(at, now);
    return isPrompt || state === addressState.bound || state === addressState.declined ? undefined : at;
  }
}

/**
 * From the last three bytes of MAC or identifier: the same client finds the same address even after all was lost, phones of
 * one delivery, whose MACs follow each other, get different ones, and their rows lie side by side in the database.
 */
function usualPlace(client: string, size: number): number {
  const tail = Number.parseInt(client.slice(-8).replaceAll(':', '').slice(-6), 16);
  return Number.isNaN(tail) ? 0 : tail % size;
}
