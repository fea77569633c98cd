/** Who has which address, by all that dhcp knows: its own leases, leases of other servers that passed it, and phones' own word. */
import { formatIpv4, parseIpv4 } from '../protocol/ipv4.ts';
import { all, one, type Database } from './database.ts';
import { readInformedPhones, type InformedPhone } from './informed-phones.ts';
import { everything, readLeases, relayId, type Lease, type Piece } from './leases.ts';
import { readRelayedLeases, type RelayedLease } from './relayed-leases.ts';

/**
 * `leased`: we gave it. `relayed`: another server did, and its ACK passed us. `informed`: the device says so when it asks for
 * options alone; that is a hint, and never enough to give anybody anything of this phone.
 */
export type AddressEvidence = 'leased' | 'relayed' | 'informed';

export interface HeldAddress extends Lease {
  readonly evidence: AddressEvidence;
  /** Whose lease it is, when not ours. */
  readonly server?: string;
}

export interface AddressHolder extends Pick<HeldAddress, 'mac' | 'evidence'> {
  readonly vendor?: string;
}

/** A phone asks for options when it boots, and nobody tells when its address ends. */
const informedMs = 86_400_000;

/** Ended ones and declined addresses too. A piece is of each kind. */
export function readHeldAddresses(db: Database, piece: Piece = everything): HeldAddress[] {
  return [
    ...readInformedPhones(db, piece).map(ofInformed),
    ...readRelayedLeases(db, piece).map(ofRelayed),
    ...readLeases(db, piece).map((lease) => ({ ...lease, evidence: 'leased' as const })),
  ];
}

/**
 * What others told in the future was told before the clock was set back, and is of another day. (dhcp moves its own leases along with
 * the clock.)
 */
const mostAheadMs = 86_400_000;

export function isHeld({ state, expiresAt, evidence, ackedAt = 0 }: HeldAddress, now: number): boolean {
  const isOfTheFuture = evidence !== 'leased' && ackedAt > now + mostAheadMs;
  return state === 'bound' && expiresAt > now && !isOfTheFuture;
}

/** Where two differ on who has an address, or which one a phone has: what was acknowledged last is true. */
export function isSurer(a: HeldAddress, b: HeldAddress): boolean {
  if (a.evidence !== b.evidence && (a.evidence === 'informed' || b.evidence === 'informed')) {
    return b.evidence === 'informed';
  }
  return (a.ackedAt ?? a.startedAt) > (b.ackedAt ?? b.startedAt);
}

/** Those held now, the surest for each address. */
export function holdersByIp(held: readonly HeldAddress[], now: number): Map<string, HeldAddress> {
  const holders = new Map<string, HeldAddress>();
  for (const address of held) {
    if (!isHeld(address, now)) continue;
    const known = holders.get(address.ip);
    if (known === undefined || isSurer(address, known)) holders.set(address.ip, address);
  }
  return holders;
}

interface HolderRow {
  readonly mac: string;
  readonly vendor: string | null;
  /** Of the last acknowledgement. */
  readonly at: number;
}

/** One statement over all three would be sorted each time, which takes ten times as long. */
const statements = {
  leased: `SELECT mac, vendor, coalesce(acked_at, started_at) AS at FROM lease
    WHERE ip = @ip AND state = 'bound' AND expires_at > @now`,
  relayed: `SELECT mac, vendor, coalesce(acked_at, 0) AS at FROM relayed_lease
    WHERE ip = @ip AND expires_at > @now AND coalesce(acked_at, 0) <= @now + ${mostAheadMs}`,
  informed: `SELECT mac, vendor, last_at AS at FROM informed_phone
    WHERE ip = @ip AND last_at > @now - ${informedMs} AND last_at <= @now + ${mostAheadMs} ORDER BY last_at DESC LIMIT 1`,
} as const satisfies Record<AddressEvidence, string>;

/** As {@link holdersByIp} of one address, without reading all: asked for each request of a phone. */
export function holderOfIp(db: Database, ip: string, now: number): AddressHolder | undefined {
  const values = { ip: parseIpv4(ip), now };
  const leased = one<HolderRow>(db, statements.leased, values);
  const relayed = one<HolderRow>(db, statements.relayed, values);
  if (relayed !== undefined && relayed.at > (leased?.at ?? 0)) return holderOf(relayed, 'relayed');
  if (leased !== undefined) return holderOf(leased, 'leased');
  const informed = one<HolderRow>(db, statements.informed, values);
  return informed && holderOf(informed, 'informed');
}

function holderOf({ mac, vendor }: HolderRow, evidence: AddressEvidence): AddressHolder {
  return { mac, evidence, ...(vendor === null ? {} : { vendor }) };
}

/** The address that this MAC has by a lease; where it has several, as a phone that was moved, the latest. */
export function leasedIpOf(db: Database, mac: string, now: number): string | undefined {
  const [row] = all<{ ip: number }>(
    db,
    `SELECT ip, coalesce(acked_at, started_at) AS at FROM lease WHERE mac = @mac AND state = 'bound' AND expires_at > @now
     UNION ALL SELECT ip, coalesce(acked_at, 0) FROM relayed_lease
       WHERE mac = @mac AND expires_at > @now AND coalesce(acked_at, 0) <= @now + ${mostAheadMs}
     ORDER BY at DESC LIMIT 1`,
    { mac, now },
  );
  return row && formatIpv4(row.ip);
}

function ofRelayed({ ip, server, via: _via, circuitId, remoteId, ...lease }: RelayedLease): HeldAddress {
  return {
    ...lease,
    ip: formatIpv4(ip),
    server: formatIpv4(server),
    evidence: 'relayed',
    state: 'bound',
    ...(circuitId === null ? {} : { circuitId: relayId(circuitId) }),
    ...(remoteId === null ? {} : { remoteId: relayId(remoteId) }),
  };
}

function ofInformed({ ip, firstAt, lastAt, ...phone }: InformedPhone): HeldAddress {
  return {
    ...phone,
    ip: formatIpv4(ip),
    evidence: 'informed',
    state: 'bound',
    startedAt: firstAt,
    ackedAt: lastAt,
    expiresAt: lastAt + informedMs,
  };
}
