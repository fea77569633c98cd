/** Why a phone could not register, in plain words: what happened, and what to do about it. Pure. */
import { callWords, type Words } from './call-words.ts';

type Row = readonly [what: string, advice?: string];

const checkAdvice = 'Run `gatehouse check` and look whether the internet is there.';
const signInAdvice = 'Sign the phone out and in again; if it stays so, reset it.';

/** As the box itself answers. */
const ours: Readonly<Record<string, Row>> = {
  '403 TLS required': [
    'It tried to register without TLS.',
    'Set its SIP transport to TLS, or name its make in provisioning.allow_cleartext if it knows no TLS.',
  ],
  '403 Registrar not allowed': [
    'It wants to register somewhere that this box does not lead to.',
    'Reset the phone, so that it gets its settings from the cloud; a registrar of your own goes into sip.registrars.',
  ],
  '403 Wrong password': ['Its password was not accepted.', signInAdvice],
  '400 Contact * without Expires 0': [
    'Its request makes no sense.',
    "Bring the phone's firmware up to date.",
  ],
  '483 Too Many Hops': [
    'Its request went in circles.',
    'Look at the outbound proxy that the phone is set to.',
  ],
  '503 Registrar not reached': ['The cloud could not be reached.', checkAdvice],
  '503 Too many attempts': [
    'It tried too often in too short a time.',
    'Wait a minute; if it stays so, restart the phone.',
  ],
  '503 Too many at a time': [
    'It tried too often in too short a time.',
    'Wait a minute; if it stays so, restart the phone.',
  ],
  '503 Too many phones': ['The box carries as many phones as it can.', 'Put a second box in for the others.'],
};

/** As the registrar answers. */
const statuses: Readonly<Record<number, Row>> = {
  400: ['The cloud did not understand its request.', "Bring the phone's firmware up to date."],
  401: ['Its password was not accepted.', signInAdvice],
  403: [
    'The cloud forbids it to register.',
    'Look whether the account still has a licence and SIP devices are allowed.',
  ],
  404: ['The cloud does not know its account.', signInAdvice],
  407: ['Its password was not accepted.', signInAdvice],
  408: ['The cloud did not answer in time.', checkAdvice],
  423: [
    'It asked for an interval that is too short.',
    'Look at the registration interval that the phone is set to.',
  ],
  429: ['The cloud wants it to come back later.', 'Wait a few minutes.'],
  480: ['The cloud does not take it at the moment.', 'Wait a few minutes.'],
  500: ['The cloud had a fault of its own.', 'Look at the service health in Teams.'],
  503: ['The cloud was overloaded or out of order.', 'Look at the service health in Teams.'],
  504: ['The cloud did not answer in time.', checkAdvice],
};

export function registrationWords({
  status,
  reason,
}: {
  readonly status: number;
  readonly reason: string;
}): Words {
  const row = ours[`${status} ${reason}`] ?? statuses[status];
  if (row === undefined) return { ...callWords(`${status} ${reason}`), isFailure: true };
  const [what, advice] = row;
  return { what, isFailure: true, ...(advice === undefined ? {} : { advice }) };
}
