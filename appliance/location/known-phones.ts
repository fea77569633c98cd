/** Which phones the other parts know, read from their files: an address of a phone, a configuration, a registration. */
import { holdersByIp, isSurer, readHeldAddresses } from '../store/address-holders.ts';
import { readBindings } from '../store/bindings.ts';
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
  const held = read(readers.get('dhcp'), readHeldAddresses).filter(({ vendor }) => vendor !== undefined);
  const holders = [...holdersByIp(held, now).values()].toSorted(
    (a, b) => Number(isSurer(a, b)) - Number(isSurer(b, a)),
  );
  for (const { mac, ip, evidence } of holders) if (evidence !== 'informed') know(mac, ip);
  for (const { mac, ip } of read(readers.get('provisioning'), readPhoneConfigurations)) {
    if (!ipByMac.has(mac)) know(mac, ip);
  }
  for (const { mac, source, expiresAt, localExpiresAt } of read(readers.get('sip'), readBindings)) {
    if (mac !== undefined && Math.max(expiresAt, localExpiresAt) > now)
      know(mac, source.slice(0, source.lastIndexOf(':')));
  }
  // A phone's word for its own address, where nothing else is known of either.
  for (const { mac, ip, evidence } of holders) {
    if (evidence === 'informed' && !ipByMac.has(mac) && !macByIp.has(ip)) know(mac, ip);
  }
  return { ipByMac, macByIp };
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
