/** A box that only ships journals: its settings, and journals of its parts to ship. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { parseConfig, type Config } from '../../appliance/config.ts';
import type { PartName } from '../../appliance/store/journal-kinds.ts';
import { openStore, storeFile, type Store } from '../../appliance/store/store.ts';
import { systemClock } from '../../appliance/world.ts';
import { temporaryDirectory } from './directory.ts';

export const token = 'canary-token-5f1c';
export const site = 'Büro 7';

export interface Bench {
  readonly directory: string;
  readonly configFile: string;
  readonly config: Config;
  readonly store: (part: PartName, ordinaryBytes?: number) => Store;
}

export function journalBench(url: string, ca: string, batchRows = 50): Bench {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(join(directory, 'ca.pem'), ca);
  writeFileSync(join(directory, 'token'), `${token}\n`);
  const source = `[site]
name = "${site}"
address = "127.0.0.1"
state_directory = "${join(directory, 'state')}"
extra_ca_file = "${join(directory, 'ca.pem')}"
[cloud]
url = "${url}"
token_file = "${join(directory, 'token')}"
batch_rows = ${batchRows}
`;
  writeFileSync(configFile, source);
  const config = parseConfig(source);
  return {
    directory,
    configFile,
    config,
    store: (part, ordinaryBytes) =>
      openStore({
        directory: config.site.state_directory,
        part,
        clock: systemClock,
        ...(ordinaryBytes === undefined ? {} : { quota: { ordinaryBytes } }),
      }),
  };
}

export async function writeRows(store: Store, first: number, count: number): Promise<void> {
  for (let n = first; n < first + count; n += 1) {
    await store.write((transaction) =>
      transaction.journal({ kind: 'started', mac: '00:15:65:00:00:01', body: { release: `r${n}` } }),
    );
  }
}

/** What the part itself holds, as the cloud should hold it. */
export function journalOf(config: Config, part: PartName): { seq: number; body: string }[] {
  const db = new Database(storeFile(config.site.state_directory, part), { readonly: true });
  try {
    return db.prepare('SELECT seq, body FROM journal ORDER BY seq').all() as { seq: number; body: string }[];
  } finally {
    db.close();
  }
}
