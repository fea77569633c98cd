/** Whether the sip part last said that a registrar is out of reach, by its journal. */
import { one, type Database } from './database.ts';

/** Also between a start and its first word: what was before it does not count any more. */
export function isRegistrarAway(db: Database): boolean {
  const last = one<{ kind: string }>(
    db,
    "SELECT kind FROM journal WHERE kind IN ('started', 'outage_began', 'outage_ended') ORDER BY seq DESC LIMIT 1",
  );
  return last?.kind === 'outage_began';
}
