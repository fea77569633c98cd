/** The table `phone_configuration` of provisioning: the last answer each phone was given. */
import { all, one, run, type Database } from './database.ts';
import type { AccountKind, Milestones } from './milestones.ts';
import type { Posture } from './phone-stage.ts';

/** 0: our overlay only. 1 to 3: the cloud's stages. */
export type ConfigurationStage = 0 | 1 | 2 | 3;

export interface PhoneConfiguration extends Milestones {
  readonly mac: string;
  readonly ip: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly firmware?: string;
  readonly userAgent: string;
  readonly stage: ConfigurationStage;
  /** ms since 1970. */
  readonly at: number;
  /** HTTP status of the answer. */
  readonly status: number;
  /** How far the box stands between this phone and the cloud; absent while the cloud has not answered. */
  readonly posture?: Posture;
  /** Since when, ms since 1970. */
  readonly postureAt?: number;
  /** The box's own, at which it was answered. */
  readonly boxAddress?: string;
}

interface Row {
  readonly mac: string;
  readonly ip: string;
  readonly vendor: string | null;
  readonly model: string | null;
  readonly firmware: string | null;
  readonly user_agent: string;
  readonly stage: ConfigurationStage;
  readonly at: number;
  readonly status: number;
  readonly bootstraps: number;
  readonly posture: Posture | null;
  readonly posture_at: number | null;
  readonly box_address: string | null;
  readonly account: AccountKind | null;
  readonly onboarded_at: number | null;
  readonly signed_in_at: number | null;
  readonly signed_out_at: number | null;
  readonly cloud_seen_at: number | null;
}

/** One row a phone, by MAC. */
export function readPhoneConfigurations(db: Database): PhoneConfiguration[] {
  return all<Row>(db, 'SELECT * FROM phone_configuration ORDER BY mac').map(fromRow);
}

export function readPhoneConfiguration(db: Database, mac: string): PhoneConfiguration | undefined {
  const row = one<Row>(db, 'SELECT * FROM phone_configuration WHERE mac = ?', [mac]);
  return row && fromRow(row);
}

/** Whether the cloud gave a configuration to this address. */
export function isPhoneAddress(db: Database, ip: string): boolean {
  const sql = 'SELECT 1 FROM phone_configuration WHERE ip = ? AND stage > 0 AND status = 200';
  return one(db, sql, [ip]) !== undefined;
}

/** Whose last answer went to this address. */
export function phoneOfAddress(db: Database, ip: string): string | undefined {
  const sql = 'SELECT mac FROM phone_configuration WHERE ip = ? ORDER BY at DESC LIMIT 1';
  return one<{ mac: string }>(db, sql, [ip])?.mac;
}

/** How many overlays in a row a phone was given without coming back over HTTPS: more than a few, and it does not trust us. */
export function readBootstraps(db: Database, mac: string): number {
  return (
    one<{ bootstraps: number }>(db, 'SELECT bootstraps FROM phone_configuration WHERE mac = ?', [mac])
      ?.bootstraps ?? 0
  );
}

/** More phones than any site has: a flood of invented MACs must not fill the disk. The oldest go. */
const mostPhones = 20_000;

/** `bootstraps` counts rows of stage 0 until {@link resetBootstraps}. */
export function savePhoneConfiguration(db: Database, phone: PhoneConfiguration): void {
  run(
    db,
    `INSERT INTO phone_configuration (mac, ip, vendor, model, firmware, user_agent, stage, at, status, posture, posture_at,
       box_address, bootstraps)
     VALUES (@mac, @ip, @vendor, @model, @firmware, @userAgent, @stage, @at, @status, @posture, @at, @boxAddress, iif(@stage = 0, 1, 0))
     ON CONFLICT (mac) DO UPDATE SET ip = excluded.ip, vendor = excluded.vendor, model = excluded.model,
       firmware = excluded.firmware, user_agent = excluded.user_agent, stage = excluded.stage, at = excluded.at,
       status = excluded.status, posture = excluded.posture, box_address = excluded.box_address,
       posture_at = iif(posture IS excluded.posture, posture_at, excluded.at), bootstraps = bootstraps + excluded.bootstraps`,
    { vendor: null, model: null, firmware: null, posture: null, boxAddress: null, ...phone },
  );
  const count = one<{ count: number }>(db, 'SELECT count(*) AS count FROM phone_configuration')?.count ?? 0;
  if (count > mostPhones) {
    run(
      db,
      'DELETE FROM phone_configuration WHERE mac IN (SELECT mac FROM phone_configuration ORDER BY at LIMIT ?)',
      [count - mostPhones],
    );
  }
}

/** All of them, absent ones too. A phone that was answered before; nothing is changed of one that wasn't. */
export function saveMilestones(db: Database, mac: string, milestones: Milestones): void {
  run(
    db,
    `UPDATE phone_configuration SET account = @account, onboarded_at = @onboardedAt, signed_in_at = @signedInAt,
       signed_out_at = @signedOutAt, cloud_seen_at = @cloudSeenAt WHERE mac = @mac`,
    {
      account: null,
      onboardedAt: null,
      signedInAt: null,
      signedOutAt: null,
      cloudSeenAt: null,
      ...milestones,
      mac,
    },
  );
}

/** The phone came over HTTPS: it trusts our authority. */
export function resetBootstraps(db: Database, mac: string): void {
  run(db, 'UPDATE phone_configuration SET bootstraps = 0 WHERE mac = ?', [mac]);
}

/** A phone that was answered before; nothing is changed of one that wasn't. */
export function savePosture(
  db: Database,
  phone: Required<Pick<PhoneConfiguration, 'mac' | 'posture' | 'at'>>,
): void {
  run(
    db,
    `UPDATE phone_configuration SET posture_at = iif(posture IS @posture, posture_at, @at), posture = @posture, at = @at
     WHERE mac = @mac`,
    { ...phone },
  );
}

/** How far the box stands between this phone and the cloud, by its last answer. */
export function readPosture(db: Database, mac: string): Posture | undefined {
  return (
    one<{ posture: Posture | null }>(db, 'SELECT posture FROM phone_configuration WHERE mac = ?', [mac])
      ?.posture ?? undefined
  );
}

function fromRow(row: Row): PhoneConfiguration {
  const { mac, ip, vendor, model, firmware, user_agent: userAgent, stage, at, status, posture } = row;
  return {
    mac,
    ip,
    ...(vendor === null ? {} : { vendor }),
    ...(model === null ? {} : { model }),
    ...(firmware === null ? {} : { firmware }),
    userAgent,
    stage,
    at,
    status,
    ...(posture === null ? {} : { posture }),
    ...(row.box_address === null ? {} : { boxAddress: row.box_address }),
    ...(row.posture_at === null ? {} : { postureAt: row.posture_at }),
    ...(row.account === null ? {} : { account: row.account }),
    ...(row.onboarded_at === null ? {} : { onboardedAt: row.onboarded_at }),
    ...(row.signed_in_at === null ? {} : { signedInAt: row.signed_in_at }),
    ...(row.signed_out_at === null ? {} : { signedOutAt: row.signed_out_at }),
    ...(row.cloud_seen_at === null ? {} : { cloudSeenAt: row.cloud_seen_at }),
  };
}
