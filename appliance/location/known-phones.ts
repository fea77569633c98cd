/** Which phones the other parts know, read from their files: an address of a phone, a configuration, a registration. */
import {
  holdersByIp,
  isHeld,
  isSurer,
  readHeldAddresses,
  type HeldAddress,
} from '../store/address-holders.ts';
import { readBindings, type Binding } from '../store/bindings.ts';
import type { StoreName } from '../store/journal-kinds.ts';
import { readPhoneConfigurations } from '../store/phone-configurations.ts';
import type { Reader } from '../store/reader.ts';
import type { KnownPhones } from './evidence.ts';

/** The parts whose facts and news count. */
export const witnesses = ['dhcp', 'provisioning', 'sip'] as const satisfies readonly StoreName[];

/**
 * Later parts are fresher: the address that a phone registers from beats the one it was leased. A device that only has
 * a lease counts when DHCP took it for a phone.
 */
export function knownPhones(readers: ReadonlyMap<StoreName, Reader>, now: number): KnownPhones {
  const ipByMac = new Map<string, string | undefined>();
  const macByIp = new Map<string, string>();
  const know = (mac: string, ip: string | undefined) => {
    ipByMac.set(mac, ip ?? ipByMac.get(mac));
    if (ip !== undefined) macByIp.set(ip, mac);
  };
  const held = read(readers.get('dhcp'), readHeldAddresses);
  const ofPhones = held.filter(({ vendor }) => vendor !== undefined);
  const holders = [...holdersByIp(ofPhones, now).values()].toSorted(
    (a, b) => Number(isSurer(a, b)) - Number(isSurer(b, a)),
  );
  for (const { mac, ip, evidence } of holders) if (evidence !== 'informed') know(mac, ip);
  for (const { mac, ip } of read(readers.get('provisioning'), readPhoneConfigurations)) {
    if (!ipByMac.has(mac)) know(mac, ip);
  }
  const bindings = read(readers.get('sip'), readBindings).filter(
    ({ expiresAt, localExpiresAt }) => Math.max(expiresAt, localExpiresAt) > now,
  );
  for (const binding of bindings) if (binding.mac !== undefined) know(binding.mac, addressOf(binding));
  // A phone's word for its own address, where nothing else is known of either.
  for (const { mac, ip, evidence } of holders) {
    if (evidence === 'informed' && !ipByMac.has(mac) && !macByIp.has(ip)) know(mac, ip);
  }
  const leaseByMac = latestLeases(held, now);
  for (const mac of leaseByMac.keys()) if (!ipByMac.has(mac)) leaseByMac.delete(mac);
  for (const binding of bindings) forgetLeft(leaseByMac, binding);
  return { ipByMac, macByIp, leaseByMac };
}

function latestLeases(held: readonly HeldAddress[], now: number): Map<string, HeldAddress> {
  const leases = new Map<string, HeldAddress>();
  for (const lease of held) {
    if (lease.evidence === 'informed' || !isHeld(lease, now)) continue;
    const known = leases.get(lease.mac);
    if (known === undefined || isSurer(lease, known)) leases.set(lease.mac, lease);
  }
  return leases;
}

/** A phone that has since registered from another address was carried to a network whose leases nobody here sees. */
function forgetLeft(leases: Map<string, HeldAddress>, binding: Binding): void {
  const lease = binding.mac === undefined ? undefined : leases.get(binding.mac);
  if (lease === undefined || lease.ip === addressOf(binding)) return;
  if (binding.registeredAt > (lease.ackedAt ?? lease.startedAt)) leases.delete(lease.mac);
}

function addressOf({ source }: Binding): string {
  return source.slice(0, source.lastIndexOf(':'));
}

/** A file of an older release that lacks the table yet is as good as empty: its owner is about to make it. */
function read<Row>(reader: Reader | undefined, table: (db: Reader['db']) => Row[]): Row[] {
  if (reader === undefined) return [];
  try {
    return table(reader.db);
  } catch (error) {
    if (error instanceof Error && /no such (table|column)/.test(error.message)) return [];
    throw error;
  }
}
