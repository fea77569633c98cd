/** The table `phone_firmware` of provisioning: what each phone said it runs. */
import { all, one, run, type Database } from './database.ts';

export interface PhoneFirmware {
  readonly mac: string;
  readonly ip: string;
  readonly vendor: string;
  readonly model?: string;
  readonly firmware?: string;
  /** It asked for a file that only Cisco's enterprise firmware knows. */
  readonly isEnterprise: boolean;
  /** Since when it says so, ms since 1970. */
  readonly at: number;
  /** Kept from the cloud since, ms since 1970. */
  readonly heldAt?: number;
}

interface Row {
  readonly mac: string;
  readonly ip: string;
  readonly vendor: string;
  readonly model: string | null;
  readonly firmware: string | null;
  readonly enterprise: number;
  readonly at: number;
  readonly held_at: number | null;
}

export function readPhoneFirmwares(db: Database): PhoneFirmware[] {
  return all<Row>(db, 'SELECT * FROM phone_firmware ORDER BY mac').map(fromRow);
}

export function readPhoneFirmware(db: Database, mac: string): PhoneFirmware | undefined {
  const row = one<Row>(db, 'SELECT * FROM phone_firmware WHERE mac = ?', [mac]);
  return row && fromRow(row);
}

/** More phones than any site has: a flood of invented MACs must not fill the disk. The oldest go. */
const mostPhones = 20_000;

export function savePhoneFirmware(db: Database, phone: PhoneFirmware): void {
  run(
    db,
    `INSERT OR REPLACE INTO phone_firmware (mac, ip, vendor, model, firmware, enterprise, at, held_at)
     VALUES (@mac, @ip, @vendor, @model, @firmware, @enterprise, @at, @heldAt)`,
    { model: null, firmware: null, heldAt: null, ...phone, enterprise: phone.isEnterprise ? 1 : 0 },
  );
  const count = one<{ count: number }>(db, 'SELECT count(*) AS count FROM phone_firmware')?.count ?? 0;
  if (count <= mostPhones) return;
  run(db, 'DELETE FROM phone_firmware WHERE mac IN (SELECT mac FROM phone_firmware ORDER BY at LIMIT ?)', [
    count - mostPhones,
  ]);
}

function fromRow({ mac, ip, vendor, model, firmware, enterprise, at, held_at: heldAt }: Row): PhoneFirmware {
  return {
    mac,
    ip,
    vendor,
    ...(model === null ? {} : { model }),
    ...(firmware === null ? {} : { firmware }),
    isEnterprise: enterprise === 1,
    at,
    ...(heldAt === null ? {} : { heldAt }),
  };
}
