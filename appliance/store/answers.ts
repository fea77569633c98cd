/** The table `answer` of box: what a command printed that was asked for at the page. Names phones and numbers, so it is in no journal. */
import { all, run, type Database } from './database.ts';
import { readFacts } from './phones.ts';

const mostKept = 20;
const dayMs = 86_400_000;

export function keepAnswer(db: Database, orderId: string, { text, at }: { text: string; at: number }): void {
  run(db, 'INSERT OR REPLACE INTO answer (order_id, at, body) VALUES (?, ?, ?)', [orderId, at, text]);
  // Of before the clock was set back: until then they would crowd out all that comes.
  run(db, 'DELETE FROM answer WHERE at > ?', [at + dayMs]);
  run(db, 'DELETE FROM answer WHERE order_id NOT IN (SELECT order_id FROM answer ORDER BY at DESC LIMIT ?)', [
    mostKept,
  ]);
}

/** Undefined: nothing was asked by this order, or it is long ago. */
export function readAnswer(directory: string, orderId: string): string | undefined {
  return readFacts(directory, 'box', (db) =>
    all<{ body: string }>(db, 'SELECT body FROM answer WHERE order_id = ?', [orderId]),
  )[0]?.body;
}
