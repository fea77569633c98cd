/** LLDP-MIB (IEEE 802.1AB-2005 section 12) as an agent answers it: from varbinds to a switch's ports and who is on them. */
import type { SnmpValue, Varbind } from '../net/snmp.ts';
import type { LldpId } from '../protocol/lldp-id.ts';
import { idText, networkAddressText } from '../protocol/lldp-id.ts';
import { cleanText } from '../protocol/lldp-tlv.ts';

const mib = '1.0.8802.1.1.2.1';

export const oids = {
  /** sysUpTime when the neighbour table changed last: nothing new behind an old value. */
  remTablesLastChangeTime: `${mib}.2.1.0`,
  locChassisIdSubtype: `${mib}.3.1.0`,
  locChassisId: `${mib}.3.2.0`,
  locSysName: `${mib}.3.3.0`,
  locPortTable: `${mib}.3.7.1`,
  remTable: `${mib}.4.1.1`,
  remManAddrTable: `${mib}.4.2.1`,
} as const;

export interface LocalPort {
  readonly id: LldpId;
  readonly description: string;
}

export interface Remote {
  /** lldpRemTimeMark: greater is newer, in this agent's own hundredths of a second; some agents leave it 0. */
  readonly timeMark: number;
  readonly localPort: LocalPort;
  readonly chassisId: LldpId;
  readonly portId: LldpId;
  readonly systemName: string;
  readonly isPhone: boolean;
  readonly isBridge: boolean;
  /** Management addresses as text. */
  readonly addresses: readonly string[];
}

export interface SwitchTables {
  readonly chassisId: LldpId;
  readonly systemName: string;
  readonly remotes: readonly Remote[];
}

const portColumn = { idSubtype: '2', id: '3', description: '4' } as const;
const remColumn = {
  chassisIdSubtype: '4',
  chassisId: '5',
  portIdSubtype: '6',
  portId: '7',
  systemName: '9',
  capabilitiesEnabled: '12',
} as const;

/** BITS: bit 0 is the highest of the first octet. */
const [bridgeBit, telephoneBit] = [0x80 >> 2, 0x80 >> 5];

interface Answers {
  /** locChassisIdSubtype, locChassisId, locSysName. */
  readonly local: readonly Varbind[];
  readonly ports: readonly Varbind[];
  readonly remotes: readonly Varbind[];
  readonly addresses: readonly Varbind[];
}

/** `undefined`: the agent has no LLDP-MIB. Rows with holes are left out: tables change while they are walked. */
export function switchTables({ local, ports, remotes, addresses }: Answers): SwitchTables | undefined {
  const [subtype, id, name] = local;
  const chassisId = lldpId(subtype?.value, id?.value);
  if (chassisId === undefined) return undefined;
  const localPorts = localPortsOf(ports);
  const addressesOf = addressesByRow(addresses);
  const rows = rowsOf(remotes, oids.remTable);
  return {
    chassisId,
    systemName: text(name?.value),
    remotes: [...rows].flatMap(([index, columns]) => {
      const [timeMark = '0', portNumber = ''] = index.split('.');
      const localPort = localPorts.get(portNumber);
      const chassis = lldpId(columns.get(remColumn.chassisIdSubtype), columns.get(remColumn.chassisId));
      const port = lldpId(columns.get(remColumn.portIdSubtype), columns.get(remColumn.portId));
      if (localPort === undefined || chassis === undefined || port === undefined) return [];
      if (isOwnPort(localPort, chassisId)) return [];
      const capabilities = bytes(columns.get(remColumn.capabilitiesEnabled))?.[0] ?? 0;
      const isPhone = (capabilities & telephoneBit) !== 0;
      return {
        timeMark: Number(timeMark),
        localPort,
        chassisId: chassis,
        portId: port,
        systemName: text(columns.get(remColumn.systemName)),
        isPhone,
        isBridge: !isPhone && (capabilities & bridgeBit) !== 0,
        addresses: addressesOf.get(index) ?? [],
      };
    }),
  };
}

/** A Linux bridge lists itself as a port and hears flooded CDP there: nobody is plugged into it. */
function isOwnPort({ id }: LocalPort, chassisId: LldpId): boolean {
  return idText('port', id) === idText('chassis', chassisId);
}

function localPortsOf(varbinds: readonly Varbind[]): Map<string, LocalPort> {
  const ports = new Map<string, LocalPort>();
  for (const [index, columns] of rowsOf(varbinds, oids.locPortTable)) {
    const id = lldpId(columns.get(portColumn.idSubtype), columns.get(portColumn.id));
    if (id !== undefined) ports.set(index, { id, description: text(columns.get(portColumn.description)) });
  }
  return ports;
}

/** Index to column to value. */
function rowsOf(varbinds: readonly Varbind[], table: string): Map<string, Map<string, SnmpValue>> {
  const rows = new Map<string, Map<string, SnmpValue>>();
  for (const { oid, value } of varbinds) {
    const [column = '', ...rest] = oid.slice(table.length + 1).split('.');
    const index = rest.join('.');
    let columns = rows.get(index);
    if (columns === undefined) rows.set(index, (columns = new Map()));
    columns.set(column, value);
  }
  return rows;
}

/** The address stands in the index: timeMark, port, remote index, family, length, octets. */
function addressesByRow(varbinds: readonly Varbind[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { oid } of varbinds) {
    const [, timeMark, port, remote, family = '0', length = '0', ...octets] = oid
      .slice(oids.remManAddrTable.length + 1)
      .split('.');
    if (octets.length !== Number(length)) continue;
    const address = networkAddressText(Number(family), Uint8Array.from(octets, Number));
    const row = `${timeMark}.${port}.${remote}`;
    const known = found.get(row) ?? [];
    if (!known.includes(address)) found.set(row, [...known, address]);
  }
  return found;
}

function lldpId(subtype: SnmpValue, id: SnmpValue): LldpId | undefined {
  const octets = bytes(id);
  return typeof subtype === 'number' && octets !== undefined && octets.length > 0
    ? { subtype, bytes: octets }
    : undefined;
}

function bytes(value: SnmpValue): Uint8Array | undefined {
  return value instanceof Uint8Array ? value.subarray(0, 255) : undefined;
}

function text(value: SnmpValue): string {
  return cleanText(bytes(value) ?? new Uint8Array(0));
}
