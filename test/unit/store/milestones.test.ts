import { expect, it } from 'vitest';
import { nextMilestones, type CloudAnswer, type Milestones } from '../../../appliance/store/milestones.ts';

const at = 1_000_000;
const answer: CloudAnswer = { stage: 3, status: 200, account: undefined, at };
const onboarded: Milestones = { account: 'onboarding', onboardedAt: 1, cloudSeenAt: 1 };
const signedIn: Milestones = { account: 'final', onboardedAt: 1, signedInAt: 2, cloudSeenAt: 2 };
const signedOut: Milestones = { ...signedIn, account: 'onboarding', signedOutAt: 3 };

const rows: [string, Milestones, Partial<CloudAnswer>, Milestones, string | undefined][] = [
  ['the first stage says nothing', {}, { stage: 1, account: 'onboarding' }, {}, undefined],
  ['a refusal says nothing', onboarded, { status: 403 }, onboarded, undefined],
  [
    'the second stage onboards',
    {},
    { stage: 2, account: 'onboarding' },
    { account: 'onboarding', onboardedAt: at, cloudSeenAt: at },
    'onboarded',
  ],
  [
    'a one-time account in the third stage of a phone that is new to the box has no known age',
    {},
    { account: 'onboarding' },
    { account: 'onboarding', cloudSeenAt: at },
    undefined,
  ],
  [
    'a poll is a sign of life',
    onboarded,
    { account: 'onboarding' },
    { ...onboarded, cloudSeenAt: at },
    undefined,
  ],
  ['so is "not modified"', signedIn, { status: 304 }, { ...signedIn, cloudSeenAt: at }, undefined],
  [
    'a final account is a sign-in',
    onboarded,
    { account: 'final' },
    { account: 'final', onboardedAt: 1, signedInAt: at, cloudSeenAt: at },
    'signed_in',
  ],
  ['once', signedIn, { account: 'final' }, { ...signedIn, cloudSeenAt: at }, undefined],
  [
    'a one-time account after it is a sign-out',
    signedIn,
    { account: 'onboarding' },
    { ...signedIn, account: 'onboarding', signedOutAt: at, cloudSeenAt: at },
    'signed_out',
  ],
  [
    'a new sign-in ends that',
    signedOut,
    { account: 'final' },
    { ...signedIn, signedInAt: at, cloudSeenAt: at },
    'signed_in',
  ],
  [
    'a new second stage makes a new phone',
    signedOut,
    { stage: 2, account: 'onboarding' },
    { account: 'onboarding', onboardedAt: at, cloudSeenAt: at },
    'onboarded',
  ],
];

it.each(rows.map(([title, before, given, after, news]) => ({ title, before, given, after, news })))(
  '$title',
  ({ before, given, after, news }) => {
    const next = nextMilestones(before, { ...answer, ...given });
    expect(next.milestones).toEqual(after);
    expect(next.news).toBe(news);
  },
);
