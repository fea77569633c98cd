import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { firstSettings } from '../../../appliance/web/first-settings.ts';

const form = {
  name: 'Head office',
  region: 'emea',
  timeZone: 'Europe/Berlin',
  posture: 'full',
  card: 'enp0s3',
  address: '10.20.0.1',
  addresses: 'server',
  subnet: '10.20.0.0/24',
  first: '10.20.0.100',
  last: '10.20.0.199',
};

function settingsOf(more: object) {
  const made = firstSettings({ ...form, ...more });
  if ('problems' in made) throw new Error(made.problems.join('; '));
  return parseConfig(made.toml);
}

it('phones that get their addresses here are told the name server too', () => {
  expect(settingsOf({ dns: '10.20.0.254' }).dhcp.dns_servers).toEqual(['10.20.0.254']);
  expect(settingsOf({}).dhcp.dns_servers).toEqual([]);
  expect(settingsOf({ dns: '10.20.0.254', addresses: 'off' }).dhcp.dns_servers).toEqual([]);
});

it('the numbers that people dial for help are those of the country', () => {
  expect(settingsOf({ country: '+49' }).dial_plan.country_code).toBe('49');
  expect(settingsOf({ country: '44 ' }).dial_plan.country_code).toBe('44');
  expect(settingsOf({}).dial_plan.country_code).toBe('');
  expect(firstSettings({ ...form, country: 'Germany' })).toEqual({
    problems: [expect.stringContaining('dial_plan.country_code = "Germany"') as string],
  });
});

it('beside another DHCP server the card of the phones is known all the same: that server is asked there', () => {
  for (const addresses of ['off', 'inform'])
    expect(settingsOf({ addresses }).dhcp).toMatchObject({ mode: addresses, interface: 'enp0s3' });
});
