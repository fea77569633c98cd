/** What to do about a client's message: who gets which address, who is told no, and when to keep silent. */
import { formatIpv4 } from '../protocol/ipv4.ts';
import type { JournalEntry } from '../store/journal.ts';
import type { LeaseRow } from '../store/leases.ts';
import type { RefusalReason } from '../store/refusals.ts';
import {
  boundWrite,
  declinedRow,
  hexOf,
  isRunning,
  mostOnProbation,
  probationRow,
  type RowWrite,
} from './lease-row.ts';
import type { Excess } from './limits.ts';
import { isInSubnet, type Policy } from './policy.ts';
import type { Pool } from './pool.ts';
import type { Profile } from './profile.ts';
import type { Reply } from './reply.ts';
import type { ClientRequest, RequestKind } from './request.ts';

/** A change of the store; in the pool it is made already. */
export interface LeaseChange {
  readonly write: RowWrite | { readonly as: 'released'; readonly ip: number; readonly at: number };
  /** The client's address of before. */
  readonly forget: number | undefined;
  readonly undo: () => void;
}

/** Why there is no answer; the counter's name is `ignored_` and this. */
export type Silence =
  | 'other_server'
  | 'other_subnet'
  | 'not_a_phone'
  | 'unknown_lease'
  | 'no_address'
  | 'circuit_full'
  | Excess
  | 'declined_too_often'
  | 'not_ours';

/** At most one `reply`, to be sent after `change` is committed. */
export interface Decision {
  readonly reply?: Reply;
  readonly change?: LeaseChange;
  readonly journal?: JournalEntry;
  readonly silence?: Silence;
}

/** One network's addresses and rules. */
export interface Site {
  readonly pool: Pool;
  readonly policy: Policy;
  /** An address of this or another of our networks. */
  readonly isServed: (address: number) => boolean;
  /** Until then there may be leases of ours that nobody here knows of. */
  readonly forgottenUntil: number;
}

/** Changes the pool at once, so that the next message of the same turn finds what this one got. */
export function decide(request: ClientRequest, site: Site, now: number): Decision {
  const { pool, policy } = site;
  const isNew = request.kind === 'discover' && pool.leaseOf(request.client) === undefined;
  const excess = policy.limits.excess(request, isNew, now);
  if (excess !== undefined) return { silence: excess, journal: refused(request, 'asks too often') };
  const profile = policy.profiles(request, now);
  const scene: Scene = { ...site, request, profile, now };
  const isLeaving = request.kind === 'release' || request.kind === 'decline';
  if (policy.phonesOnly && profile.phone === undefined && !isLeaving) {
    return { silence: 'not_a_phone', journal: refused(request, 'not a known phone') };
  }
  return decisionOn[request.kind](scene);
}

interface Scene extends Site {
  readonly request: ClientRequest;
  readonly profile: Profile;
  readonly now: number;
}

const decisionOn: Record<RequestKind, (scene: Scene) => Decision> = {
  discover,
  selecting,
  'init-reboot': confirm,
  extending: confirm,
  release,
  decline,
  inform,
};

function discover({ request, pool, policy, profile, now }: Scene): Decision {
  if (isCircuitFull({ request, pool, policy, now })) return circuitFull(request);
  const yiaddr = pool.offer(request, request.address, now);
  if (yiaddr === undefined) return { silence: 'no_address', journal: refused(request, 'no address is left') };
  const { serverIdentifier } = policy;
  return { reply: { type: 'offer', request, yiaddr, serverIdentifier, options: profile.leaseOptions } };
}

/** The client took an offer: ours, or another server's, and then this is none of our business. */
function selecting(scene: Scene): Decision {
  const { request, pool, policy, now } = scene;
  if (request.serverIdentifier !== policy.serverIdentifier) {
    pool.withdraw(request.client, now);
    return { silence: 'other_server' };
  }
  if (isCircuitFull(scene)) return circuitFull(request);
  const { address } = request;
  // Not only what was offered: the offer may have been made before a restart.
  if (address !== undefined && pool.isOpenTo(address, request, now)) return grant(scene, address);
  return refuse(scene, 'address is not available');
}

/**
 * INIT-REBOOT, RENEWING, REBINDING. A server that has no record of the client must be silent (RFC 2131 section 4.3.2): the
 * lease may be another server's. Where we are the only server we answer: yes for a free address of ours, no otherwise; where the
 * record may be one that we lost, only yes. An address of another network of ours is wrong here, whoever has it.
 */
function confirm(scene: Scene): Decision {
  const { request, pool, policy, isServed, forgottenUntil, now } = scene;
  const { address } = request;
  if (address === undefined) return { silence: 'unknown_lease' };
  const isKnown = pool.leaseAt(address)?.client === request.client;
  if ((isKnown || policy.authoritative || now < forgottenUntil) && pool.isOpenTo(address, request, now))
    return grant(scene, address);
  const isHere = isInSubnet(address, policy);
  const isOurs = isKnown || policy.authoritative || (!isHere && isServed(address));
  if (!isOurs) return { silence: 'unknown_lease' };
  return refuse(scene, isHere ? 'address is not yours' : 'address is of another network');
}

/** A client that has a lease keeps it, however many others there are. */
function isCircuitFull({ request, pool, policy, now }: Pick<Scene, 'request' | 'pool' | 'policy' | 'now'>) {
  const circuitId = request.relay?.circuitId;
  if (policy.leasesPerCircuit === 0 || circuitId === undefined) return false;
  const own = pool.leaseOf(request.client);
  if (own !== undefined && isRunning(own, request.client, now)) return false;
  const circuit = { giaddr: request.message.giaddr || null, circuit_id: hexOf(circuitId) };
  return pool.countOnCircuit(circuit, now) >= policy.leasesPerCircuit;
}

function circuitFull(request: ClientRequest): Decision {
  return { silence: 'circuit_full', journal: refused(request, 'its switch port has too many leases') };
}

function grant({ request, pool, policy, profile, now }: Scene, address: number): Decision {
  const own = pool.leaseOf(request.client);
  const before = pool.leaseAt(address);
  const isSame = own?.ip === address;
  const write = boundWrite({ request, profile, before, now }, address, policy.leaseMs);
  const { serverIdentifier } = policy;
  const isRenewal = request.kind === 'extending' && isRunning(before, request.client, now);
  return {
    reply: { type: 'ack', request, yiaddr: address, serverIdentifier, options: profile.leaseOptions },
    change: {
      write,
      forget: own === undefined || isSame ? undefined : own.ip,
      undo: pool.save(write.row, now),
    },
    journal: isRenewal
      ? { kind: 'renewed', mac: request.mac, body: { ip: formatIpv4(address) } }
      : leased({ request, profile }, write.row, isSame),
  };
}

function leased(
  { request, profile }: Pick<Scene, 'request' | 'profile'>,
  row: LeaseRow,
  isKnown: boolean,
): JournalEntry {
  const { phone } = profile;
  return {
    kind: 'leased',
    mac: row.mac,
    body: {
      ip: formatIpv4(row.ip),
      state: request.kind,
      known: isKnown,
      vendor: phone?.vendor,
      model: phone?.model,
      vendor_class: row.vendor_class ?? undefined,
      hostname: row.hostname ?? undefined,
    },
  };
}

function refuse({ request, policy }: Scene, reason: RefusalReason): Decision {
  return {
    reply: {
      type: 'nak',
      request,
      yiaddr: 0,
      serverIdentifier: policy.serverIdentifier,
      options: new Map([[56, Buffer.from(reason, 'latin1')]]),
    },
    journal: refused(request, reason),
  };
}

function refused({ mac, address }: ClientRequest, reason: RefusalReason): JournalEntry {
  return {
    kind: 'refused',
    mac,
    body: { reason, ip: address === undefined ? undefined : formatIpv4(address) },
  };
}

/** The address stays the client's until somebody else needs it. */
function release({ request, pool, policy, now }: Scene): Decision {
  const { address, client, mac } = request;
  const lease = address === undefined ? undefined : pool.leaseAt(address);
  if (lease === undefined || lease.client !== client || lease.state !== 'bound') {
    return { silence: 'not_ours' };
  }
  if (isForAnother(request, policy)) return { silence: 'other_server' };
  const { ip } = lease;
  return {
    change: {
      write: { as: 'released', ip, at: now },
      forget: undefined,
      undo: pool.save({ ...lease, state: 'released', expires_at: now }, now),
    },
    journal: { kind: 'released', mac, body: { ip: formatIpv4(ip) } },
  };
}

/** The client found the address in use by something that we don't know. Only its holder is believed. */
function decline({ request, pool, policy, now }: Scene): Decision {
  const { address, client, mac } = request;
  if (address === undefined || !pool.isHeldBy(address, client, now)) return { silence: 'not_ours' };
  if (isForAnother(request, policy)) return { silence: 'other_server' };
  if (!policy.declines.take(mac, now)) {
    return { silence: 'declined_too_often', journal: refused(request, 'declined too many addresses') };
  }
  const rowOf = pool.probationShare(now) < mostOnProbation ? probationRow : declinedRow;
  const row = rowOf({ ip: address, mac }, pool.leaseAt(address), now);
  return {
    change: { write: { as: 'saved', row }, forget: undefined, undo: pool.save(row, now) },
    journal: {
      kind: 'declined',
      mac,
      body: { ip: formatIpv4(address), probation_seconds: (row.expires_at - now) / 1000 },
    },
  };
}

/** Only options: the client has its address from elsewhere (RFC 2131 section 4.3.5). */
function inform({ request, policy, profile }: Scene): Decision {
  const { ciaddr } = request.message;
  if (ciaddr === 0 || !isInSubnet(ciaddr, policy)) return { silence: 'other_subnet' };
  return {
    reply: {
      type: 'ack',
      request,
      yiaddr: 0,
      serverIdentifier: policy.serverIdentifier,
      options: profile.informOptions,
    },
    journal: {
      kind: 'informed',
      mac: request.mac,
      body: { ip: formatIpv4(ciaddr), vendor: profile.phone?.vendor },
    },
  };
}

function isForAnother({ serverIdentifier }: ClientRequest, policy: Policy): boolean {
  return serverIdentifier !== undefined && serverIdentifier !== policy.serverIdentifier;
}
