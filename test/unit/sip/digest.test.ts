import { assert, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { formatDigest, parseDigest } from '../../../appliance/protocol/digest.ts';
import {
  answerChallenge,
  digestAlgorithm,
  digestHa1,
  digestResponse,
  type DigestHash,
} from '../../../appliance/sip/digest.ts';
import {
  challenge,
  digestLimits,
  newDigestServer,
  verify,
  type Claim,
} from '../../../appliance/sip/digest-server.ts';

const mufasa = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};
const published: [string, string, Record<keyof typeof mufasa | 'response', string>][] = [
  ['RFC 7616 3.9.1', 'MD5', { ...mufasa, response: '8ca523f5e9506fed4657c9700eebdbec' }],
  [
    'RFC 7616 3.9.1',
    'SHA-256',
    { ...mufasa, response: '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1' },
  ],
  [
    // The RFC's own figures come from a draft of SHA-512/256.
    'RFC 7616 3.9.2, as corrected by erratum 4897,',
    'SHA-512-256',
    {
      username: 'Jäsøn Doe',
      realm: 'api@example.org',
      password: 'Secret, or not?',
      uri: '/doe.json',
      nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
      cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
      response: '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5',
    },
  ],
  [
    'RFC 2617 3.5',
    'MD5',
    {
      ...mufasa,
      realm: 'testrealm@host.com',
      password: 'Circle Of Life',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      cnonce: '0a4f113b',
      response: '6629fae49393a05397450978507c4ef1',
    },
  ],
];

it.each(published)('the example of %s with %s comes out', (_rfc, name, example) => {
  const algorithm = digestAlgorithm(name);
  if (algorithm === undefined) throw new Error('unknown algorithm');
  const fields = { ...example, qop: 'auth', nc: '00000001' };
  const request = { fields, method: 'GET', body: new Uint8Array() };
  expect(digestResponse(algorithm, digestHa1(algorithm.hash, example), request)).toBe(example.response);
  const challenges = [
    formatDigest({ realm: example.realm, nonce: example.nonce, algorithm: name, qop: 'auth' }),
  ];
  const credentials = answerChallenge(challenges, {
    ...example,
    method: 'GET',
    body: new Uint8Array(),
    count: 1,
  });
  expect(parseDigest(credentials ?? '')).toMatchObject({
    username: example.username,
    response: example.response,
  });
});

const account = { username: 'alice', realm: 'sip.example', password: 'pass "word" \\' };
const hashes: DigestHash[] = ['SHA-512-256', 'SHA-256', 'MD5'];
const body = Buffer.from('v=0');
const client = { ...account, uri: 'sip:sip.example', method: 'INVITE', body, cnonce: 'c1', count: 1 };
const start = 1_000_000;

function claim(credentials: string | undefined, changed: Partial<Claim> = {}): Claim {
  return {
    credentials: credentials ?? '',
    method: 'INVITE',
    uri: 'sip:sip.example',
    body,
    realm: account.realm,
    ha1: (username, hash) => (username === 'alice' ? digestHa1(hash, account) : undefined),
    ...changed,
  };
}

function challenged() {
  const server = newDigestServer(Buffer.alloc(32, 7));
  return { server, challenges: challenge(server, { realm: account.realm, hashes }, start) };
}

it('the strongest of several challenges is answered, in whatever order they came', () => {
  const { challenges } = challenged();
  for (const order of [challenges, challenges.toReversed()]) {
    expect(parseDigest(answerChallenge(order, client) ?? '')).toMatchObject({ algorithm: 'SHA-512-256' });
  }
  expect(parseDigest(answerChallenge(challenges.slice(1), client) ?? '')?.['algorithm']).toBe('SHA-256');
  const unknown = 'Digest realm="x", nonce="n", algorithm=SHA3-512';
  expect(answerChallenge([unknown, 'Basic realm="x"'], client)).toBeUndefined();
});

it.each(['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256', 'SHA-512-256-sess'])(
  '%s credentials are right with auth and auth-int, and wrong with another secret, method or body',
  (algorithm) => {
    const { server, challenges } = challenged();
    for (const qop of ['auth', 'auth-int']) {
      const offer = formatDigest({ ...parseDigest(challenges[0] ?? ''), algorithm, qop });
      const answer = answerChallenge([offer], { ...client, count: qop === 'auth' ? 1 : 2 });
      const guess = answerChallenge([offer], { ...client, count: 9, password: 'guess' });
      expect(verify(server, claim(guess), start)).toBe('wrong');
      expect(verify(server, claim(answer, { method: 'BYE' }), start)).toBe('wrong');
      const isOtherBody = verify(server, claim(answer, { body: Buffer.from('v=1') }), start);
      expect(isOtherBody).toBe(qop === 'auth-int' ? 'wrong' : 'right');
      expect(verify(server, claim(answer), start)).toBe(qop === 'auth-int' ? 'right' : 'stale');
    }
  },
);

it('a nonce that is old, from the future or from before a restart is stale, and only for who knows the secret', () => {
  const { server, challenges } = challenged();
  const answer = answerChallenge(challenges, client);
  const guess = answerChallenge(challenges, { ...client, password: 'guess' });
  const late = start + digestLimits.nonceLifetime + 1;
  expect(verify(server, claim(answer), late)).toBe('stale');
  expect(verify(server, claim(guess), late)).toBe('wrong');
  expect(verify(server, claim(answer), start - 1)).toBe('stale');
  expect(verify(newDigestServer(Buffer.alloc(32, 8)), claim(answer), start)).toBe('stale');
  const again = challenge(server, { realm: account.realm, hashes, isStale: true }, late);
  expect(again.map((value) => parseDigest(value)?.['stale'])).toEqual(['true', 'true', 'true']);
  expect(verify(server, claim(answerChallenge(again, client)), late)).toBe('right');
});

it('a count is good once, also when requests overtake each other, and not far below the highest', () => {
  const { server, challenges } = challenged();
  const tried = [5, 3, 3, 5, 100, 68, 69, 69, 0].map((count) =>
    verify(server, claim(answerChallenge(challenges, { ...client, count })), start),
  );
  expect(tried).toEqual(['right', 'right', 'stale', 'stale', 'right', 'stale', 'right', 'stale', 'stale']);
});

it('memory for counts is bounded, and a nonce whose counts were given up is no longer good', () => {
  const server = newDigestServer(Buffer.alloc(32, 7), 3);
  const challenges = challenge(server, { realm: account.realm, hashes }, start);
  const answer = claim(answerChallenge(challenges, client));
  expect(verify(server, answer, start)).toBe('right');
  for (let at = 0; at < 3; at += 1) {
    const [, , md5 = ''] = challenge(server, { realm: account.realm, hashes }, start + 1);
    expect(verify(server, claim(answerChallenge([md5], client)), start + 1)).toBe('right');
  }
  expect(server.used.size).toBe(3);
  expect(verify(server, answer, start + 2)).toBe('stale');
});

it('credentials that are broken, of another realm, Request-URI or scheme, or without qop are malformed', () => {
  const { server, challenges } = challenged();
  const answer = answerChallenge(challenges, client) ?? '';
  const without = (name: string) =>
    formatDigest(
      Object.fromEntries(Object.entries(parseDigest(answer) ?? {}).filter(([key]) => key !== name)),
    );
  const broken = ['Basic YTpi', 'Digest', 'Digest username="alice', `${answer}, nc=00000002`, '']
    .concat(['username', 'qop', 'nc', 'cnonce', 'response', 'nonce', 'uri', 'realm'].map(without))
    .map((credentials) => verify(server, claim(credentials), start));
  expect(new Set(broken)).toEqual(new Set(['malformed']));
  expect(verify(server, claim(answer, { uri: 'sip:other.example' }), start)).toBe('malformed');
  expect(verify(server, claim(answer, { realm: 'other.example' }), start)).toBe('malformed');
  expect(verify(server, claim(answer, { ha1: () => undefined }), start)).toBe('wrong');
});

it('any quoted value comes back as it went, and any text is fields, another scheme or a SipSyntaxError', () => {
  assert(
    property(string({ unit: 'grapheme' }), (username) => {
      expect(parseDigest(formatDigest({ username, nonce: 'n' }))).toEqual({ username, nonce: 'n' });
    }),
  );
  const { server } = challenged();
  assert(
    property(string({ unit: 'binary' }), (text) => {
      expect(['malformed', 'wrong']).toContain(verify(server, claim(`Digest ${text}`), start));
    }),
  );
});
