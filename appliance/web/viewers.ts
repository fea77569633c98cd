/**
 * People who only look: a password of their own opens the status page with all that it shows, and nothing can be ordered. Who is in is
 * known in memory alone: a row among the admin's sessions would be one of the admin to a release that knows no viewers.
 */
import { randomBytes } from 'node:crypto';
import {
  isPassword,
  passwordMark,
  passwordProblem,
  removePassword,
  setPassword,
} from '../store/admin-password.ts';
import type { Secrets } from '../store/secrets.ts';
import { sessionAges } from '../store/sessions.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../world.ts';
import type { Refused } from './password-checks.ts';

/** Screens on walls and people at desks; the one that was seen longest ago gives way. */
const mostLooking = 64;

export interface Viewers {
  /** Somebody may look. */
  mayLook(): boolean;
  isPassword(password: string): Promise<boolean>;
  /** Why another account can't have this password; undefined: it can. */
  isTheirs(password: string): Promise<Refused | undefined>;
  /** Undefined: nobody may any more. Whoever is in is out. */
  setPassword(password: string | undefined, remote: string): Promise<Refused | undefined>;
  /** A browser came in just now; written down if the disk takes it, as who looks is told what is wrong with the disk. */
  begin(remote: string): Promise<{ readonly token: string }>;
  isIn(token: string | undefined): boolean;
  end(token: string): void;
}

interface Needs {
  readonly secrets: Secrets;
  readonly store: Store;
  readonly clock: Pick<Clock, 'now'>;
}

export function openViewers({ secrets, store, clock }: Needs): Viewers {
  const browsers = new Map<
    string,
    { readonly beganAt: number; readonly seenAt: number; readonly mark: string }
  >();
  const mark = () => passwordMark(secrets, 'viewers');
  return {
    mayLook: () => mark() !== undefined,
    isPassword: async (password) => await isPassword(secrets, password, 'viewers'),
    isTheirs: async (password) =>
      (await isPassword(secrets, password, 'viewers')) ? taken('those who only look') : undefined,
    setPassword: async (password, remote) => {
      const words = password === undefined ? undefined : passwordProblem(password);
      if (words !== undefined) return { refused: 'short', words };
      if (password !== undefined && (await isPassword(secrets, password))) return taken('the admin');
      if (password === undefined) await removePassword(secrets, 'viewers');
      else await setPassword(secrets, password, 'viewers');
      browsers.clear();
      const kind = password === undefined ? 'viewers_password_removed' : 'viewers_password_set';
      await store.write((tx) => tx.journal({ kind, body: { remote } }));
      return undefined;
    },
    begin: async (remote) => {
      await store
        .write((tx) => tx.journal({ kind: 'signed_in', body: { remote, by: 'viewers' } }))
        .catch(() => undefined);
      const [oldest] = browsers.keys();
      if (browsers.size >= mostLooking && oldest !== undefined) browsers.delete(oldest);
      const token = randomBytes(32).toString('base64url');
      const now = clock.now();
      browsers.set(token, { beganAt: now, seenAt: now, mark: mark() ?? '' });
      return { token };
    },
    isIn: (token) => {
      const browser = token === undefined ? undefined : browsers.get(token);
      if (token === undefined || browser === undefined) return false;
      const now = clock.now();
      browsers.delete(token);
      const isOver =
        Math.abs(now - browser.beganAt) > sessionAges.mostMs || now - browser.seenAt > sessionAges.idleMs;
      if (isOver || browser.mark !== mark()) return false;
      // Last, as the one seen just now.
      browsers.set(token, { ...browser, seenAt: now });
      return true;
    },
    end: (token) => void browsers.delete(token),
  };
}

function taken(by: string): Refused {
  return { refused: 'short', words: `This is the password of ${by}: choose another one.` };
}
