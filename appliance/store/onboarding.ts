/** Where a phone stands on its way to a signed-in phone, in words, and what to do next. Pure. */
import { urlCarrier, type Vendor } from '../phones/vendors.ts';
import { leavingWords } from './leaving.ts';
import type { AccountKind } from './milestones.ts';
import { clockWarnings, onboardingWords, type OnboardingStage, type StageWords } from './onboarding-words.ts';
import type { PhoneRequest } from './phone-requests.ts';
import type { KnownOfPhone, Posture } from './phone-stage.ts';
import type { PhoneRow } from './phones.ts';
import { countdownsOf, isDropped, type Countdown } from './sign-in-windows.ts';

export interface OnboardingFacts {
  readonly known: KnownOfPhone;
  readonly phone: Pick<PhoneRow, 'vendor' | 'posture' | 'firmwareState' | 'problem' | 'leaving'>;
  /** The newest first. */
  readonly requests: readonly PhoneRequest[];
  /** Of the settings: without it in the URL a new phone can't be signed in in bulk. */
  readonly tenantId?: string | undefined;
}

export interface Onboarding extends StageWords {
  readonly stage: OnboardingStage;
  readonly countdowns: readonly Countdown[];
}

export function onboarding(facts: OnboardingFacts, now: number): Onboarding {
  const { known, phone } = facts;
  const account = accountOf(known);
  const countdowns = clocksOf(known, { posture: phone.posture, now });
  const found =
    troubleOf(facts, account) ?? accountStage(facts, { account, countdowns, now }) ?? earlyStage(facts, now);
  return { ...found, countdowns };
}

interface When {
  readonly posture: Posture;
  readonly now: number;
}

function clocksOf(known: KnownOfPhone, { posture, now }: When): Countdown[] {
  const { onboardedAt, signedOutAt } = known.configuration ?? {};
  const seenAt = seenByCloud(known, { posture, now });
  return countdownsOf({ account: accountOf(known), onboardedAt, signedOutAt, seenAt }, now);
}

/** A warning before one of the cloud's clocks runs out (G-49); undefined while there is time. */
export function clockProblem(known: KnownOfPhone, when: When): string | undefined {
  const countdowns = clocksOf(known, when);
  if (isDropped(countdowns)) return onboardingWords.dropped.words;
  const closing = countdowns.find(({ state }) => state === 'closing');
  return closing && clockWarnings[closing.kind];
}

type Found = StageWords & { readonly stage: OnboardingStage };

function say(stage: OnboardingStage, words: Partial<StageWords> = {}): Found {
  return { stage, ...onboardingWords[stage], ...words };
}

/** The later word counts: a phone registers with an account only after it was told of it, and may have changed since. */
export function accountOf({ binding, configuration }: KnownOfPhone): AccountKind | undefined {
  const registered = binding && (/@onboarding\.org\b/i.test(binding.aor) ? 'onboarding' : 'final');
  if (configuration?.account === undefined) return registered;
  const changedAt = configuration.signedOutAt ?? configuration.signedInAt ?? configuration.onboardedAt ?? 0;
  return binding !== undefined && binding.registeredAt > changedAt ? registered : configuration.account;
}

/** Undefined where the phone talks to the cloud without the box. A registration lasts as long as it was last renewed for. */
function seenByCloud({ binding, configuration }: KnownOfPhone, { posture, now }: When): number | undefined {
  if (posture === 'assist') return undefined;
  const registered = binding === undefined ? 0 : Math.min(now, binding.expiresAt);
  const seen = Math.max(registered, configuration?.cloudSeenAt ?? 0);
  return seen === 0 ? undefined : seen;
}

/** What stands in the way, whatever was reached before. */
function troubleOf(
  { known, phone, requests }: OnboardingFacts,
  account: AccountKind | undefined,
): Found | undefined {
  const { lease, asked } = known;
  if (lease?.state === 'declined') return say('address refused');
  // A phone that is signed in was taken with what it runs: a reset would only sign it out.
  const isJudged = account !== 'final';
  if (isJudged && (phone.firmwareState === 'convert first' || phone.firmwareState === 'too old')) {
    const stage = phone.firmwareState === 'too old' ? 'firmware too old' : 'convert first';
    return say(asked?.heldAt === undefined ? stage : 'held', phone.problem ? { words: phone.problem } : {});
  }
  if (phone.leaving !== undefined) return say('leaving', { words: `It ${leavingWords[phone.leaving]}.` });
  const last = requests.find(({ method, status }) => method !== 'PUT' && status !== 404);
  return last && requestTrouble(last);
}

function requestTrouble({ outcome, reason = '', stage, status, ip }: PhoneRequest): Found | undefined {
  if (outcome === 'refused')
    return say('refused here', { words: `A request from ${ip} was refused here: ${reason}.` });
  if (outcome === 'answer refused')
    return say('answer refused', { words: `The box kept the cloud's answer from it: ${reason}.` });
  if (outcome === 'cloud away' || outcome === 'busy') return say('cloud away');
  if (outcome !== 'passed' || status < 400) return undefined;
  if (status === 410) return say('one-time address used up');
  if (status >= 500)
    return say('cloud unwell', { words: `The cloud answered with an error of its own (status ${status}).` });
  const words = `The cloud refused ${stage === 1 ? 'its first request' : 'its request'} (status ${status}).`;
  return say(stage === 1 ? 'not taken' : 'refused by the cloud', { words });
}

interface Account {
  readonly account: AccountKind | undefined;
  readonly countdowns: readonly Countdown[];
  readonly now: number;
}

function accountStage(facts: OnboardingFacts, { account, countdowns, now }: Account): Found | undefined {
  const { known, phone, requests, tenantId } = facts;
  if (account === undefined) return undefined;
  if (isDropped(countdowns)) return say('dropped');
  if (account === 'final') {
    const { binding } = known;
    const isRegistered = binding !== undefined && binding.state !== 'lost' && binding.expiresAt > now;
    if (phone.posture !== 'full' || isRegistered) return say('signed in');
    if (known.isCutOff === true) return say('cut off from the cloud');
    return say(binding === undefined ? 'signing in' : 'registration lost');
  }
  const { account: told, signedOutAt } = known.configuration ?? {};
  if (signedOutAt !== undefined || told === 'final') return say('signed out');
  const first = requests.filter(({ stage }) => stage <= 1);
  const isUntagged = first.length > 0 && !first.some(({ path }) => path.includes('/tenantid/'));
  return say(tenantId !== undefined && isUntagged ? 'tenant id missing' : 'waiting for sign-in');
}

/** A phone boots and asks well within this. */
const patienceMs = 5 * 60_000;

/** Nobody's account yet. */
function earlyStage(facts: OnboardingFacts, now: number): Found {
  const { known, phone, requests } = facts;
  const [last] = requests;
  if (known.movedBack !== undefined || (phone.posture === 'assist' && known.configuration !== undefined))
    return say('on its own');
  if (last === undefined) return silentStage(facts, now);
  const isStuck = now - last.firstAt > patienceMs;
  if (requests.some(({ path, stage }) => stage <= 1 && /\$|%24/.test(path))) return say('wrong URL form');
  if (requests.some(({ outcome, status }) => outcome === 'passed' && status < 400))
    return say(isStuck ? 'stuck' : 'starting');
  if (requests.some(({ outcome }) => outcome === 'overlay given'))
    return say(isStuck ? 'authority not taken' : 'starting');
  if (requests.every(({ status }) => status === 404)) return say(isStuck ? 'nothing for it' : 'starting');
  return say('starting');
}

/** It has not asked here for anything. */
function silentStage({ known, phone }: OnboardingFacts, now: number): Found {
  const { lease } = known;
  if (lease === undefined || lease.expiresAt <= now) return say('seen');
  if (phone.posture === 'assist') return say('on its own');
  const { options } = urlCarrier(phone.vendor as Vendor | undefined);
  const told = Object.entries(lease.sent)
    .map(([code, text]) => ({ code: Number(code), isUrl: /^https?:\/\//.test(text) }))
    .filter(({ code, isUrl }) => isUrl || options.includes(code))
    .map(({ code }) => code);
  if (told.length === 0) return say('not told');
  if (options.length > 0 && !told.some((code) => options.includes(code))) {
    const words = `It was told the address in option ${told.join(', ')}; this maker's phones look in ${options.join(', ')}.`;
    return say('wrong option', { words });
  }
  return say(now - (lease.ackedAt ?? lease.startedAt) > patienceMs ? 'does not ask' : 'address given');
}
