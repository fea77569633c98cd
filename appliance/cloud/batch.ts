/** What of a journal goes into one request, and under which key the cloud knows it again. Pure. */
import type { Cursor } from '../store/cursors.ts';
import type { JournalGap, JournalRow } from '../store/reader.ts';

export interface Batch {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly body: Uint8Array;
  /** The same rows get the same key, however often and by whichever process they are sent. */
  readonly idempotencyKey: string;
}

/** One row of the request: rows that were pruned before they could be sent are told as a gap. */
type ShippedRow =
  | {
      readonly seq: number;
      readonly at: number;
      readonly kind: string;
      readonly mac: string | null;
      readonly body: unknown;
      readonly count: number;
      readonly until: number;
    }
  | { readonly gap: true; readonly from: number; readonly to: number };

/** Keeps a request well below what proxies let pass. */
export const mostBatchBytes = 512 * 1024;

/** `undefined` when there is nothing to send. Rows that don't fit wait for the next batch; the first always fits. */
export function newBatch(
  site: string,
  { part, journal }: Pick<Cursor, 'part' | 'journal'>,
  found: readonly (JournalRow | JournalGap)[],
): Batch | undefined {
  const rows: string[] = [];
  let bytes = 0;
  let to = 0;
  for (const row of found) {
    const text = JSON.stringify(shipped(row));
    bytes += Buffer.byteLength(text) + 1;
    if (rows.length > 0 && bytes > mostBatchBytes) break;
    rows.push(text);
    to = lastSeq(row);
  }
  const [first] = found;
  if (first === undefined) return undefined;
  const from = 'seq' in first ? first.seq : first.from;
  const head = JSON.stringify({ site, part, journal, from, to }).slice(0, -1);
  return {
    from,
    to,
    rows: rows.length,
    body: Buffer.from(`${head},"rows":[${rows.join(',')}]}`),
    idempotencyKey: `${encodeURIComponent(site)}:${part}:${journal}:${from}-${to}`,
  };
}

function shipped(row: JournalRow | JournalGap): ShippedRow {
  if (!('seq' in row)) return { gap: true, from: row.from, to: row.to };
  const { seq, at, kind, mac, body, count, until } = row;
  return { seq, at, kind, mac, body: JSON.parse(body), count, until };
}

function lastSeq(row: JournalRow | JournalGap): number {
  return 'seq' in row ? row.seq : row.to;
}
