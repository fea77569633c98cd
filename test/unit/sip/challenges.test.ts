import { expect, it } from 'vitest';
import { withoutIntegrity } from '../../../appliance/sip/challenges.ts';

const challenge = (value: string, name = 'Proxy-Authenticate') => [{ name, value }];

it.each([
  [
    'auth-int goes where auth is there',
    'Digest realm="x", qop="auth,auth-int", nonce="n"',
    'Digest realm="x", qop="auth", nonce="n"',
  ],
  ['in any order and case', 'Digest qop = "AUTH-INT, Auth",nonce="n"', 'Digest qop = "Auth",nonce="n"'],
  ['alone it stays, since nothing else would be left', 'Digest qop="auth-int"', 'Digest qop="auth-int"'],
  [
    'what only looks like it stays',
    'Digest realm="auth,auth-int", qop="auth"',
    'Digest realm="auth,auth-int", qop="auth"',
  ],
  [
    'of two challenges in one line both',
    'Digest algorithm=SHA-256, qop="auth,auth-int", Digest algorithm=MD5, qop="auth-int,auth"',
    'Digest algorithm=SHA-256, qop="auth", Digest algorithm=MD5, qop="auth"',
  ],
])('of a challenge to an INVITE: %s', (_title, given, expected) => {
  expect(withoutIntegrity(challenge(given), '2 INVITE')).toEqual(challenge(expected));
  expect(withoutIntegrity(challenge(given, 'WWW-Authenticate'), '1 UPDATE')).toEqual(
    challenge(expected, 'WWW-Authenticate'),
  );
});

it('a request whose body crosses as it came may be hashed with it, and other fields are left alone', () => {
  const given = challenge('Digest qop="auth,auth-int"');
  expect(withoutIntegrity(given, '1 MESSAGE')).toEqual(given);
  const other = challenge('Digest qop="auth,auth-int"', 'X-Note');
  expect(withoutIntegrity(other, '1 INVITE')).toEqual(other);
});
