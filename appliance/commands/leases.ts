/** `gatehouse leases`: who has which address and what it was told, and whom DHCP refused one. */
import { readConfig, type Config } from '../config.ts';
import { servedNetworks } from '../config/networks.ts';
import type { CommandCall } from '../main.ts';
import { vendorName, type Vendor } from '../phones/vendors.ts';
import { readAddressPage, type ListedAddress } from '../store/address-list.ts';
import { readFacts } from '../store/phones.ts';
import { readRefusals, type Refusal } from '../store/refusals.ts';
import { requireReadable } from './state-directory.ts';
import { formatRefusals } from './status-dhcp.ts';
import { elapsed, formatTable } from './table.ts';

const rowsAPage = 1000;
const refusalsShown = 20;

export async function leasesCommand({ configFile, json, out }: CommandCall): Promise<number> {
  const config = readConfig(configFile);
  const { state_directory: directory } = config.site;
  requireReadable(directory);
  const now = Date.now();
  const addresses = readAllAddresses(config, now);
  const refusals = readFacts(directory, 'dhcp', (db) => readRefusals(db, refusalsShown));
  if (json) out(JSON.stringify({ addresses, refusals }));
  else for (const line of formatAddresses(addresses, refusals, now)) out(line);
  return 0;
}

function readAllAddresses(config: Config, now: number): ListedAddress[] {
  const networks = servedNetworks(config);
  return readFacts(config.site.state_directory, 'dhcp', (db) => {
    const all: ListedAddress[] = [];
    for (let after: string | undefined; ;) {
      const { addresses, next } = readAddressPage(db, { after, limit: rowsAPage }, { networks, now });
      all.push(...addresses);
      if (next === undefined) return all;
      after = next;
    }
  });
}

export function formatAddresses(
  addresses: readonly ListedAddress[],
  refusals: readonly Refusal[],
  now: number,
): string[] {
  const table = formatTable([
    ['ADDRESS', 'MAC', 'VENDOR', 'STATE', 'UNTIL', 'PORT (OPTION 82)', 'TOLD'],
    ...addresses.map((address) => addressLine(address, now)),
  ]);
  const listed = addresses.length === 0 ? ['Nobody has asked for an address yet.'] : table;
  return refusals.length === 0 ? listed : [...listed, '', ...formatRefusals(refusals, now)];
}

function addressLine(address: ListedAddress, now: number): string[] {
  const { ip, mac, vendor, expiresAt, circuitId, remoteId, giaddr, sent } = address;
  const left = expiresAt - now;
  const port = [circuitId?.text ?? circuitId?.hex, remoteId?.text ?? remoteId?.hex, giaddr];
  const told = Object.entries(sent).map(([code, value]) => `${code}=${value}`);
  const cells = [
    ip,
    mac,
    vendor === undefined ? '' : vendorName(vendor as Vendor),
    stateText(address),
    left > 0 ? `in ${elapsed(left)}` : `${elapsed(-left)} ago`,
    port.filter((part) => part !== undefined).join(', '),
    told.join(' '),
  ];
  return cells.map((cell) => cell || '-');
}

function stateText({ state, evidence, server }: ListedAddress): string {
  if (state !== 'held' || evidence === 'leased') return state === 'held' ? 'leased' : state;
  return evidence === 'informed' ? 'by its own word' : `leased by ${server ?? 'another server'}`;
}
