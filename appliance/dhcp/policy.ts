/** The rules of one network: whom it serves, for how long, and what it tells them. */
import type { Config } from '../config/schema.ts';
import { netmask, parseCidr, parseIpv4 } from '../protocol/ipv4.ts';
import { declineBudget, type DeclineBudget } from './decline-budget.ts';
import type { Limits } from './limits.ts';
import type { Profiles } from './profile.ts';

export interface Policy {
  /** Addresses are unsigned 32-bit numbers. */
  readonly serverIdentifier: number;
  readonly network: number;
  readonly mask: number;
  readonly leaseMs: number;
  readonly authoritative: boolean;
  readonly phonesOnly: boolean;
  /** 0: any number. */
  readonly leasesPerCircuit: number;
  /** Shared by all networks. */
  readonly limits: Limits;
  readonly profiles: Profiles;
  readonly declines: DeclineBudget;
}

export function openPolicy(config: Config, profiles: Profiles, limits: Limits): Policy {
  const { site, dhcp } = config;
  const subnet = parseCidr(dhcp.subnet ?? '0.0.0.0/32');
  return {
    serverIdentifier: parseIpv4(site.address),
    network: subnet.network,
    mask: parseIpv4(netmask(subnet.prefix)),
    leaseMs: dhcp.lease_seconds * 1000,
    authoritative: dhcp.authoritative,
    phonesOnly: dhcp.phones_only,
    leasesPerCircuit: dhcp.limits.leases_per_circuit,
    limits,
    profiles,
    declines: declineBudget(3_600_000),
  };
}

export function isInSubnet(address: number, { network, mask }: Pick<Policy, 'network' | 'mask'>): boolean {
  return (address & mask) >>> 0 === network;
}
