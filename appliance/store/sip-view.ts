/** How SIP is doing: registrations, calls that go on, and what failed last, with the reasons in words. */
import { readBindings, type Binding } from './bindings.ts';
import { readCalls, readOpenCalls, type Call } from './calls.ts';
import { callWords, type Words } from './call-words.ts';
import { readFailedRegistrations, type FailedRegistration } from './failed-registrations.ts';
import { readFacts } from './phones.ts';
import { registrationWords } from './registration-words.ts';

/** A call that failed, or a phone that could not register and has not since. */
export interface SipFailure {
  readonly kind: 'call' | 'registration';
  /** Of its ladder. */
  readonly id: string;
  /** ms since 1970. */
  readonly at: number;
  /** MAC, else the address; of a call undefined where nobody knows. */
  readonly phone?: string;
  readonly words: Words;
}

export interface SipView {
  /** By state of the binding. */
  readonly registrations: Readonly<Record<Binding['state'], number>>;
  readonly ringing: number;
  readonly up: number;
  /** Of the last day, the newest first. */
  readonly failures: readonly SipFailure[];
}

const dayMs = 86_400_000;
const callsLooked = 200;
const registrationsLooked = 50;
const failuresShown = 10;

export function readSipView(directory: string, now: number): SipView {
  const bindings = readFacts(directory, 'sip', readBindings);
  const open = readFacts(directory, 'sip', readOpenCalls);
  const count = (state: Binding['state']) => bindings.filter((binding) => binding.state === state).length;
  const failures = [
    ...readFacts(directory, 'sip', (db) => readCalls(db, callsLooked)).flatMap(failedCall),
    ...readFailedRegistrations(directory, registrationsLooked)
      .filter((failed) => !hasComeBack(failed, bindings))
      .map(failedRegistration),
  ];
  return {
    registrations: { registered: count('registered'), late: count('late'), lost: count('lost') },
    ringing: open.filter(({ state }) => state === 'ringing').length,
    up: open.filter(({ state }) => state === 'up').length,
    failures: failures
      .filter(({ at }) => now - at < dayMs)
      .toSorted((a, b) => b.at - a.at)
      .slice(0, failuresShown),
  };
}

function failedCall({ id, mac, reason, endedAt }: Call): SipFailure[] {
  if (reason === undefined || endedAt === undefined) return [];
  const words = callWords(reason);
  if (!words.isFailure) return [];
  return [{ kind: 'call', id, at: endedAt, words, ...(mac === undefined ? {} : { phone: mac }) }];
}

function failedRegistration({ id, at, phone, status, reason }: FailedRegistration): SipFailure {
  return { kind: 'registration', id, at, phone, words: registrationWords({ status, reason }) };
}

/** The same account, from there or under that MAC, since then. */
function hasComeBack({ aor, at, phone, source }: FailedRegistration, bindings: readonly Binding[]): boolean {
  const address = source.slice(0, source.lastIndexOf(':'));
  return bindings.some(
    (binding) =>
      binding.state === 'registered' &&
      binding.aor === aor &&
      (binding.mac === phone || binding.source.startsWith(`${address}:`)) &&
      binding.localExpiresAt > at,
  );
}
