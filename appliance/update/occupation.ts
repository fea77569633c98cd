/** What goes on in the office, read from sip's file. */
import { readOpenCalls } from '../store/calls.ts';
import { readEmergencyCalls } from '../store/emergency-calls.ts';
import { readFacts } from '../store/phones.ts';
import type { Occupation } from './window.ts';

const looked = 20;

export function occupationOf(directory: string): Occupation {
  const calls = readFacts(directory, 'sip', readOpenCalls);
  const help = readFacts(directory, 'sip', (db) => readEmergencyCalls(db, { limit: looked })).filter(
    ({ kind }) => kind === 'help',
  );
  const open = new Set(calls.map(({ id }) => id));
  const [last] = help;
  return {
    calls: calls.length,
    isHelpUp: help.some(({ id, endedAt }) => endedAt === undefined && open.has(id)),
    ...(last === undefined ? {} : { lastHelpAt: last.endedAt ?? last.at }),
  };
}
