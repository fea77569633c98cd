/** Passwords of phones here, as they passed in configurations: read only in an outage, and never written anywhere. */
import { openAccountKey, type AccountSecret } from '../store/account-seal.ts';
import { openLateReader } from '../store/late-reader.ts';
import { readSipAccounts, type SipAccountRow } from '../store/sip-accounts.ts';
import type { World } from '../world.ts';

export interface Accounts extends Disposable {
  /** Of this user; of several, that of the phone with this MAC, else the one that passed last. */
  find(user: string, mac: string | undefined): AccountSecret | undefined;
}

/** The key is made here when there is none: until then nothing is kept for us. */
export function openAccounts(directory: string, { clock, log }: World): Accounts {
  const key = openAccountKey(directory);
  const provisioning = openLateReader({
    directory,
    part: 'provisioning',
    clock,
    probe: (db) => void readSipAccounts(db, ''),
  });
  const rowsOf = (user: string): SipAccountRow[] => {
    try {
      const db = provisioning.database();
      return db === undefined ? [] : readSipAccounts(db, user);
    } catch (error) {
      log.warn({ err: error }, 'accounts of phones not read');
      return [];
    }
  };
  return {
    find: (user, mac) => {
      const rows = rowsOf(user).filter((row) => row.sealed_for === key.keyId);
      const row = rows.find((own) => own.mac === mac) ?? rows[0];
      if (row === undefined) return undefined;
      try {
        return key.open(row, row.sealed);
      } catch (error) {
        log.warn({ err: error, mac: row.mac }, 'account of a phone not opened');
        return undefined;
      }
    },
    [Symbol.dispose]: () => provisioning[Symbol.dispose](),
  };
}
