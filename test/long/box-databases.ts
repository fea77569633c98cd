/** Every database of the box, and how the part that owns it opens it and commits a row. */
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readMigrations, run, type Database } from '../../appliance/store/database.ts';
import { storeNames, type PartName, type StoreName } from '../../appliance/store/journal-kinds.ts';
import { openSecrets, type SecretWriter } from '../../appliance/store/secrets.ts';
import { openStore } from '../../appliance/store/store.ts';
import { openTelemetryFile } from '../../appliance/store/telemetry.ts';
import { lateMark } from './earlier-database.ts';

interface Opened extends Disposable {
  /** Resolves once one more row is acknowledged. Where the file promises nothing there is none. */
  readonly acknowledge?: () => Promise<unknown>;
}

export interface BoxDatabase {
  /** Below the site's state directory. */
  readonly file: string;
  readonly migrations: string;
  readonly isWithoutWal: boolean;
  /** Migrates. */
  open(directory: string): Opened;
}

/** Before everything that the rows say, so that no bound of age takes one. */
const clock = { now: () => 1 };

const openedBy: Readonly<Partial<Record<StoreName, object>>> = {
  dhcp: { isSyncedApart: true, isReplaced: true },
  provisioning: { isSyncedApart: true },
  sip: { isReplaced: true, isSyncedApart: true, isSyncFailureTold: true, pauseMs: 40 },
  rtp: { isReplaced: true, isSyncedApart: true, isSyncFailureTold: true },
  location: { isReplaced: true },
  web: { isReplaced: true },
};

function store(part: StoreName): BoxDatabase {
  return {
    file: `${part}/${part}.db`,
    migrations: part,
    isWithoutWal: part === 'box',
    open: (directory) => {
      const opened = openStore({ directory, part, clock, ...openedBy[part] });
      return {
        acknowledge: async () => await opened.write(({ db }) => writeLate(db)),
        [Symbol.dispose]: () => {
          opened[Symbol.dispose]();
          opened.db.close();
        },
      };
    },
  };
}

function writeLate(db: Database): void {
  run(
    db,
    `INSERT INTO journal (at, kind, body, until, reserved, size) VALUES (1, '${lateMark}', '{}', 1, 0, 64)`,
  );
}

const putLate = (writer: SecretWriter) => writer.put(`${lateMark} ${randomUUID()}`, Buffer.from('late'));

function telemetry(part: PartName, migrations: string): BoxDatabase {
  return {
    file: `${part}/${part}.telemetry.db`,
    migrations,
    isWithoutWal: false,
    open: (directory) => {
      const db = openTelemetryFile(directory, part);
      return { [Symbol.dispose]: () => void db.close() };
    },
  };
}

function secrets(part: PartName): BoxDatabase {
  return {
    file: `${part}/${part}.secret.db`,
    migrations: 'secret',
    isWithoutWal: part === 'web',
    open: (directory) => {
      const opened = openSecrets(directory, part, clock);
      return {
        acknowledge: async () => await opened.write(putLate),
        [Symbol.dispose]: () => opened[Symbol.dispose](),
      };
    },
  };
}

export const boxDatabases: readonly BoxDatabase[] = [
  ...storeNames.map(store),
  telemetry('provisioning', 'provisioning-telemetry'),
  telemetry('rtp', 'rtp-telemetry'),
  telemetry('sip', 'sip-telemetry'),
  telemetry('dhcp', 'telemetry'),
  secrets('provisioning'),
  secrets('web'),
];

/** The release before the last migrations; a file of one migration is made anew. */
export function earlierVersion({ migrations }: BoxDatabase): number {
  return Math.min(2, readMigrations(migrations).length - 1);
}

/** Folders of migrations that no database above has. */
export function forgottenMigrations(): string[] {
  const known = boxDatabases.map(({ migrations }) => migrations);
  return readdirSync(join(import.meta.dirname, '../../appliance/store/migrations'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !known.includes(entry.name))
    .map(({ name }) => name);
}

export function boxDatabase(file: string): BoxDatabase {
  const found = boxDatabases.find((database) => database.file === file);
  if (found === undefined) throw new Error(`the box has no database ${file}`);
  return found;
}
