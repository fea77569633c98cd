import { expect, it } from 'vitest';
import { orderOfWays, type Ways } from '../../../appliance/sip/help/ways.ts';

const all: Ways = {
  cloud: 'there',
  gateway: 'there',
  attendants: 'there',
  everybody: 'there',
  isSlowed: false,
  isDirect: false,
};

it.each<[string, Partial<Ways>, string]>([
  ['on a good day', {}, 'cloud gateway attendants everybody'],
  ['without a media relay', { isDirect: true }, 'gateway cloud attendants everybody'],
  ['in an outage', { cloud: 'away' }, 'gateway attendants everybody cloud everybody'],
  ['with a gateway that is silent', { gateway: 'away' }, 'cloud attendants everybody gateway everybody'],
  [
    'with nothing but people here',
    { cloud: 'away', gateway: 'none' },
    'attendants everybody cloud everybody',
  ],
  ['alone on site', { attendants: 'none', everybody: 'none' }, 'cloud gateway'],
  ['alone in an outage', { cloud: 'away', gateway: 'none', attendants: 'none', everybody: 'none' }, 'cloud'],
  ['of a phone that is not signed in', { cloud: 'none' }, 'gateway attendants everybody'],
  ['where attendants are all there is', { everybody: 'none', cloud: 'away' }, 'gateway attendants cloud'],
  ['of a phone that floods', { isSlowed: true }, 'attendants everybody cloud gateway'],
  [
    'of one that nobody can take',
    { cloud: 'none', gateway: 'none', attendants: 'none', everybody: 'none' },
    '',
  ],
])('a call for help %s', (_title, more, order) => {
  expect(orderOfWays({ ...all, ...more }).join(' ')).toBe(order);
});
