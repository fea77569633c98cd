/** Why a call ended, in plain words: what happened, and what to do about it. Pure. */

export interface Words {
  readonly what: string;
  /** Left out where there is nothing to do. */
  readonly advice?: string;
  /** Somebody wanted to talk and could not, or not to the end. */
  readonly isFailure: boolean;
}

type Row = readonly [what: string, advice?: string];

const networkAdvice = 'Run `gatehouse check` and look whether the internet is there.';
const phoneAdvice = 'Look whether the phone is on, plugged in and registered.';

/** Endings that are nobody's trouble. */
const usual: Readonly<Record<string, string>> = {
  'phone hung up': 'The phone hung up.',
  'cloud hung up': 'The other side hung up.',
  'callee hung up': 'The other side hung up as soon as it had answered.',
  cancelled: 'The caller gave up before anybody answered.',
};

/** What the box itself found; the word in brackets behind it is for programs. */
const found: Readonly<Record<string, Row>> = {
  'caller gone': ['The caller was gone when the call was answered.', phoneAdvice],
  'phone did not acknowledge': [
    'The phone never confirmed that the call was answered, so the box ended it.',
    'Packets to or from the phone are lost: look at its cable, switch port and Wi-Fi.',
  ],
  'cloud did not acknowledge': [
    'The cloud never confirmed that the call was answered, so the box ended it.',
    'Packets to or from the cloud are lost: look at the internet line, and turn SIP ALG off in the router.',
  ],
  'phone silent: session expired': ['The phone was silent for so long that the call was ended.', phoneAdvice],
  'cloud silent: session expired': [
    'The cloud was silent for so long that the call was ended.',
    networkAdvice,
  ],
  'no media': [
    'No sound came through, so the call was ended.',
    'A firewall blocks UDP between phone and box, or between box and cloud, or the part rtp does not run.',
  ],
  'address changed': [
    'An address of the box changed during the call, and the sound could not follow: there was no other address in time, or the other side refused it.',
    'Give the box fixed addresses on both networks, or reserve them in the DHCP server.',
  ],
  'media relay restarted': ['The media relay was restarted, and the sound was lost with it.'],
  'lost with the process': ['The SIP part of the box was restarted during the call.'],
  shutdown: ['The box was stopped during the call.'],
  failed: ['A fault of the box itself ended the call.', 'Its log says which: journalctl -u gatehouse@sip.'],
  'answer refused': [
    'The answer of the other side described the sound in a way that cannot be relayed.',
    'Download the ladder and give it to whoever looks after the other side.',
  ],
  'nobody here': [
    'The cloud could not be reached, and no phone on this site has that number.',
    'During an outage only phones on site can be called; see [dial_plan].',
  ],
  'gateway silent': [
    'The gateway to the telephone network did not answer.',
    'Look whether it is on and reachable.',
  ],
  'line needed for an emergency call': ['It was ended to free a line for an emergency call.'],
  'registrar not reached': ['The cloud could not be reached.', networkAdvice],
  'phone not reached': ['The phone could not be reached.', phoneAdvice],
};

/** How the far end refused (RFC 3261 section 21). */
const statuses: Readonly<Record<number, Row>> = {
  400: ['The other side did not understand the request.', 'Download the ladder and report it.'],
  401: ['The password of the phone was not accepted.', 'Sign the phone out and in again.'],
  402: ['The account has no credit.'],
  403: ['The other side forbids this call.', "Look at the user's licence and calling policies in Teams."],
  404: ['There is no such number.', 'Look at what was dialled, and at the dial plan in Teams.'],
  407: ['The password of the phone was not accepted.', 'Sign the phone out and in again.'],
  408: ['The other side did not answer the request in time.', networkAdvice],
  410: ['The number is no longer in use.'],
  413: ['The request was too large for the other side.', 'Download the ladder and report it.'],
  415: ['The other side cannot do what the phone offered.', 'Look at the codecs that the phone is set to.'],
  420: [
    'The phone asked for something that the other side cannot do.',
    "Bring the phone's firmware up to date.",
  ],
  423: ['The phone asked for an interval that is too short.'],
  480: ['The person called cannot be reached at the moment.'],
  481: [
    'The other side did not know the call any more.',
    'It was restarted, or the connection was lost meanwhile.',
  ],
  482: ['The call came back to where it began.', 'Two forwardings lead to each other.'],
  483: ['The call was passed on too often.', 'Two forwardings lead to each other.'],
  484: ['The number is not complete.', 'Look at the dial plan of the phone.'],
  485: ['The number stands for several people.'],
  486: ['The person called is busy.'],
  487: ['The caller gave up before anybody answered.'],
  488: [
    'The two ends have no way of speaking in common.',
    'Look at codecs and encryption that the phone is set to.',
  ],
  489: ['The other side does not know this kind of event.'],
  491: ['Both ends wanted to change the call at once.'],
  500: [
    'The other side had a fault of its own.',
    'Try again; if it stays so, look at the service health in Teams.',
  ],
  501: ['The other side cannot do this.'],
  502: ['The cloud got no sensible answer from the network behind it.'],
  503: ['The other side was overloaded or out of order.', 'Look at the service health in Teams.'],
  504: ['The cloud waited in vain for the network behind it.'],
  513: ['The request was too large for the other side.', 'Download the ladder and report it.'],
  580: ['The other side could not reserve what the call needs.'],
  600: ['The person called is busy everywhere.'],
  603: ['The person called rejected the call.'],
  604: ['There is no such person.'],
  606: [
    'The two ends have no way of speaking in common.',
    'Look at codecs and encryption that the phone is set to.',
  ],
};

/** Nobody's trouble: people are busy, say no, or change their mind. */
const everyday = new Set([480, 486, 487, 600, 603]);

const classes: Readonly<Record<number, Row>> = {
  3: ['The call was sent on to somewhere else.'],
  4: ['The other side refused the request.', 'Download the ladder and report it.'],
  5: ['The other side had a fault of its own.', 'Look at the service health in Teams.'],
  6: ['The call was refused for everybody that it could have reached.'],
};

/** Of the telephone network behind the cloud (ITU-T Q.850, in a Reason field as RFC 3326 has it). */
const causes: Readonly<Record<number, string>> = {
  1: 'the number is not assigned',
  2: 'there is no way to that network',
  3: 'there is no way to that number',
  17: 'the line is busy',
  18: 'nothing answered at the other end',
  19: 'nobody picked up',
  20: 'the phone called is not registered',
  21: 'the call was rejected',
  22: 'the number has changed',
  27: 'the line called is out of order',
  28: 'the number has a wrong format',
  29: 'a service was refused',
  31: 'no reason given',
  34: 'no line is free',
  38: 'the telephone network is out of order',
  41: 'a passing fault in the telephone network',
  42: 'the telephone network is overloaded',
  47: 'nothing is free for the call',
  50: 'the service is not booked',
  55: 'incoming calls are barred',
  57: 'this kind of call is not allowed',
  58: 'this kind of call is not possible now',
  65: 'this kind of call is not possible there',
  79: 'the service is not possible there',
  88: 'the ends do not fit each other',
  102: 'a timer ran out',
  111: 'a protocol error',
  127: 'no reason given',
};

/** `486 Busy Here (Q.850 17)`, `phone hung up`, `registrar not reached (timeout)`: as the box writes it down. */
export function callWords(reason: string): Words {
  const cause = Number(/\(Q\.850 (\d{1,3})\)/.exec(reason)?.[1] ?? 0);
  const known = wordsOf(reason.replace(/ \([^]*$/, ''));
  const more = causes[cause];
  return more === undefined
    ? known
    : { ...known, what: `${known.what} The telephone network says: ${more}.` };
}

function wordsOf(reason: string): Words {
  const good = usual[reason];
  if (good !== undefined) return { what: good, isFailure: false };
  const status = Number(/^(\d{3})(?: |$)/.exec(reason)?.[1] ?? 0);
  const row = found[reason] ?? statuses[status] ?? classes[Math.floor(status / 100)];
  if (row === undefined) return { what: reason, isFailure: true };
  const [what, advice] = row;
  const isFailure = !everyday.has(status) && Math.floor(status / 100) !== 3;
  return { what, isFailure, ...(advice === undefined ? {} : { advice }) };
}
