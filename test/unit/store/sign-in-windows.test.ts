import { expect, it } from 'vitest';
import { countdownsOf, isDropped } from '../../../appliance/store/sign-in-windows.ts';

const now = Date.UTC(2026, 10, 25, 12);
const hour = 3_600_000;
const day = 24 * hour;
const none = { account: undefined, onboardedAt: undefined, signedOutAt: undefined, seenAt: undefined };

it.each([
  [0, 'early'],
  [1, 'open'],
  [59, 'open'],
  [61, 'closing'],
  [71, 'closing'],
  [72, 'over'],
])('a new phone, %d hours after its onboarding: bulk sign-in is %s (G-47, G-49)', (hours, state) => {
  const onboardedAt = now - hours * hour;
  expect(countdownsOf({ ...none, account: 'onboarding', onboardedAt }, now)).toEqual([
    { kind: 'bulk-new', state, since: onboardedAt, endsAt: onboardedAt + 72 * hour },
  ]);
});

it.each([
  [0, 'open'],
  [139, 'open'],
  [141, 'closing'],
  [168, 'over'],
])('a signed-out phone, %d hours after the sign-out: bulk sign-in is %s (G-48, G-49)', (hours, state) => {
  const signedOutAt = now - hours * hour;
  expect(countdownsOf({ ...none, account: 'onboarding', onboardedAt: 0, signedOutAt }, now)).toEqual([
    { kind: 'bulk-signed-out', state, since: signedOutAt, endsAt: signedOutAt + 168 * hour },
  ]);
});

it.each([
  ['final', 24, ['unseen-signed-in', 'open']],
  ['final', 26, ['unseen-signed-in', 'closing']],
  ['final', 30, ['unseen-signed-in', 'over']],
  ['onboarding', 11, ['unseen-signed-out', 'open']],
  ['onboarding', 13, ['unseen-signed-out', 'closing']],
  ['onboarding', 14, ['unseen-signed-out', 'over']],
] as const)('an account that is %s, unseen for %d days: %j', (account, days, [kind, state]) => {
  const found = countdownsOf({ ...none, account, seenAt: now - days * day }, now);
  expect(found).toMatchObject([{ kind, state }]);
  expect(isDropped(found)).toBe(state === 'over');
});

it('nothing runs for a phone that was seen today, is signed in, or was never onboarded', () => {
  expect(countdownsOf({ ...none, account: 'final', onboardedAt: 0, seenAt: now - hour }, now)).toEqual([]);
  expect(countdownsOf({ ...none, seenAt: 0 }, now)).toEqual([]);
});
