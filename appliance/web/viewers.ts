/**
 * People who only look: a password of their own opens the status page with all that it shows, and nothing can be ordered. Who is in is
 * known in memory alone: a row among the admin's sessions would be one of the admin to a release that knows no viewers.
 */
import { randomBytes } from 'node:crypto';
import { isPassword, passwordMark, removePassword, setPassword } from '../store/admin-password.ts';
import type { Secrets } from '../store/secrets.ts';
import { sessionAges } from '../store/sessions.ts';
import type { Clock } from '../world.ts';

/** Screens on walls and people at desks; the one that was seen longest ago gives way. */
const mostLooking = 64;

export interface Viewers {
  /** Somebody may look. */
  mayLook(): boolean;
  isPassword(password: string): Promise<boolean>;
  /** Undefined: nobody may any more. Whoever is in is out. */
  setPassword(password: string | undefined): Promise<void>;
  /** The token of a browser that came in just now. */
  begin(): string;
  isIn(token: string | undefined): boolean;
  end(token: string): void;
}

export function openViewers(secrets: Secrets, clock: Pick<Clock, 'now'>): Viewers {
  const browsers = new Map<
    string,
    { readonly beganAt: number; readonly seenAt: number; readonly mark: string }
  >();
  const mark = () => passwordMark(secrets, 'viewers');
  return {
    mayLook: () => mark() !== undefined,
    isPassword: async (password) => await isPassword(secrets, password, 'viewers'),
    setPassword: async (password) => {
      if (password === undefined) await removePassword(secrets, 'viewers');
      else await setPassword(secrets, password, 'viewers');
      browsers.clear();
    },
    begin: () => {
      const [oldest] = browsers.keys();
      if (browsers.size >= mostLooking && oldest !== undefined) browsers.delete(oldest);
      const token = randomBytes(32).toString('base64url');
      const now = clock.now();
      browsers.set(token, { beganAt: now, seenAt: now, mark: mark() ?? '' });
      return token;
    },
    isIn: (token) => {
      const browser = token === undefined ? undefined : browsers.get(token);
      if (token === undefined || browser === undefined) return false;
      const now = clock.now();
      browsers.delete(token);
      const isOver = now - browser.beganAt > sessionAges.mostMs || now - browser.seenAt > sessionAges.idleMs;
      if (isOver || browser.mark !== mark()) return false;
      // Last, as the one seen just now.
      browsers.set(token, { ...browser, seenAt: now });
      return true;
    },
    end: (token) => void browsers.delete(token),
  };
}
