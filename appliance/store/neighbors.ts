/** What the box's own card hears of LLDP and CDP: where the box is, and who shares its wire. Owned by location. */
import { all, run, type Database } from './database.ts';

export interface Neighbor {
  readonly interface: string;
  readonly protocol: 'lldp' | 'cdp';
  readonly chassisSubtype: number;
  /** As people read it. */
  readonly chassis: string;
  readonly portSubtype: number;
  readonly port: string;
  /** Of the neighbour, where it names one. */
  readonly mac?: string;
  readonly systemName?: string;
  readonly portDescription?: string;
  readonly systemDescription?: string;
  readonly managementAddress?: string;
  /** It says that it bridges and is no phone: a switch. */
  readonly isBridge: boolean;
  readonly isPhone: boolean;
  /** Of the frame's tag. */
  readonly vlan?: number;
  /** Destination address of the frame: it tells how far the neighbour may be. */
  readonly scope: string;
  readonly firstHeardAt: number;
  readonly heardAt: number;
  readonly expiresAt: number;
}

interface NeighborRow {
  readonly interface: string;
  readonly protocol: 'lldp' | 'cdp';
  readonly chassis_subtype: number;
  readonly chassis: string;
  readonly port_subtype: number;
  readonly port: string;
  readonly mac: string | null;
  readonly system_name: string | null;
  readonly port_description: string | null;
  readonly system_description: string | null;
  readonly management_address: string | null;
  readonly is_bridge: number;
  readonly is_phone: number;
  readonly vlan: number | null;
  readonly scope: string;
  readonly first_heard_at: number;
  readonly heard_at: number;
  readonly expires_at: number;
}

/** Those not expired yet, the longest known first. */
export function readNeighbors(db: Database, now: number): Neighbor[] {
  return all<NeighborRow>(
    db,
    'SELECT * FROM neighbor WHERE expires_at > ? ORDER BY first_heard_at, chassis, port',
    [now],
  ).map(neighborOf);
}

export function saveNeighbor(db: Database, neighbor: Neighbor): void {
  const row: NeighborRow = {
    interface: neighbor.interface,
    protocol: neighbor.protocol,
    chassis_subtype: neighbor.chassisSubtype,
    chassis: neighbor.chassis,
    port_subtype: neighbor.portSubtype,
    port: neighbor.port,
    mac: neighbor.mac ?? null,
    system_name: neighbor.systemName ?? null,
    port_description: neighbor.portDescription ?? null,
    system_description: neighbor.systemDescription ?? null,
    management_address: neighbor.managementAddress ?? null,
    is_bridge: neighbor.isBridge ? 1 : 0,
    is_phone: neighbor.isPhone ? 1 : 0,
    vlan: neighbor.vlan ?? null,
    scope: neighbor.scope,
    first_heard_at: neighbor.firstHeardAt,
    heard_at: neighbor.heardAt,
    expires_at: neighbor.expiresAt,
  };
  run(
    db,
    `INSERT OR REPLACE INTO neighbor (interface, protocol, chassis_subtype, chassis, port_subtype, port, mac, system_name,
       port_description, system_description, management_address, is_bridge, is_phone, vlan, scope, first_heard_at, heard_at, expires_at)
     VALUES (@interface, @protocol, @chassis_subtype, @chassis, @port_subtype, @port, @mac, @system_name,
       @port_description, @system_description, @management_address, @is_bridge, @is_phone, @vlan, @scope, @first_heard_at, @heard_at, @expires_at)`,
    { ...row },
  );
}

export function removeNeighbor(db: Database, neighbor: Neighbor): void {
  run(
    db,
    `DELETE FROM neighbor WHERE interface = ? AND protocol = ? AND chassis_subtype = ? AND chassis = ? AND port_subtype = ? AND port = ?`,
    [
      neighbor.interface,
      neighbor.protocol,
      neighbor.chassisSubtype,
      neighbor.chassis,
      neighbor.portSubtype,
      neighbor.port,
    ],
  );
}

/** Of cards that are not listened on any more, and those whose time is over. */
export function dropStaleNeighbors(db: Database, card: string, now: number): void {
  run(db, 'DELETE FROM neighbor WHERE interface <> ? OR expires_at <= ?', [card, now]);
}

function neighborOf(row: NeighborRow): Neighbor {
  return {
    interface: row.interface,
    protocol: row.protocol,
    chassisSubtype: row.chassis_subtype,
    chassis: row.chassis,
    portSubtype: row.port_subtype,
    port: row.port,
    isBridge: row.is_bridge === 1,
    isPhone: row.is_phone === 1,
    scope: row.scope,
    firstHeardAt: row.first_heard_at,
    heardAt: row.heard_at,
    expiresAt: row.expires_at,
    ...(row.mac === null ? {} : { mac: row.mac }),
    ...(row.system_name === null ? {} : { systemName: row.system_name }),
    ...(row.port_description === null ? {} : { portDescription: row.port_description }),
    ...(row.system_description === null ? {} : { systemDescription: row.system_description }),
    ...(row.management_address === null ? {} : { managementAddress: row.management_address }),
    ...(row.vlan === null ? {} : { vlan: row.vlan }),
  };
}
