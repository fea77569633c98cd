/** What `status` says of other DHCP servers and of phones that ask for options alone. Pure. */
import type { Config } from '../config.ts';
import { vendorName, vendors } from '../phones/vendors.ts';
import type { AckLatency } from '../store/ack-latency.ts';
import type { DhcpNetwork, SeenServer } from '../store/dhcp-network.ts';
import type { CardWatch } from '../store/other-servers.ts';
import type { PoolUse } from '../store/pool-use.ts';
import type { Refusal } from '../store/refusals.ts';
import { elapsed, plainText } from './table.ts';

export function formatDhcpNetwork(network: DhcpNetwork, mode: Config['dhcp']['mode'], now: number): string[] {
  if (mode === 'off') return [];
  const { watches, servers } = network;
  const watched = watches.map((watch) => watchLine(watch, servers, now));
  const watchLines = watched.length === 0 ? ['Other DHCP servers: not looked for yet'] : watched;
  return [...watchLines, ...(mode === 'inform' ? [informLine(network)] : [])];
}

export function formatPoolUse({ subnet, addresses, bound, setAside }: PoolUse): string {
  const aside = setAside === 0 ? '' : `, ${setAside} set aside (in use by something without a lease)`;
  return `Addresses of ${subnet}: ${bound} of ${addresses} leased${aside}`;
}

function watchLine({ card, isOn, probedAt }: CardWatch, servers: readonly SeenServer[], now: number): string {
  const subject = `Other DHCP servers on ${card}:`;
  if (!isOn)
    return `${subject} not looked for: hand over "dhcp-client=${card}:udp:68" too (systemd/README.md)`;
  const asked = probedAt === undefined ? '' : ` (last asked ${elapsed(now - probedAt)} ago)`;
  const seen = servers.filter((server) => server.card === card).map((server) => serverText(server, now));
  return plainText(`${subject} ${seen.join('; ') || 'none seen'}${asked}`);
}

/** Half of all clients wait no longer than the first, 99 of 100 no longer than the second. */
export function formatLatency({ p50Microseconds: half, p99Microseconds: most }: AckLatency): string {
  return `Leases are acknowledged within ${inMs(half)}, 99 of 100 within ${inMs(most)}`;
}

function inMs(microseconds: number): string {
  return `${(microseconds / 1000).toFixed(1)} ms`;
}

/** The newest first. */
export function formatRefusals(refusals: readonly Refusal[], now: number): string[] {
  return refusals.map(({ mac, ip, words, until, count }) => {
    const when = elapsed(now - until);
    const who = [mac, ip, count > 1 ? `${count} times` : undefined, when === 'now' ? when : `${when} ago`];
    return plainText(`Refused: ${who.filter((part) => part !== undefined).join(', ')}: ${words}`);
  });
}

function serverText({ address, isKnown, isPresent, lastSeenAt, url }: SeenServer, now: number): string {
  const told = url === undefined ? '' : `, sends phones to ${url.slice(0, 80)}`;
  const state = isPresent ? 'answers' : `gone, last seen ${elapsed(now - lastSeenAt)} ago`;
  return `${address} (${isKnown ? 'known' : 'unknown'}, ${state}${told})`;
}

function informLine({ informed }: DhcpNetwork): string {
  const asked = informed.map(({ vendor, phones }) => `${nameOf(vendor)} yes, ${phones}`);
  const never = vendors.filter((vendor) => informed.every((row) => row.vendor !== vendor));
  return `Phones that asked for options alone: ${[...asked, ...never.map((vendor) => `${vendorName(vendor)} never seen`)].join('; ')}`;
}

function nameOf(vendor: string): string {
  const known = vendors.find((id) => id === vendor);
  return known === undefined ? vendor : vendorName(known);
}
