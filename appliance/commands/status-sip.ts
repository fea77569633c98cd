/** What `status` says of registrations and calls. Pure. */
import type { SipFailure, SipView } from '../store/sip-view.ts';
import { ago, plainText } from './table.ts';

/** In the terminal; `calls` shows more. */
const failuresShown = 3;

/** Nothing where no phone registers through the box. */
export function formatSip({ registrations, ringing, up, failures }: SipView, now: number): string[] {
  const { registered, late, lost } = registrations;
  if (registered + late + lost + ringing + up + failures.length === 0) return [];
  const states = [`${registered} registered`, ...many(late, 'silent'), ...many(lost, 'without the cloud')];
  const calls = [`${up} up`, ...many(ringing, 'ringing')];
  return [
    `Registrations: ${states.join(', ')}; calls: ${calls.join(', ')}`,
    ...failures.slice(0, failuresShown).map((failure) => failureLine(failure, now)),
  ];
}

export function failureLine({ kind, id, at, phone, words }: SipFailure, now: number): string {
  const who = kind === 'call' ? 'A call' : 'The registration';
  const advice = words.advice === undefined ? '' : ` ${words.advice}`;
  const of = phone === undefined ? '' : ` of ${phone}`;
  return plainText(`${who}${of} failed ${ago(at, now)}: ${words.what}${advice} (gatehouse calls ${id})`);
}

function many(number: number, word: string): string[] {
  return number === 0 ? [] : [`${number} ${word}`];
}
