/** One request's rows: bounded, whole, and under a key that says which they are. */
import { expect, it } from 'vitest';
import { mostBatchBytes, newBatch } from '../../../appliance/cloud/batch.ts';
import type { JournalRow } from '../../../appliance/store/reader.ts';

const cursor = { part: 'sip', journal: 'j1' } as const;
const row = (seq: number, value = 'x'): JournalRow => ({
  seq,
  at: 1000 + seq,
  kind: 'started',
  mac: null,
  body: JSON.stringify({ release: value }),
  count: 1,
  until: 1000 + seq,
});
const textOf = (body: Uint8Array | undefined) => Buffer.from(body ?? []).toString('utf8');

it('nothing makes no request', () => {
  expect(newBatch('office', cursor, [])).toBeUndefined();
});

it('rows and gaps go in order, under a key of site, part, journal and numbers', () => {
  const batch = newBatch('Büro 7', cursor, [{ kind: 'gap', from: 3, to: 5 }, row(6)]);
  expect(batch).toMatchObject({ from: 3, to: 6, rows: 2, idempotencyKey: 'B%C3%BCro%207:sip:j1:3-6' });
  expect(JSON.parse(textOf(batch?.body))).toEqual({
    site: 'Büro 7',
    part: 'sip',
    journal: 'j1',
    from: 3,
    to: 6,
    rows: [
      { gap: true, from: 3, to: 5 },
      { seq: 6, at: 1006, kind: 'started', mac: null, body: { release: 'x' }, count: 1, until: 1006 },
    ],
  });
});

it('a request stays below what proxies let pass, and one row always goes', () => {
  const large = 'é'.repeat(mostBatchBytes / 8);
  const batch = newBatch(
    'office',
    cursor,
    [1, 2, 3, 4, 5].map((seq) => row(seq, large)),
  );
  expect(batch).toMatchObject({ from: 1, to: 3, rows: 3 });
  expect(batch?.body.length).toBeLessThan(mostBatchBytes + 1000);
  const giant = newBatch('office', cursor, [row(9, 'x'.repeat(mostBatchBytes * 2)), row(10)]);
  expect(giant).toMatchObject({ from: 9, to: 9, rows: 1 });
});

it('the same rows make the same request, byte for byte', () => {
  const rows = [row(1), row(2)];
  expect(newBatch('office', cursor, rows)).toEqual(newBatch('office', cursor, rows));
});
