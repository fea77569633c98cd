/** The service's own clocks for a phone: bulk sign-in and the clean-up of phones that it has not seen (G-46 to G-49). Pure. */
import type { AccountKind } from './milestones.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** New phones can be signed in in bulk for so long after they were onboarded (G-47). */
export const bulkNewMs = 72 * hourMs;
/** Microsoft's advice: not before, not after (G-47). */
export const bulkAdvisedFromMs = hourMs;
export const bulkAdvisedToMs = 70 * hourMs;
/** Signed-out phones for so long after the sign-out, whatever its reason (G-48). */
export const bulkSignedOutMs = 168 * hourMs;
/** A signed-in phone that the cloud has not seen for so long is dropped. */
export const unseenSignedInMs = 30 * dayMs;
/** And one that is not signed in. */
export const unseenSignedOutMs = 14 * dayMs;
/** A phone that was seen this lately is at work: nothing is counted for it. */
const seenLatelyMs = dayMs;

export const countdownKinds = [
  'bulk-new',
  'bulk-signed-out',
  'unseen-signed-in',
  'unseen-signed-out',
] as const;
export type CountdownKind = (typeof countdownKinds)[number];

export const countdownStates = ['early', 'open', 'closing', 'over'] as const;

export interface Countdown {
  readonly kind: CountdownKind;
  /** `early`: Microsoft advises to wait. `closing`: the last sixth of it, or after the advised end. */
  readonly state: (typeof countdownStates)[number];
  /** ms since 1970, as the next. */
  readonly since: number;
  readonly endsAt: number;
}

interface Clocked {
  readonly onboardedAt: number | undefined;
  readonly signedOutAt: number | undefined;
  readonly account: AccountKind | undefined;
  /** The cloud last saw the phone; undefined: the box can't tell, since the phone goes to the cloud by itself. */
  readonly seenAt: number | undefined;
}

/** Only what runs for this phone now; what is over stays listed. */
export function countdownsOf(
  { account, onboardedAt, signedOutAt, seenAt }: Clocked,
  now: number,
): Countdown[] {
  const running: Countdown[] = [];
  if (account === 'onboarding' && signedOutAt !== undefined)
    running.push(countdown('bulk-signed-out', { since: signedOutAt, lengthMs: bulkSignedOutMs, now }));
  else if (account === 'onboarding' && onboardedAt !== undefined) {
    const age = now - onboardedAt;
    const whole = countdown('bulk-new', { since: onboardedAt, lengthMs: bulkNewMs, now });
    const isAdvised = age >= bulkAdvisedFromMs && age < bulkAdvisedToMs;
    running.push(age < bulkAdvisedFromMs ? { ...whole, state: 'early' } : isAdvised ? whole : late(whole));
  }
  if (account !== undefined && seenAt !== undefined && now - seenAt >= seenLatelyMs) {
    running.push(
      account === 'final'
        ? countdown('unseen-signed-in', { since: seenAt, lengthMs: unseenSignedInMs, now })
        : countdown('unseen-signed-out', { since: seenAt, lengthMs: unseenSignedOutMs, now }),
    );
  }
  return running;
}

interface Span {
  readonly since: number;
  readonly lengthMs: number;
  readonly now: number;
}

function countdown(kind: CountdownKind, { since, lengthMs, now }: Span): Countdown {
  const endsAt = since + lengthMs;
  const state = now >= endsAt ? 'over' : endsAt - now <= lengthMs / 6 ? 'closing' : 'open';
  return { kind, state, since, endsAt };
}

function late(whole: Countdown): Countdown {
  return whole.state === 'over' ? whole : { ...whole, state: 'closing' };
}

/** Is this phone forgotten by the cloud, as far as the box can count? */
export function isDropped(countdowns: readonly Countdown[]): boolean {
  return countdowns.some(({ kind, state }) => kind.startsWith('unseen') && state === 'over');
}
