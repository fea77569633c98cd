import { expect, test } from 'vitest';
import { boxUrl, provisioningUrl, regionUrl } from '../../../appliance/phones/url.ts';
import type { PhoneKind, Vendor } from '../../../appliance/phones/vendors.ts';

const tenantId = '0a1b2c3d-1111-2222-3333-444455556666';

/** Microsoft's own examples, region NOAM: vendor, kind, plain, with tenant. */
const forms: [Vendor, PhoneKind, string, string][] = [
  ['yealink', 'phone', '', `/tenantid/${tenantId}`],
  ['yealink', 'dect', '', `/tenantid/${tenantId}`],
  ['ale', 'phone', '', `/tenantid/${tenantId}`],
  ['audiocodes', 'phone', '', `/tenantid/${tenantId}`],
  ['poly', 'phone', '', `/tenantid/${tenantId}`],
  ['poly', 'dect', '', `/tenantid/${tenantId}`],
  ['cisco', 'phone', '/$PSN.xml', `/tenantid/${tenantId}/$PSN.xml`],
  ['audiocodes', 'ata', '/mac.ini', `/tenantid/${tenantId}/mac.ini`],
  ['cisco', 'ata', '/mac.cfg', `/tenantid/${tenantId}/mac.cfg`],
  ['poly', 'ata', '/$mac.cfg', `/tenantid/${tenantId}/$mac.cfg`],
];

test.each(forms)(
  'the URL of a %s %s ends in "%s", with a tenant in "%s" (G-19 to G-21)',
  (...[vendor, kind, plain, tenant]) => {
    const base = regionUrl('noam');
    expect(provisioningUrl({ vendor, kind, base })).toBe(`http://noam.ipp.sdg.teams.microsoft.com${plain}`);
    expect(provisioningUrl({ vendor, kind, base, tenantId })).toBe(
      `http://noam.ipp.sdg.teams.microsoft.com${tenant}`,
    );
  },
);

test.each([
  ['yealink', 'de', 'http://emea.ipp.sdg.teams.microsoft.com/lang_de'],
  ['poly', 'de', 'http://emea.ipp.sdg.teams.microsoft.com/lang_de'],
  ['cisco', 'ja', 'http://emea.ipp.sdg.teams.microsoft.com/lang_ja/$PSN.xml'],
] as const)('a %s phone in "%s" is sent to %s (G-22)', (vendor, language, url) => {
  expect(provisioningUrl({ vendor, base: regionUrl('emea'), language })).toBe(url);
});

test('the tenant goes before the language', () => {
  expect(provisioningUrl({ vendor: 'cisco', base: regionUrl('apac'), tenantId, language: 'fr' })).toBe(
    `http://apac.ipp.sdg.teams.microsoft.com/tenantid/${tenantId}/lang_fr/$PSN.xml`,
  );
});

test('English needs no language in the URL', () => {
  expect(provisioningUrl({ vendor: 'yealink', base: regionUrl('emea'), language: 'en' })).toBe(
    regionUrl('emea'),
  );
});

test.each(['', 'contoso.onmicrosoft.com', `${tenantId}/x`, `{${tenantId}}`])(
  '"%s" is no tenant GUID',
  (wrong) => {
    expect(() => provisioningUrl({ vendor: 'yealink', base: regionUrl('emea'), tenantId: wrong })).toThrow(
      TypeError,
    );
  },
);

test('the box is named by address, and by port when that is not 80', () => {
  expect(boxUrl('10.66.0.1', 80)).toBe('http://10.66.0.1');
  expect(boxUrl('10.66.0.1', 8080)).toBe('http://10.66.0.1:8080');
});
