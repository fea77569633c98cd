/** Addresses as people look them up: in order, a page at a time. */
import { contains, formatIpv4, parseIpv4, type Subnet } from '../protocol/ipv4.ts';
import { readHeldAddresses, type HeldAddress } from './address-holders.ts';
import { one, type Database } from './database.ts';

/** `declined`: its client found it in use. `in use`: by something that has no lease. `ended`: it ran out, or was given back. */
export const addressStates = ['held', 'ended', 'declined', 'in use'] as const;
export type AddressState = (typeof addressStates)[number];

export interface ListedAddress extends Omit<HeldAddress, 'state'> {
  readonly state: AddressState;
  /** Subnet that DHCP gives addresses of, where it is of one. */
  readonly network?: string;
}

export interface AddressPage {
  readonly addresses: readonly ListedAddress[];
  /** Rows in all, on whatever page. */
  readonly total: number;
  /** The last address of this page, when there are more. */
  readonly next?: string;
}

interface Asking {
  /** Only addresses above this one; left out: all. */
  readonly after?: string | undefined;
  /** Rows that are wanted; there may be a few more, of the same address. */
  readonly limit: number;
}

interface Networks {
  readonly networks: readonly { readonly subnet: string; readonly net: Subnet }[];
  readonly now: number;
}

export function readAddressPage(
  db: Database,
  { after, limit }: Asking,
  { networks, now }: Networks,
): AddressPage {
  const piece = { after: after === undefined ? -1 : parseIpv4(after), limit: limit + 1 };
  const found = readHeldAddresses(db, piece)
    .map((held) => ({ held, at: parseIpv4(held.ip) }))
    .toSorted((a, b) => a.at - b.at);
  const last = found[limit - 1]?.at ?? Number.POSITIVE_INFINITY;
  const shown = found.filter(({ at }) => at <= last);
  return {
    addresses: shown.map(({ held }) => listed(held, networks, now)),
    total: countAddresses(db),
    ...(shown.length < found.length ? { next: formatIpv4(last) } : {}),
  };
}

function countAddresses(db: Database): number {
  const row = one<{ total: number }>(
    db,
    `SELECT (SELECT count(*) FROM lease) + (SELECT count(*) FROM relayed_lease) + (SELECT count(*) FROM informed_phone) AS total`,
  );
  return row?.total ?? 0;
}

function listed(held: HeldAddress, networks: Networks['networks'], now: number): ListedAddress {
  const network = networks.find(({ net }) => contains(net, held.ip));
  return {
    ...held,
    state: stateOf(held, now),
    ...(network === undefined ? {} : { network: network.subnet }),
  };
}

function stateOf({ state, expiresAt, inUseBy }: HeldAddress, now: number): AddressState {
  if (state === 'released' || expiresAt <= now) return 'ended';
  if (state === 'bound') return 'held';
  return inUseBy === undefined ? 'declined' : 'in use';
}
