/** One call, or one registration that failed, with its ladder and with words for what became of it. */
import { callWords, type Words } from './call-words.ts';
import { readCall, type Call } from './calls.ts';
import { readFailedRegistration, type FailedRegistration } from './failed-registrations.ts';
import { readLadder, type Ladder } from './ladders.ts';
import { readFacts } from './phones.ts';
import { registrationWords } from './registration-words.ts';

export interface LadderDetail {
  /** Without messages when none are kept any more. */
  readonly ladder: Ladder;
  readonly call?: Call;
  readonly registration?: FailedRegistration;
  /** Of what is over. */
  readonly words?: Words;
}

/** Undefined: nothing is known of it. */
export function readCallDetail(directory: string, id: string): LadderDetail | undefined {
  const [call] = readFacts(directory, 'sip', (db) => [readCall(db, id)]);
  if (call === undefined) return undefined;
  const ladder = ladderOf(directory, id);
  return call.reason === undefined ? { ladder, call } : { ladder, call, words: callWords(call.reason) };
}

/** Likewise. */
export function readRegistrationDetail(directory: string, id: string): LadderDetail | undefined {
  const registration = readFailedRegistration(directory, id);
  if (registration === undefined) return undefined;
  return { ladder: ladderOf(directory, id), registration, words: registrationWords(registration) };
}

function ladderOf(directory: string, id: string): Ladder {
  return readLadder(directory, id) ?? { id, messages: [], leftOut: 0 };
}
