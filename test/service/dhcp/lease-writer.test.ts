/** Leases and journal rows on a disk that is done when the test says so. */
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openCounters } from '../../../appliance/dhcp/counters.ts';
import { probationRow } from '../../../appliance/dhcp/lease-row.ts';
import { LeaseWriter } from '../../../appliance/dhcp/lease-writer.ts';
import { all, openDatabase } from '../../../appliance/store/database.ts';
import { Journal } from '../../../appliance/store/journal.ts';
import { newTurns } from '../../../appliance/store/turns.ts';
import type { Transaction } from '../../../appliance/store/store.ts';
import { fakeClock } from '../../support/clock.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { turns } from './dhcp-site.ts';

function openWriter() {
  const clock = fakeClock();
  const file = join(temporaryDirectory(), 'dhcp.db');
  const db = openDatabase({ file, migrations: 'dhcp', synchronous: 'FULL' });
  const journal = new Journal(db, { part: 'dhcp', clock });
  const asked: ((error?: Error) => void)[] = [];
  const { write } = newTurns<Transaction>(db, {
    given: { db, journal: (entry) => journal.append(entry) },
    sync: {
      later: (done) => void asked.push(done),
      now: () => undefined,
      [Symbol.dispose]: () => undefined,
    },
  });
  const counters = openCounters();
  const writer = new LeaseWriter({ store: { write }, clock, log: pino({ level: 'silent' }), counters });
  const events: string[] = [];
  return {
    writer,
    events,
    counters,
    /** A change of this address, whose answer and undoing are written down as events. */
    change: async (ip: number) => {
      const row = probationRow({ ip, mac: '80:5e:c0:00:00:01' }, undefined, clock.now());
      const undo = () => void events.push(`undone ${ip}`);
      const change = { write: { as: 'saved', row }, forget: undefined, undo } as const;
      const reply = { type: 'ack' } as NonNullable<Parameters<LeaseWriter['take']>[0]['reply']>;
      writer.take({ change, reply }, () => void events.push(`answered ${ip}`));
      await turns();
    },
    /** The disk has what was asked of it first, or not. */
    sync: async (error?: Error) => {
      asked.shift()?.(error);
      await turns();
    },
    reasons: () => all<{ body: string }>(db, "SELECT body FROM journal WHERE kind = 'malformed'").length,
  };
}

it('an answer leaves when its lease is on disk, and the next commit waits for that', async () => {
  const { change, sync, events, writer } = openWriter();
  await change(1);
  await change(2);
  expect(events).toEqual([]);
  expect(writer.isIdle).toBe(false);
  await sync();
  expect(events).toEqual(['answered 1']);
  await sync();
  expect(events).toEqual(['answered 1', 'answered 2']);
  expect(writer.isIdle).toBe(true);
});

it('a journal row that comes while the disk is busy is written with the next commit', async () => {
  const { change, sync, writer, reasons } = openWriter();
  await change(1);
  writer.report({ kind: 'malformed', body: { reason: 'no DHCP magic cookie' } });
  await turns();
  await sync();
  expect(reasons()).toBe(1);
});

it('what was decided while the disk failed is given up with it, the newest first', async () => {
  const { change, sync, events, counters } = openWriter();
  await change(1);
  await change(2);
  await sync(new Error('input/output error'));
  expect(events).toEqual(['undone 2', 'undone 1']);
  expect(counters.values()).toMatchObject({ unsaved: 2 });
});
