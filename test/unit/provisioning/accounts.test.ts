import { expect, test } from 'vitest';
import { newAccountReader } from '../../../appliance/provisioning/accounts.ts';
import { readSettings } from '../../../appliance/provisioning/settings.ts';
import { readVendorFiles } from '../../../appliance/provisioning/vendor-files.ts';
import type { Vendor } from '../../../appliance/phones/vendors.ts';

const vendors = readVendorFiles();

function accountsIn(vendor: Vendor, body: string) {
  const found = vendors.get(vendor);
  if (found?.accountsIn === undefined) throw new Error(vendor);
  return found.accountsIn(readSettings(found.format, Buffer.from(body).toString('latin1')));
}

const account = { line: 1, user: '1001', authUser: '1001@contoso.com', password: 'pä&ss' };

test.each<[Vendor, string]>([
  [
    'yealink',
    '#!version:1.0.0.1\nAccount.1.User_Name = 1001\naccount.1.auth_name = 1001@contoso.com\naccount.1.password = pä&ss\n',
  ],
  [
    'poly',
    '<PHONE_CONFIG><a reg.1.address="1001@contoso.com" reg.1.auth.userId="1001@contoso.com" reg.1.auth.password="pä&amp;ss"/></PHONE_CONFIG>',
  ],
  [
    'cisco',
    '<flat-profile><User_ID_1_>1001</User_ID_1_><Auth_ID_1_>1001@contoso.com</Auth_ID_1_><Password_1_>pä&amp;ss</Password_1_></flat-profile>',
  ],
  [
    'snom',
    '<settings><phone-settings><user_name idx="1">1001</user_name><user_pname idx="1">1001@contoso.com</user_pname><user_pass idx="1">pä&amp;ss</user_pass></phone-settings></settings>',
  ],
])('the account in a configuration for a %s phone is read', (vendor, body) => {
  expect(accountsIn(vendor, body)).toEqual([account]);
});

test('lines are told apart, and one without a user, a password or with a value to be forgotten is left out', () => {
  const lines = [
    '#!version:1.0.0.1',
    'account.1.user_name = 1001',
    'account.1.password = one',
    'account.2.user_name = 1002',
    'account.2.password = %NULL%',
    'account.3.password = three',
    'account.12.user_name = sip:1012@x',
    'account.12.password = twelve',
    'account.99.user_name = 1099',
    'account.99.password = too many',
    'account.1.sip_server.1.address = registrar',
  ];
  expect(accountsIn('yealink', lines.join('\n'))).toEqual([
    { line: 1, user: '1001', authUser: '1001', password: 'one' },
    { line: 12, user: '1012', authUser: 'sip:1012@x', password: 'twelve' },
  ]);
});

const setting = (key: string, value: string) => ({
  key,
  value,
  valueStart: 0,
  valueEnd: 0,
  start: 0,
  end: 0,
  context: 'line' as const,
});

test('a name or password longer than any phone takes is none', () => {
  const read = newAccountReader({ user: 'u{n}', authUser: 'a{n}', password: 'p{n}' });
  expect(read([setting('u1', 'x'), setting('p1', 'y'.repeat(256))])).toEqual([]);
  expect(read([setting('u1', 'x'), setting('p1', 'y'.repeat(255))])).toHaveLength(1);
});
