/** Whether a phone can be told to restart, and what came of it, in words. Pure. */
import { restartForm, type RestartForm } from '../phones/restart.ts';
import type { Binding } from './bindings.ts';
import type { Errand } from './errands.ts';
import type { Restart, RestartOutcome } from './restarts.ts';

export interface Restarting {
  readonly isOffered: boolean;
  /** What the phone will do, or why it can't be told to. */
  readonly words: string;
  /** The last order. */
  readonly last?: {
    readonly givenAt: number;
    readonly isOpen: boolean;
    readonly isGood: boolean;
    readonly words: string;
  };
}

interface LastOrder {
  readonly errand: Errand | undefined;
  readonly result: Restart | undefined;
  readonly signs: readonly number[];
}

const effects = {
  restart: 'It restarts.',
  reload: 'It looks for its configuration, and restarts where that asks for it.',
} as const satisfies Record<RestartForm['effect'], string>;

/**
 * `errand` and `result` are the last ones of this phone; the result may be that of an order before. `signs`: when the phone was seen to
 * do something that phones do when they start, ms since 1970.
 */
export function restarting(
  { mac, binding }: { readonly mac: string; readonly binding: Binding | undefined },
  { errand, result, signs }: LastOrder,
  now: number,
): Restarting {
  const form = restartForm({ mac, userAgent: binding?.userAgent });
  const offer =
    binding === undefined
      ? { isOffered: false, words: 'It is not registered through this box.' }
      : form === undefined
        ? { isOffered: false, words: unknownForm }
        : { isOffered: true, words: effects[form.effect] };
  return errand === undefined ? offer : { ...offer, last: lastOf(errand, { result, signs }, now) };
}

function lastOf({ givenAt, deadlineAt }: Errand, { result, signs }: Omit<LastOrder, 'errand'>, now: number) {
  const own = result?.givenAt === givenAt ? result : undefined;
  if (own === undefined) {
    const isOpen = now < deadlineAt;
    return { givenAt, isOpen, isGood: false, words: waiting(isOpen) };
  }
  const backAt =
    own.outcome === 'accepted' ? signs.filter((at) => at > own.at).toSorted((a, b) => a - b)[0] : undefined;
  const isBack =
    backAt === undefined ? '' : ` It was seen again ${Math.round((backAt - own.at) / 1000)} s later.`;
  return {
    givenAt,
    isOpen: own.outcome === 'asked' && now - own.at < answerMs,
    isGood: own.outcome === 'accepted',
    words: `${outcomeWords(own)}${isBack}`,
  };
}

/** A phone that is there answers within this time, or it is told that it didn't. */
const answerMs = 45_000;

function waiting(isOpen: boolean): string {
  return isOpen ? 'The order waits for the SIP part.' : 'Nothing was done: the SIP part did not run.';
}

function outcomeWords({ outcome, status }: Restart): string {
  if (outcome !== 'refused') return plainOutcomes[outcome];
  return status === 401 || status === 407
    ? 'It refused: it wants a password for that, which the box does not have.'
    : `It refused, with SIP status ${status ?? 'unknown'}.`;
}

const unknownForm = 'How phones of this make are told to restart is not known here.';

const plainOutcomes: Readonly<Record<Exclude<RestartOutcome, 'refused'>, string>> = {
  asked: 'It was asked, and has not answered.',
  accepted: 'It accepted the order.',
  'no answer': 'It gave no answer.',
  'not reached': 'Its connection to the box is gone.',
  'not registered': 'It was not registered.',
  'in a call': 'It was in a call, so it was not asked.',
  'not offered': unknownForm,
};
