import { expect, it } from 'vitest';
import { accountKind } from '../../../appliance/provisioning/account-kind.ts';
import { shownPath } from '../../../appliance/provisioning/shown-path.ts';

it.each([
  ['first', '/001565aa0001.cfg', '/001565aa0001.cfg'],
  ['first', '/tenantid/6babcaad/lang_de/$PSN.xml', '/tenantid/6babcaad/lang_de/$PSN.xml'],
  ['first', '/device/mmiiaacc/SECRET/lang_en/', '/device/mmiiaacc/…/lang_en/'],
  ['first', '/x.cfg?token=SECRET', '/x.cfg?…'],
  ['later', '/device/ob/SECRET/lang_en/', '/device/ob/…/lang_en/'],
  ['later', '/device/ob/SECRET/lang_en/001565aa0001.boot', '/device/ob/…/lang_en/001565aa0001.boot'],
  [
    'later',
    '/device/state/OnBoarding/mmiiaacc/001565aa0001SECRET/lang_en/',
    '/device/state/OnBoarding/mmiiaacc/…/lang_en/',
  ],
  ['later', '/device/softkey.php/mmiiaacc/SECRET/lang_en/', '/device/softkey.php/mmiiaacc/…/lang_en/'],
  ['later', '/SECRET.cfg', '/…'],
  ['later', '/device/ob/SECRET/000000000000.cfg', '/device/ob/…/000000000000.cfg'],
  ['later', '/device/ob/001565aa0001SECRET/y000000000066.cfg', '/device/ob/…/y000000000066.cfg'],
] as const)('of a %s stage %s is shown as %s', (use, path, shown) => {
  expect(shownPath({ use, path })).toBe(shown);
});

it('a path of any length is shown within bounds', () => {
  expect(shownPath({ use: 'first', path: `/${'a'.repeat(2000)}` })).toBe('/…');
  expect(shownPath({ use: 'first', path: '/a'.repeat(1000) }).length).toBeLessThan(100);
});

it.each([
  [
    'account.1.auth_name = 001565aa0001x@onboarding.org\naccount.1.sip_server.1.address = obsbc-emea.sdg.teams.microsoft.com',
    'onboarding',
  ],
  [
    'ProxyIp 0 = obsbc-noam.sdg.teams.microsoft.com\nProxyIp 1 = mainsbc-noam.sdg.teams.microsoft.com\nUser = x@onboarding.org',
    'onboarding',
  ],
  ['<Proxy_1_>mainsbc-noam.sdg.teams.microsoft.com</Proxy_1_>', 'final'],
  ['reg.1.server.1.address="obsbc-apac.sdg.teams.microsoft.com"', 'onboarding'],
  ['static.auto_provision.server.url = https://usea.dm.sdg.teams.microsoft.com/device/ob/x/', undefined],
])('an account in %j is %s', (body, kind) => {
  expect(accountKind(Buffer.from(body))).toBe(kind);
});
