import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { allowedHosts, routeOf } from '../../../appliance/provisioning/hosts.ts';

const { site, provisioning } = parseConfig(`
  [site]
  address = "10.0.0.1"
  region = "noam"
  [provisioning]
  extra_later_stage_hosts = ["DM.partner.example"]`);
const hosts = allowedHosts(site, provisioning);
const region = 'noam.ipp.sdg.teams.microsoft.com';

const routes: readonly [string, object][] = [
  ['/001565aabbcc.cfg', { use: 'first', host: region, path: '/001565aabbcc.cfg' }],
  ['/tenantid/x/lang_de/$PSN.xml', { use: 'first', host: region, path: '/tenantid/x/lang_de/$PSN.xml' }],
  [
    '/usea.dm.sdg.teams.microsoft.com/device/ob/1/?a=%2B',
    { use: 'later', host: 'usea.dm.sdg.teams.microsoft.com', path: '/device/ob/1/?a=%2B' },
  ],
  [
    '/USEA.dm.sdg.teams.microsoft.com/x',
    { use: 'later', host: 'usea.dm.sdg.teams.microsoft.com', path: '/x' },
  ],
  ['/dm.partner.example/x', { use: 'later', host: 'dm.partner.example', path: '/x' }],
  [
    '/emea.ipp.sdg.teams.microsoft.com/x.cfg',
    { use: 'first', host: 'emea.ipp.sdg.teams.microsoft.com', path: '/x.cfg' },
  ],
  ['/usea.dm.sdg.teams.microsoft.com', { use: 'later', host: 'usea.dm.sdg.teams.microsoft.com', path: '/' }],
  // A host that is not on the list is only a folder of the first stage.
  ['/evil.example/x', { use: 'first', host: region, path: '/evil.example/x' }],
  [
    '/usea.dm.sdg.teams.microsoft.com.evil.example/x',
    { use: 'first', host: region, path: '/usea.dm.sdg.teams.microsoft.com.evil.example/x' },
  ],
  [
    '/usea.dm.sdg.teams.microsoft.com:8443/x',
    { use: 'first', host: region, path: '/usea.dm.sdg.teams.microsoft.com:8443/x' },
  ],
  [
    '/evil@usea.dm.sdg.teams.microsoft.com/x',
    { use: 'first', host: region, path: '/evil@usea.dm.sdg.teams.microsoft.com/x' },
  ],
];

test.each(routes)('%s', (target, route) => {
  expect(routeOf(target, hosts)).toEqual({ kind: 'upstream', ...route });
});

test('the authority is at a fixed path', () => {
  expect(routeOf('/gatehouse-ca.pem', hosts)).toEqual({ kind: 'authority' });
});

test.each([
  'http://evil.example/',
  '//evil.example/x',
  'evil.example:443',
  '*',
  '',
  '/a/../b',
  '/usea.dm.sdg.teams.microsoft.com/../evil',
  '/a/%2e%2e/b',
  '/a/%252e./b',
  '/a/..%2fb',
  '/a\\..\\b',
  '/a b',
  '/a\u0000b',
  '/ä',
  `/${'a'.repeat(3000)}`,
])('%j is refused', (target) => {
  expect(routeOf(target, hosts).kind).toBe('bad');
});

test('no target ever leads to a host outside the list, or is changed on the way', () => {
  const parts = fc.constantFrom(
    '/',
    '..',
    '.',
    '%2e',
    'usea.dm.sdg.teams.microsoft.com',
    region,
    'evil.example',
    ':',
    '@',
    '?',
    '#',
    'a',
    '\\',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(parts, fc.string({ maxLength: 4 })), { maxLength: 12 }), (pieces) => {
      const target = pieces.join('');
      const route = routeOf(target, hosts);
      if (route.kind !== 'upstream') return;
      expect([...hosts.first, ...hosts.later]).toContain(route.host);
      expect(
        target === route.path ||
          target.toLowerCase() === `/${route.host}${route.path}`.toLowerCase() ||
          `/${route.host}${route.path}` === `${target.toLowerCase()}/` ||
          route.path === `/${target.slice(route.host.length + 1)}`,
      ).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
