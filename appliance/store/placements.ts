/** Where each phone is. Owned by location. */
import { all, run, type Database } from './database.ts';

export interface Placement {
  readonly mac: string;
  readonly ip?: string;
  /** The switch's chassis and port as people read them: a MAC as `00:15:65:aa:bb:cc`, anything else word for word. */
  readonly chassis?: string;
  readonly port?: string;
  /** As the switch's admin wrote it. */
  readonly portDescription?: string;
  /** Chassis and port as Microsoft's location service compares them. */
  readonly chassisId?: string;
  readonly portId?: string;
  readonly switchName?: string;
  readonly place?: string;
  /** Which kind of wiremap entry chose the place. */
  readonly matched?: 'port' | 'chassis' | 'subnet';
  /** Who says so: the switch's own table, a frame on the box's card, DHCP's relay, or nothing better than the subnet. */
  readonly source: 'snmp' | 'lldp' | 'option82' | 'subnet';
  /** Since when it is so, ms since 1970. */
  readonly at: number;
}

interface PlacementRow {
  readonly mac: string;
  readonly ip: string | null;
  readonly chassis: string | null;
  readonly port: string | null;
  readonly port_description: string | null;
  readonly chassis_id: string | null;
  readonly port_id: string | null;
  readonly switch_name: string | null;
  readonly place: string | null;
  readonly matched: 'port' | 'chassis' | 'subnet' | null;
  readonly source: Placement['source'];
  readonly at: number;
}

/** By MAC. */
export function readPlacements(db: Database): Placement[] {
  return all<PlacementRow>(db, 'SELECT * FROM placement ORDER BY mac').map(placementOf);
}

export function savePlacement(db: Database, placement: Placement): void {
  const row: PlacementRow = {
    mac: placement.mac,
    ip: placement.ip ?? null,
    chassis: placement.chassis ?? null,
    port: placement.port ?? null,
    port_description: placement.portDescription ?? null,
    chassis_id: placement.chassisId ?? null,
    port_id: placement.portId ?? null,
    switch_name: placement.switchName ?? null,
    place: placement.place ?? null,
    matched: placement.matched ?? null,
    source: placement.source,
    at: placement.at,
  };
  run(
    db,
    `INSERT OR REPLACE INTO placement (mac, ip, chassis, port, port_description, chassis_id, port_id, switch_name, place, matched, source, at)
     VALUES (@mac, @ip, @chassis, @port, @port_description, @chassis_id, @port_id, @switch_name, @place, @matched, @source, @at)`,
    { ...row },
  );
}

export function removePlacement(db: Database, mac: string): void {
  run(db, 'DELETE FROM placement WHERE mac = ?', [mac]);
}

function placementOf(row: PlacementRow): Placement {
  return {
    mac: row.mac,
    source: row.source,
    at: row.at,
    ...(row.ip === null ? {} : { ip: row.ip }),
    ...(row.chassis === null ? {} : { chassis: row.chassis }),
    ...(row.port === null ? {} : { port: row.port }),
    ...(row.port_description === null ? {} : { portDescription: row.port_description }),
    ...(row.chassis_id === null ? {} : { chassisId: row.chassis_id }),
    ...(row.port_id === null ? {} : { portId: row.port_id }),
    ...(row.switch_name === null ? {} : { switchName: row.switch_name }),
    ...(row.place === null ? {} : { place: row.place }),
    ...(row.matched === null ? {} : { matched: row.matched }),
  };
}
