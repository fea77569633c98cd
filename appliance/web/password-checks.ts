/** Passwords and codes that are tried: one after the other, each address slowed by its own mistakes, all journaled. */
import { hasSignedIn } from '../store/sessions.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../world.ts';
import { newAttempts } from './attempts.ts';

export interface Refused {
  readonly refused: 'wrong' | 'wait' | 'busy' | 'short' | 'done';
  readonly words: string;
  /** Whole seconds, where waiting helps. */
  readonly waitSeconds?: number;
}

/** Hashing takes memory and a fifth of a second: one at a time, each address once, and no long queue. */
const mostWaiting = 16;
/** Beyond them, for addresses from which somebody has got in: a crowd of strangers must not keep the admin out. */
const mostKnownWaiting = 4;

/** `viewers`: it is theirs, and forgives no mistakes: who knows it could else guess the admin's without end. */
type Found = boolean | 'viewers';

export type Checked = (
  remote: string,
  by: 'password' | 'code',
  isRight: () => Promise<Found>,
) => Promise<Refused | undefined>;

export function newChecks(store: Store, clock: Pick<Clock, 'now'>): Checked {
  const attempts = newAttempts();
  const waiting = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();
  return async (remote, by, isRight) => {
    const waitMs = attempts.waitMs(remote, clock.now());
    if (waitMs > 0) return wait(waitMs, 'Too many wrong ones from here.');
    if (waiting.has(remote)) return wait(1000, 'One at a time, please.');
    const most = hasSignedIn(store.db, remote) ? mostWaiting + mostKnownWaiting : mostWaiting;
    if (waiting.size >= most)
      return {
        refused: 'busy',
        words: 'Too many people are signing in. Try again in a moment.',
        waitSeconds: 2,
      };
    waiting.add(remote);
    try {
      const mine = last.then(isRight);
      last = mine.catch(() => undefined);
      const found = await mine;
      if (found === true) attempts.succeeded(remote);
      if (found !== false) return undefined;
    } finally {
      waiting.delete(remote);
    }
    attempts.failed(remote, clock.now());
    await store
      .write((tx) => tx.journal({ kind: 'sign_in_failed', body: { remote, by } }))
      .catch(() => undefined);
    return {
      refused: 'wrong',
      words: by === 'code' ? 'This is not the code on the screen of the box.' : 'This is not the password.',
    };
  };
}

function wait(ms: number, why: string): Refused {
  const waitSeconds = Math.ceil(ms / 1000);
  return { refused: 'wait', words: `${why} Try again in ${waitSeconds} s.`, waitSeconds };
}
