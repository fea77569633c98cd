/** Who says that which phone is where: witnesses kept apart from what is made of them. No clock of its own. */
import { chassisSubtype, idIpv4, idMac, idText, lisText, portSubtype } from '../protocol/lldp-id.ts';
import { dashedMac } from '../protocol/mac.ts';
import type { HeldAddress } from '../store/address-holders.ts';
import type { Neighbor } from '../store/neighbors.ts';
import type { Placement } from '../store/placements.ts';
import type { LocalPort, Remote, SwitchTables } from './lldp-mib.ts';
import { macInText } from './wiremap.ts';

export interface Evidence {
  readonly mac: string;
  readonly source: 'snmp' | 'option82' | 'lldp';
  readonly chassis: string;
  readonly port: string;
  readonly portDescription?: string;
  /** Further spellings of the port in option 82. */
  readonly portAliases?: readonly string[];
  /** Option 82's own bytes, as hex digits. */
  readonly circuitId?: string;
  readonly chassisId: string;
  readonly portId: string;
  readonly switchName?: string;
  /** Another switch hangs on this port: the phone may be behind it. */
  readonly isUplink: boolean;
  /** Newer is greater; comparable within one switch only. */
  readonly timeMark: number;
  /** When we first saw it, ms since 1970. */
  readonly since: number;
  /** When it was no longer there, ms since 1970. */
  readonly lostAt?: number;
}

/** What is known of phones apart from where they are. */
export interface KnownPhones {
  /** MAC to address, where there is one. */
  readonly ipByMac: ReadonlyMap<string, string | undefined>;
  readonly macByIp: ReadonlyMap<string, string>;
  /** The lease that says last where the phone is. */
  readonly leaseByMac: ReadonlyMap<string, HeldAddress>;
}

/** A switch that restarts, or a phone that does, is not a phone that left: its last port holds this long. */
export const graceMs = 30_000;
/** Bound of the book: a switch that invents neighbours must not fill our memory. */
const mostEvidence = 10_000;

/** All evidence by witness, MAC and port. */
export type Book = Map<string, Evidence>;

/** Takes a switch's tables in: new rows get `now`, rows that are gone are marked lost. */
export function bookSwitch(
  book: Book,
  { switchName, tables, known }: { switchName: string; tables: SwitchTables; known: KnownPhones },
  now: number,
): void {
  const found = tables.remotes.flatMap((remote) => {
    const mac = remoteMac(remote, known);
    return mac === undefined ? [] : [switchEvidence({ mac, remote, tables, switchName }, now)];
  });
  takeIn(book, found, {
    isSameWitness: (kept) => kept.source === 'snmp' && kept.switchName === switchName,
    now,
  });
}

/**
 * Phones whose own LLDP the box's card hears share its wire: no managed switch would let those frames through. When
 * exactly one switch is heard there too, they are behind the same port of it as the box. CDP proves nothing: switches
 * of other makers flood it.
 */
export function bookNeighbors(
  book: Book,
  { neighbors, known }: { neighbors: readonly Neighbor[]; known: KnownPhones },
  now: number,
): void {
  const lldp = neighbors.filter(({ protocol }) => protocol === 'lldp');
  const [uplink, ...others] = lldp.filter(({ isBridge }) => isBridge);
  const found =
    uplink === undefined || others.length > 0
      ? []
      : lldp.flatMap((neighbor) => {
          const mac = neighborMac(neighbor, known);
          return mac === undefined ? [] : [neighborEvidence(mac, uplink, now)];
        });
  takeIn(book, found, { isSameWitness: (kept) => kept.source === 'lldp', now });
}

/** `found` of all leases: a phone that does DHCP on another port is no longer on the one before. */
export function bookLeases(book: Book, found: readonly Evidence[], now: number): void {
  takeIn(book, found, { isSameWitness: (kept) => kept.source === 'option82', now });
}

/** Evidence of before a restart, until its switch has been asked again. */
export function bookPlacements(
  book: Book,
  placements: readonly Placement[],
  switchNames: ReadonlySet<string>,
): void {
  for (const placement of placements) {
    const { mac, source, chassis, port, switchName } = placement;
    if (source !== 'snmp' || chassis === undefined || port === undefined) continue;
    if (switchName === undefined || !switchNames.has(switchName)) continue;
    const evidence: Evidence = {
      mac,
      source,
      chassis,
      port,
      switchName,
      ...described(placement.portDescription),
      chassisId: placement.chassisId ?? chassis,
      portId: placement.portId ?? port,
      isUplink: false,
      timeMark: 0,
      since: placement.at,
    };
    book.set(keyOf(evidence), evidence);
  }
}

/** Drops what was lost longer ago than the grace, which begins anew when the clock was set back. */
export function forgetLost(book: Book, now: number): void {
  for (const [key, evidence] of book) {
    const { lostAt } = evidence;
    if (lostAt === undefined) continue;
    if (now - lostAt >= graceMs) book.delete(key);
    else if (lostAt > now) book.set(key, { ...evidence, lostAt: now });
  }
}

/** The best evidence for a phone: still there before lost, better witnesses before worse, newer before older. */
export function bestEvidence(candidates: readonly Evidence[]): Evidence | undefined {
  return candidates.toSorted(
    (a, b) =>
      Number(a.lostAt !== undefined) - Number(b.lostAt !== undefined) ||
      rankOf(a) - rankOf(b) ||
      b.since - a.since ||
      (a.switchName === b.switchName ? b.timeMark - a.timeMark : 0) ||
      (a.port < b.port ? -1 : 1),
  )[0];
}

/**
 * The switch's own table tells of now, in the switch's own names. Option 82 is the switch's word too, but of when the phone last
 * did DHCP, and on a trusted network a device can write it where a relay is careless; it still names the very port, where a table
 * only has the uplink behind which the phone is. What the box's own card hears is hearsay, and of the box's port.
 */
function rankOf({ source, isUplink }: Evidence): number {
  if (source === 'snmp') return isUplink ? 2 : 0;
  return source === 'option82' ? 1 : 3;
}

/** The longest that a phone that was moved stays in the old port's table: the usual TTL, and some. */
const settledMs = 150_000;

/** Two edge ports that both hold the phone although neither can be a memory of a move. */
export function conflictingPorts(candidates: readonly Evidence[], now: number): string[] {
  const settled = candidates.filter(
    ({ source, isUplink, lostAt, since }) =>
      source === 'snmp' && !isUplink && lostAt === undefined && now - since > settledMs,
  );
  return settled.length < 2
    ? []
    : settled.map(({ switchName, port }) => `${switchName ?? ''} ${port}`).toSorted();
}

function takeIn(
  book: Book,
  found: readonly Evidence[],
  { isSameWitness, now }: { isSameWitness: (kept: Evidence) => boolean; now: number },
): void {
  const byKey = new Map(found.map((evidence) => [keyOf(evidence), evidence]));
  for (const [key, kept] of book) {
    if (!isSameWitness(kept) || byKey.has(key) || kept.lostAt !== undefined) continue;
    book.set(key, { ...kept, lostAt: now });
  }
  for (const [key, evidence] of byKey) {
    const kept = book.get(key);
    if (kept === undefined && book.size >= mostEvidence) continue;
    // A row that left and came back is news: the phone was elsewhere in between.
    book.set(
      key,
      kept !== undefined && kept.lostAt === undefined ? { ...evidence, since: kept.since } : evidence,
    );
  }
}

function keyOf({ source, switchName, mac, chassis, port }: Evidence): string {
  return JSON.stringify([source, switchName, mac, chassis, port]);
}

function switchEvidence(
  {
    mac,
    remote,
    tables,
    switchName,
  }: { mac: string; remote: Remote; tables: SwitchTables; switchName: string },
  now: number,
): Evidence {
  const { localPort, timeMark } = remote;
  return {
    mac,
    source: 'snmp',
    switchName,
    timeMark,
    since: now,
    chassis: idText('chassis', tables.chassisId),
    chassisId: lisText('chassis', tables.chassisId),
    port: portName(localPort),
    portId: lisText('port', localPort.id),
    ...described(localPort.description),
    isUplink: tables.remotes.some(({ localPort: port, isBridge }) => port === localPort && isBridge),
  };
}

function described(description: string | undefined): { portDescription?: string } {
  return description === undefined || description === '' ? {} : { portDescription: description };
}

/** People know a port by its name; a switch that sends its MAC as port ID tells the name in the description. */
function portName({ id, description }: LocalPort): string {
  return id.subtype === portSubtype.mac && description !== '' ? description : idText('port', id);
}

function neighborEvidence(mac: string, uplink: Neighbor, now: number): Evidence {
  return {
    mac,
    source: 'lldp',
    chassis: uplink.chassis,
    port: uplink.port,
    since: now,
    chassisId: uplink.chassisSubtype === chassisSubtype.mac ? dashedMac(uplink.chassis) : uplink.chassis,
    portId: uplink.portSubtype === portSubtype.mac ? dashedMac(uplink.port) : uplink.port,
    ...described(uplink.portDescription),
    isUplink: false,
    timeMark: 0,
    ...(uplink.systemName === undefined ? {} : { switchName: uplink.systemName }),
  };
}

/** Port MAC, chassis MAC, a MAC within a name, then the address by its lease: what phones of different makers send. */
function remoteMac(remote: Remote, known: KnownPhones): string | undefined {
  const macs = [
    idMac('port', remote.portId),
    idMac('chassis', remote.chassisId),
    macInText(idText('port', remote.portId)),
    macInText(remote.systemName),
  ].filter((mac) => mac !== undefined);
  const ips = [idIpv4('chassis', remote.chassisId), ...remote.addresses].filter((ip) => ip !== undefined);
  return matchedMac({ macs, ips, isPhone: remote.isPhone }, known);
}

function neighborMac(neighbor: Neighbor, known: KnownPhones): string | undefined {
  const macs = neighbor.mac === undefined ? [] : [neighbor.mac];
  const ips = [neighbor.chassis, neighbor.managementAddress].filter((ip) => ip !== undefined);
  return neighbor.isBridge ? undefined : matchedMac({ macs, ips, isPhone: neighbor.isPhone }, known);
}

/** A MAC that no other part knows counts only from a device that calls itself a telephone. */
function matchedMac(
  { macs, ips, isPhone }: { macs: readonly string[]; ips: readonly string[]; isPhone: boolean },
  { ipByMac, macByIp }: KnownPhones,
): string | undefined {
  const knownMac = macs.find((mac) => ipByMac.has(mac));
  if (knownMac !== undefined) return knownMac;
  const byIp = ips.map((ip) => macByIp.get(ip)).find((mac) => mac !== undefined);
  return byIp ?? (isPhone ? macs[0] : undefined);
}
