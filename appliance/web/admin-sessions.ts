/** Browsers in which the admin is signed in: written down, or in memory where the disk takes nothing. */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  beginSession,
  endOtherSessions,
  endSession,
  isSeenLongAgo,
  markSeen,
  mostSessions,
  sessionAges,
  sessionOfToken,
  type Session,
} from '../store/sessions.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';

export interface Entered {
  readonly id: string;
  readonly token: string;
}

export interface AdminSessions {
  begin(remote: string, by: 'password' | 'code'): Promise<Entered>;
  /** Whose token this is; that it is in use is written down once a minute. */
  of(token: string | undefined): Session | undefined;
  end(session: Session, remote: string): Promise<void>;
  /** All but this one, those in memory too. */
  endOthers(id: string): Promise<void>;
}

/** `passwordNow`: other words with each password. */
export function openAdminSessions(
  store: Store,
  { clock, log }: Pick<World, 'clock' | 'log'>,
  passwordNow: () => string | undefined,
): AdminSessions {
  const unwritten = newUnwrittenSessions(passwordNow);
  return {
    begin: async (remote, by) => {
      const now = clock.now();
      return await store
        .write((tx) => {
          const begun = beginSession(tx.db, { remote, now });
          tx.journal({ kind: 'signed_in', body: { session: begun.id, remote, by } });
          return begun;
        })
        .catch((error: unknown) => {
          log.error({ error: String(error) }, 'sign-in not written down');
          return unwritten.begin(remote, now);
        });
    },
    of: (token) => {
      const now = clock.now();
      if (token === undefined) return undefined;
      const session = sessionOfToken(store.db, token, now) ?? unwritten.of(token, now);
      // Nobody waits for it: a session that was used a minute longer than is known harms nobody.
      if (session !== undefined && isSeenLongAgo(session, now))
        void store.soon(({ db }) => markSeen(db, session.id, now)).catch(() => undefined);
      return session;
    },
    end: async ({ id }, remote) => {
      unwritten.end(id);
      await store.write((tx) => {
        endSession(tx.db, id, clock.now());
        tx.journal({ kind: 'signed_out', body: { session: id, remote } });
      });
    },
    endOthers: async (id) => {
      unwritten.endOthers(id);
      await store.write((tx) => endOtherSessions(tx.db, id, clock.now()));
    },
  };
}

/**
 * Sessions of a disk that takes no writes: its admin must be able to look what is wrong. They end with this process and with the
 * password, which a command may change, and nothing can be ordered in them.
 */
function newUnwrittenSessions(passwordNow: () => string | undefined) {
  const sessions = new Map<string, Session & { readonly password: string | undefined }>();
  return {
    begin: (remote: string, now: number): Entered => {
      const [oldest] = sessions.keys();
      if (sessions.size >= mostSessions && oldest !== undefined) sessions.delete(oldest);
      const token = randomBytes(32).toString('base64url');
      const id = randomUUID();
      sessions.set(token, { id, remote, beganAt: now, seenAt: now, password: passwordNow() });
      return { id, token };
    },
    of: (token: string, now: number): Session | undefined => {
      const session = sessions.get(token);
      const isOver = session === undefined || Math.abs(now - session.beganAt) > sessionAges.idleMs;
      return isOver || session.password !== passwordNow() ? undefined : session;
    },
    end: (id: string) => {
      for (const [token, session] of sessions) if (session.id === id) sessions.delete(token);
    },
    endOthers: (id: string) => {
      for (const [token, session] of sessions) if (session.id !== id) sessions.delete(token);
    },
  };
}
