/** What goes on in the office, read from sip's file. */
import { readOpenCalls } from '../store/calls.ts';
import { readEmergencyCalls } from '../store/emergency-calls.ts';
import { readFacts } from '../store/phones.ts';
import type { Occupation } from './window.ts';

const looked = 20;

/** `now`: ms since 1970. */
export function occupationOf(directory: string, now: number): Occupation {
  const calls = readFacts(directory, 'sip', readOpenCalls);
  const help = readFacts(directory, 'sip', (db) => readEmergencyCalls(db, { limit: looked })).filter(
    ({ kind }) => kind === 'help',
  );
  const open = new Set(calls.map(({ id }) => id));
  // Not the first of the list: that may be of a time when the clock stood far ahead.
  const times = help.map(({ at, endedAt = at }) => endedAt);
  const [lastHelpAt] = times.toSorted((a, b) => Math.abs(now - a) - Math.abs(now - b));
  return {
    calls: calls.length,
    isHelpUp: help.some(({ id, endedAt }) => endedAt === undefined && open.has(id)),
    ...(lastHelpAt === undefined ? {} : { lastHelpAt }),
  };
}
