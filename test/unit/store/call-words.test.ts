/** Each reason that the box writes down, and what a person reads of it. */
import { describe, expect, it } from 'vitest';
import { callWords } from '../../../appliance/store/call-words.ts';
import { registrationWords } from '../../../appliance/store/registration-words.ts';

const good = false;
const bad = true;

describe('a call that ended because of', () => {
  it.each([
    ['phone hung up', good, /^The phone hung up\.$/, undefined],
    ['cloud hung up', good, /^The other side hung up\.$/, undefined],
    ['cloud hung up (Q.850 41)', good, /hung up\. The telephone network says: a passing fault/, undefined],
    ['callee hung up', good, /as soon as it had answered/, undefined],
    ['cancelled', good, /gave up before anybody answered/, undefined],
    ['caller gone', bad, /caller was gone/, /registered/],
    ['phone did not acknowledge', bad, /phone never confirmed/, /switch port/],
    ['cloud did not acknowledge', bad, /cloud never confirmed/, /SIP ALG/],
    ['phone silent: session expired', bad, /phone was silent/, /plugged in/],
    ['cloud silent: session expired', bad, /cloud was silent/, /internet/],
    ['no media', bad, /No sound/, /firewall/],
    ['media relay restarted', bad, /media relay was restarted/, undefined],
    ['lost with the process', bad, /restarted during the call/, undefined],
    ['shutdown', bad, /stopped during the call/, undefined],
    ['failed', bad, /fault of the box/, /log/],
    ['answer refused', bad, /cannot be relayed/, /ladder/],
    ['nobody here', bad, /no phone on this site/, /dial_plan/],
    ['gateway silent', bad, /gateway/, /reachable/],
    ['line needed for an emergency call', bad, /emergency call/, undefined],
    ['registrar not reached (timeout)', bad, /^The cloud could not be reached\.$/, /gatehouse check/],
    ['phone not reached (unreachable)', bad, /^The phone could not be reached\.$/, /registered/],
    ['302 Moved Temporarily', good, /sent on/, undefined],
    ['400 Bad Request', bad, /did not understand/, /ladder/],
    ['401 Unauthorized', bad, /password/, /Sign the phone out/],
    ['402 Payment Required', bad, /credit/, undefined],
    ['403 Forbidden', bad, /forbids/, /licence/],
    ['404 Not Found', bad, /no such number/, /dial plan/],
    [
      '404 Not Found (Q.850 1)',
      bad,
      /no such number\. The telephone network says: the number is not assigned/,
      /dial plan/,
    ],
    ['407 Proxy Authentication Required', bad, /password/, /Sign the phone out/],
    ['408 Request Timeout', bad, /in time/, /internet/],
    ['410 Gone', bad, /no longer in use/, undefined],
    ['413 Too large', bad, /too large/, /ladder/],
    ['415 Unsupported Media Type', bad, /offered/, /codecs/],
    ['420 Bad Extension', bad, /cannot do/, /firmware/],
    ['423 Interval Too Brief', bad, /interval/, undefined],
    ['480 Temporarily Unavailable (Q.850 20)', good, /cannot be reached.* not registered/, undefined],
    ['481 Call Does Not Exist', bad, /did not know the call/, /restarted/],
    ['482 Loop Detected', bad, /came back/, /forwardings/],
    ['483 Too Many Hops', bad, /too often/, /forwardings/],
    ['484 Address Incomplete', bad, /not complete/, /dial plan/],
    ['485 Ambiguous', bad, /several people/, undefined],
    ['486 Busy Here', good, /busy/, undefined],
    ['487 Request Terminated', good, /gave up/, undefined],
    ['488 Not Acceptable Here', bad, /in common/, /encryption/],
    ['489 Bad Event', bad, /event/, undefined],
    ['491 Request Pending', bad, /at once/, undefined],
    ['500 Server Internal Error', bad, /fault of its own/, /service health/],
    ['501 Not Implemented', bad, /cannot do this/, undefined],
    ['502 Bad Gateway', bad, /sensible answer/, undefined],
    ['503 Service Unavailable', bad, /overloaded/, /service health/],
    ['504 Server Time-out', bad, /in vain/, undefined],
    ['513 Message Too Large', bad, /too large/, /ladder/],
    ['580 Precondition Failure', bad, /reserve/, undefined],
    ['600 Busy Everywhere', good, /busy everywhere/, undefined],
    ['603 Decline', good, /rejected/, undefined],
    ['604 Does Not Exist Anywhere', bad, /no such person/, undefined],
    ['606 Not Acceptable', bad, /in common/, /codecs/],
    ['499 Odd', bad, /refused/, /ladder/],
    ['599 Odd', bad, /fault of its own/, /service health/],
    ['699 Odd', bad, /for everybody/, undefined],
    ['something new', bad, /^something new$/, undefined],
  ] as const)('"%s"', (...[reason, isFailure, what, advice]) => {
    const words = callWords(reason);
    expect(words).toMatchObject({ isFailure, what: expect.stringMatching(what) });
    expect(words.advice ?? 'none').toMatch(advice ?? /^none$/);
  });

  it.each([
    1, 2, 3, 17, 18, 19, 20, 21, 22, 27, 28, 29, 31, 34, 38, 41, 42, 47, 50, 55, 57, 58, 65, 79, 88, 102, 111,
    127,
  ])('a Q.850 cause, which is said too: %d', (cause) => {
    expect(callWords(`503 x (Q.850 ${cause})`).what).toMatch(/ The telephone network says: [a-z][^.]+\.$/);
  });

  it('a cause that has no words is left out', () => {
    expect(callWords('486 Busy Here (Q.850 99)')).toEqual(callWords('486 Busy Here'));
  });
});

it.each([
  [403, 'TLS required', /without TLS/, /allow_cleartext/],
  [403, 'Registrar not allowed', /does not lead to/, /sip\.registrars/],
  [403, 'Wrong password', /password/, /Sign the phone out/],
  [403, 'Forbidden', /forbids/, /licence/],
  [400, 'Contact * without Expires 0', /no sense/, /firmware/],
  [400, 'Bad Request', /not understand/, /firmware/],
  [401, 'Unauthorized', /password/, /Sign the phone out/],
  [407, 'Proxy Authentication Required', /password/, /Sign the phone out/],
  [404, 'Not Found', /does not know its account/, /Sign the phone out/],
  [408, 'Request Timeout', /in time/, /gatehouse check/],
  [423, 'Interval Too Brief', /interval/, /set to/],
  [429, 'Too Many Requests', /later/, /Wait/],
  [480, 'Temporarily Unavailable', /at the moment/, /Wait/],
  [483, 'Too Many Hops', /circles/, /outbound proxy/],
  [500, 'Server Internal Error', /fault of its own/, /service health/],
  [503, 'Registrar not reached', /could not be reached/, /gatehouse check/],
  [503, 'Too many attempts', /too often/, /restart/],
  [503, 'Too many at a time', /too often/, /restart/],
  [503, 'Too many phones', /as many phones/, /second box/],
  [503, 'Service Unavailable', /overloaded/, /service health/],
  [504, 'Server Time-out', /in time/, /gatehouse check/],
  [699, 'Odd', /refused/, /^none$/],
] as const)('a phone that was refused with %d %s', (...[status, reason, what, advice]) => {
  const words = registrationWords({ status, reason });
  expect(words).toMatchObject({ isFailure: true, what: expect.stringMatching(what) });
  expect(words.advice ?? 'none').toMatch(advice);
});
