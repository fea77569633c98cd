import { expect, test } from 'vitest';
import { renderTemplate, vendorOverlays } from '../../../appliance/provisioning/overlay.ts';
import { readSettings, type Format } from '../../../appliance/provisioning/settings.ts';
import { readVendorFiles } from '../../../appliance/provisioning/vendor-files.ts';

const hostile = `"/><x a='1'>&\t`;
const values = {
  address: '10.0.0.1',
  tls_port: 5061,
  ca_url: 'http://10.0.0.1/gatehouse-ca.pem',
  ca_pem: '',
};

test.each([
  ['attributes', '<a b.c="{{ address }}"/>'],
  ['elements', '<a><b>{{ address }}</b></a>'],
  ['id-value', '<a><setting id="b" value="{{ address }}"/></a>'],
] as const)('%s: a value can not leave its place', (format: Format, template) => {
  const settings = readSettings(format, renderTemplate(format, template, { ...values, address: hostile }));
  expect(settings.map(({ value }) => value)).toEqual([hostile]);
});

test('a line can not be given a second line', () => {
  const template = 'account.1.outbound_proxy.1.address = {{ address }}\n';
  expect(renderTemplate('yealink', template, values)).toBe('account.1.outbound_proxy.1.address = 10.0.0.1\n');
  expect(() =>
    renderTemplate('yealink', template, { ...values, address: 'x\nstatic.security.user_password = admin:1' }),
  ).toThrow(/line break/);
});

test.each([
  '{{ nothing }}',
  '{{ address | nofilter }}',
  "{% include 'vendors.json' %}",
  '{{ address.constructor.constructor }}',
  '{% for i in (1..100000000) %}x{% endfor %}',
])('a template that asks for %s is refused', (template) => {
  expect(() => renderTemplate('yealink', template, values)).toThrow(/undefined|limit|ENOENT|Failed/);
});

test('every shipped template renders to what its vendor reads', () => {
  for (const vendor of readVendorFiles().values()) {
    for (const text of vendor.templates.values()) {
      const rendered = renderTemplate(vendor.format, text, {
        ...values,
        directory_url: 'https://10.0.0.1/',
        file_url: 'https://10.0.0.1/x.cfg',
        cloud_url: 'https://usea.dm.sdg.teams.microsoft.com/x.cfg',
        cloud_directory: 'https://usea.dm.sdg.teams.microsoft.com/',
        cloud_scheme: 'https',
      });
      expect(readSettings(vendor.format, rendered).length).toBeGreaterThan(0);
      expect(rendered).not.toMatch(/\{\{|undefined/);
    }
  }
});

test('SIP is led through the box in posture full, and only when it listens for TLS', () => {
  const yealink = readVendorFiles().get('yealink');
  if (yealink === undefined) throw new Error('no yealink');
  const texts = (isFull: boolean, tlsPort: number) =>
    vendorOverlays(yealink, { ...values, tls_port: tlsPort }, isFull)
      .map(({ text }) => text)
      .join('');
  expect(texts(true, 5061)).toContain('outbound_proxy');
  expect(texts(false, 5061)).not.toContain('outbound_proxy');
  expect(texts(true, 0)).not.toContain('outbound_proxy');
});
