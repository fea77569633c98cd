import { expect, it } from 'vitest';
import {
  beginSession,
  endSession,
  isSeenLongAgo,
  liveSessions,
  markSeen,
  mostSessions,
  sessionAges,
  sessionOfToken,
} from '../../../appliance/store/sessions.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { fakeClock } from '../../support/clock.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const now = 1_800_000_000_000;

function openTable() {
  return openStore({ directory: temporaryDirectory(), part: 'web', clock: fakeClock(now) });
}

it('a session is found by what its browser holds, and the file does not hold that', async () => {
  using store = openTable();
  const { id, token } = await store.write(({ db }) => beginSession(db, { remote: '10.0.0.1', now }));
  expect(sessionOfToken(store.db, token, now)).toMatchObject({ id, remote: '10.0.0.1' });
  expect(sessionOfToken(store.db, `${token}x`, now)).toBeUndefined();
  expect(JSON.stringify(store.db.prepare('SELECT * FROM session').all())).not.toContain(token);
});

it('ends by signing out, by age, and when nobody uses it', async () => {
  using store = openTable();
  const begin = async () => await store.write(({ db }) => beginSession(db, { remote: '10.0.0.1', now }));
  const out = await begin();
  await store.write(({ db }) => endSession(db, out.id, now + 1));
  expect(sessionOfToken(store.db, out.token, now + 2)).toBeUndefined();
  const idle = await begin();
  expect(sessionOfToken(store.db, idle.token, now + sessionAges.idleMs)).toBeDefined();
  expect(sessionOfToken(store.db, idle.token, now + sessionAges.idleMs + 1)).toBeUndefined();
  await store.write(({ db }) => markSeen(db, idle.id, now + sessionAges.mostMs));
  expect(sessionOfToken(store.db, idle.token, now + sessionAges.mostMs)).toBeDefined();
  expect(sessionOfToken(store.db, idle.token, now + sessionAges.mostMs + 1)).toBeUndefined();
});

it('of too many the one seen longest ago gives way', async () => {
  using store = openTable();
  const tokens: string[] = [];
  for (let at = 0; at <= mostSessions; at += 1) {
    const { token } = await store.write(({ db }) => beginSession(db, { remote: '10.0.0.1', now: now + at }));
    tokens.push(token);
  }
  expect(liveSessions(store.db, now + 100)).toHaveLength(mostSessions);
  expect(sessionOfToken(store.db, tokens[0] ?? '', now + 100)).toBeUndefined();
  expect(sessionOfToken(store.db, tokens[1] ?? '', now + 100)).toBeDefined();
});

it('use is written down once a minute', async () => {
  using store = openTable();
  const { token } = await store.write(({ db }) => beginSession(db, { remote: '10.0.0.1', now }));
  const session = sessionOfToken(store.db, token, now);
  if (session === undefined) throw new Error('no session');
  expect([0, 59_999, 60_000].map((after) => isSeenLongAgo(session, now + after))).toEqual([
    false,
    false,
    true,
  ]);
});
