import { array, assert, constantFrom, property } from 'fast-check';
import { expect, test } from 'vitest';
import { maskLog } from '../../../appliance/provisioning/log-mask.ts';

test.each([
  ['reg.1.auth.password="canary"', 'reg.1.auth.password=...'],
  ['account.1.password = canary more', 'account.1.password = ... more'],
  ['token: canary', 'token: ...'],
  [String.raw`{"password":"x\"canary","user":"y"}`, '{"password":...,"user":"y"}'],
  ['account.1.password = x,canary;canary&canary next', 'account.1.password = ... next'],
  ['password=canary,user=y;pin=canary&a=b', 'password=...,user=y;pin=...&a=b'],
  ['password=canary, user y', 'password=..., user y'],
  [
    'GET https://usea.dm.sdg.teams.microsoft.com/device/mmiiaacc/0004f2aabb02canary/lang_en/0004f2aabb02.cfg done',
    'GET https://usea.dm.sdg.teams.microsoft.com/device/mmiiaacc/.../lang_en/0004f2aabb02.cfg done',
  ],
  [
    'https://10.66.0.1/usea.dm.sdg.teams.microsoft.com/device/ob/canary/',
    'https://10.66.0.1/usea.dm.sdg.teams.microsoft.com/device/ob/.../',
  ],
  ['a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:canary+/=', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:...'],
  ['Digest username="x", response="0123456789abcdef0123456789abcdef"', 'Digest username="x", response=...'],
  ['Authorization: Basic canary', 'Authorization: ...'],
  ['Proxy-Authorization: Digest username="x", nonce="canary"', 'Proxy-Authorization: ...'],
  ['Password_1_ = canary', 'Password_1_ = ...'],
  ['<Password_1_ ua="na">canary</Password_1_>', '<Password_1_ ua="na">...</Password_1_>'],
  ['dialled *55*123456 and sip:%2A55%2A123456@x', 'dialled *55... and sip:%2A55...@x'],
  ['ftp://user:canary@10.0.0.1/', 'ftp://...10.0.0.1/'],
])('of "%s" nothing secret is left', (line, expected) => {
  const masked = maskLog(`before\r\n${line}\r\nafter`);
  expect(masked).not.toMatch(/canary|123456/);
  expect(masked).toBe(`before\r\n${expected}\r\nafter`);
});

test('ordinary lines stay byte for byte, in any encoding', () => {
  const line = Buffer.from('0101000000.000|cfg  |*|00|Prov|Starting to provision · größe ✓\0').toString(
    'latin1',
  );
  expect(maskLog(line)).toBe(line);
});

test('whatever a log holds, it is read in time that grows with its length', () => {
  const pieces = [
    'password',
    '*1',
    '<',
    'authorization:',
    '=',
    '"',
    "'",
    ' ',
    '/device/',
    '://',
    '@',
    'inline:',
    'response',
    'a',
    '\n',
  ];
  assert(
    property(array(constantFrom(...pieces), { maxLength: 300 }), (parts) => {
      expect(typeof maskLog(parts.join(''))).toBe('string');
    }),
  );
  for (const piece of pieces) expect(maskLog(piece.repeat(100_000)).length).toBeGreaterThan(0);
});
