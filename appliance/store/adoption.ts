/** Phones taken over in waves. Tables of web, written by the command line beside the orders that follow from them. */
import { all, one, run, type Database } from './database.ts';

/** `planned` and `undone`: kept away from the box. `paused`: those that have come stay, the others are kept away. */
export type WaveState = 'planned' | 'running' | 'paused' | 'undone';

export interface Wave {
  readonly wave: number;
  readonly state: WaveState;
  /** ms since 1970. */
  readonly changedAt: number;
}

/** By number. */
export function readWaves(db: Database): Wave[] {
  return all<{ wave: number; state: WaveState; changed_at: number }>(
    db,
    'SELECT wave, state, changed_at FROM adoption_wave ORDER BY wave',
  ).map(({ wave, state, changed_at: changedAt }) => ({ wave, state, changedAt }));
}

export function readWave(db: Database, wave: number): Wave | undefined {
  return readWaves(db).find((one) => one.wave === wave);
}

/** MAC and wave, by MAC. */
export function readWavePhones(db: Database): { readonly mac: string; readonly wave: number }[] {
  return all<{ mac: string; wave: number }>(db, 'SELECT mac, wave FROM adoption_phone ORDER BY mac');
}

export function saveWave(db: Database, { wave, state, changedAt }: Wave): void {
  run(
    db,
    `INSERT INTO adoption_wave (wave, state, changed_at) VALUES (?, ?, ?)
     ON CONFLICT (wave) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at`,
    [wave, state, changedAt],
  );
}

/** A phone is in one wave: the last one that it was put into. */
export function putIntoWave(db: Database, mac: string, wave: number): void {
  run(db, 'INSERT OR REPLACE INTO adoption_phone (mac, wave) VALUES (?, ?)', [mac, wave]);
}

export function countWave(db: Database, wave: number): number {
  return (
    one<{ count: number }>(db, 'SELECT count(*) AS count FROM adoption_phone WHERE wave = ?', [wave])
      ?.count ?? 0
  );
}
