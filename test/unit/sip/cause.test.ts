import { expect, it } from 'vitest';
import { withCause } from '../../../appliance/sip/cause.ts';

it.each([
  [['Q.850;cause=20;text="Subscriber absent"'], '480 Not here (Q.850 20)'],
  [['SIP;cause=480;text="a, b"', 'q.850 ;cause = 17'], '480 Not here (Q.850 17)'],
  [['SIP;cause=480, Q.850;text="x;cause=3";cause=19'], '480 Not here (Q.850 19)'],
  [['Q.850;cause=16'], '480 Not here'],
  [['Q.850x;cause=17'], '480 Not here'],
  [['Q.850;cause=1234'], '480 Not here'],
  [[], '480 Not here'],
])('Reason %j', (values, expected) => {
  const headers = values.map((value) => ({ name: 'Reason', value }));
  expect(withCause('480 Not here', headers)).toBe(expected);
});
