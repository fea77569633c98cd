/** When a phone was onboarded, signed in and signed out, as far as the box sees it in the cloud's answers. Pure. */

/** `onboarding`: one-time, of nobody yet. `final`: of the person or place that is signed in. */
export type AccountKind = 'onboarding' | 'final';

/** All times in ms since 1970. */
export interface Milestones {
  readonly account?: AccountKind;
  /** The cloud made its one-time account. Absent for phones that had one before the box came. */
  readonly onboardedAt?: number;
  /** The final account was first seen. */
  readonly signedInAt?: number;
  /** It had a final account, and has a one-time account again. */
  readonly signedOutAt?: number;
  /** The cloud last answered it. */
  readonly cloudSeenAt?: number;
}

export interface CloudAnswer {
  readonly stage: 1 | 2 | 3;
  /** HTTP. */
  readonly status: number;
  /** What the body names; undefined: none. */
  readonly account: AccountKind | undefined;
  /** ms since 1970. */
  readonly at: number;
}

/** What happened with this answer, for the journal. */
export type MilestoneName = 'onboarded' | 'signed_in' | 'signed_out';

export function nextMilestones(
  before: Milestones,
  { stage, status, account, at }: CloudAnswer,
): { readonly milestones: Milestones; readonly news?: MilestoneName } {
  if (status >= 400 || stage === 1) return { milestones: before };
  const seen = { ...before, cloudSeenAt: at };
  if (status !== 200 || account === undefined) return { milestones: seen };
  const { signedOutAt: _signedOutAt, ...rest } = { ...seen, account };
  if (account === 'final') {
    if (before.account === 'final') return { milestones: seen };
    return { milestones: { ...rest, signedInAt: at }, news: 'signed_in' };
  }
  // The second stage makes an account: after it the phone is a new one, whoever was signed in before.
  if (stage === 2) {
    const { signedInAt: _signedInAt, ...fresh } = rest;
    return { milestones: { ...fresh, onboardedAt: at }, news: 'onboarded' };
  }
  if (before.account === 'final') return { milestones: { ...rest, signedOutAt: at }, news: 'signed_out' };
  return { milestones: { ...seen, account } };
}
