/** The table `firmware_offer` of provisioning: which phones were offered a version, to a few first. */
import { all, one, run, type Database } from './database.ts';

export interface FirmwareRelease {
  readonly vendor: string;
  /** As in the firmware folder. */
  readonly model: string;
  readonly version: string;
}

export interface FirmwareOffer extends FirmwareRelease {
  readonly mac: string;
  /** First, ms since 1970. */
  readonly offeredAt: number;
  /** Configurations that had the offer in them. */
  readonly offers: number;
  /** Came back with it, ms since 1970. */
  readonly updatedAt?: number;
}

interface Row extends FirmwareRelease {
  readonly mac: string;
  readonly offered_at: number;
  readonly offers: number;
  readonly updated_at: number | null;
}

export function readFirmwareOffers(db: Database): FirmwareOffer[] {
  return all<Row>(db, 'SELECT * FROM firmware_offer ORDER BY offered_at, mac').map(fromRow);
}

export function readFirmwareOffer(db: Database, mac: string): FirmwareOffer | undefined {
  const row = one<Row>(db, 'SELECT * FROM firmware_offer WHERE mac = ?', [mac]);
  return row && fromRow(row);
}

/** So often a phone is told in vain: it does not take it, and must not be sent for it with every configuration. */
const mostOffers = 30;

/**
 * Takes a place in the wave; false when this phone is not yet, or no more, to be offered it. The first `pilot` phones come
 * at once, all others when so many have come back with the version.
 */
export function takeFirmwareOffer(
  db: Database,
  { mac, pilot, now }: { mac: string; pilot: number; now: number },
  { vendor, model, version }: FirmwareRelease,
): boolean {
  const own = readFirmwareOffer(db, mac);
  if (own?.vendor === vendor && own.model === model && own.version === version)
    return own.offers < mostOffers && own.updatedAt === undefined;
  const wave = one<{ offered: number; updated: number }>(
    db,
    `SELECT count(*) AS offered, count(updated_at) AS updated FROM firmware_offer
     WHERE vendor = ? AND model = ? AND version = ?`,
    [vendor, model, version],
  );
  if (wave !== undefined && wave.offered >= pilot && wave.updated < pilot) return false;
  run(
    db,
    `INSERT OR REPLACE INTO firmware_offer (mac, vendor, model, version, offered_at, offers)
     VALUES (?, ?, ?, ?, ?, 0)`,
    [mac, vendor, model, version, now],
  );
  return true;
}

export function countFirmwareOffer(db: Database, mac: string): void {
  run(db, 'UPDATE firmware_offer SET offers = offers + 1 WHERE mac = ?', [mac]);
}

export function noteFirmwareUpdated(db: Database, mac: string, now: number): void {
  run(db, 'UPDATE firmware_offer SET updated_at = ? WHERE mac = ? AND updated_at IS NULL', [now, mac]);
}

function fromRow({ offered_at: offeredAt, updated_at: updatedAt, ...row }: Row): FirmwareOffer {
  return { ...row, offeredAt, ...(updatedAt === null ? {} : { updatedAt }) };
}
