/** The table `site_number` of web: the admin's own list of numbers, read by sip in an outage. */
import { all, run, type Database } from './database.ts';
import type { Transaction } from './store.ts';

export interface SiteNumber {
  /** MAC with colons, or user part of the AOR. */
  readonly phone: string;
  /** E.164 with `+` where the country is told. */
  readonly number?: string;
  readonly extension?: string;
}

interface Row {
  readonly phone: string;
  readonly number: string | null;
  readonly extension: string | null;
}

/** In the place of the list before. */
export function replaceSiteNumbers(tx: Transaction, numbers: readonly SiteNumber[]): void {
  run(tx.db, 'DELETE FROM site_number');
  for (const row of numbers) {
    run(tx.db, 'INSERT INTO site_number (phone, number, extension) VALUES (@phone, @number, @extension)', {
      number: null,
      extension: null,
      ...row,
    });
  }
  tx.journal({ kind: 'numbers_imported', body: { rows: numbers.length } });
}

export function readSiteNumbers(db: Database): SiteNumber[] {
  return all<Row>(db, 'SELECT phone, number, extension FROM site_number ORDER BY rowid').map(
    ({ phone, number, extension }) => ({
      phone,
      ...(number === null ? {} : { number }),
      ...(extension === null ? {} : { extension }),
    }),
  );
}
