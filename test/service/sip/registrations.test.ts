import { expect, it } from 'vitest';
import { headerLines } from '../../../appliance/protocol/sip-headers.ts';
import { until } from '../../support/command.ts';
import { openSite } from '../../support/site.ts';
import {
  accept,
  credentials,
  register,
  registerText,
  tokenOf,
  userAgent,
  type Registering,
} from '../../support/sip-registering.ts';
import { header, openSipSite, responseText } from '../../support/sip-site.ts';

it("the phone's digest, addresses, User-Agent and unknown fields reach the registrar untouched, with our Contact", async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  phone.send(
    registerText({
      cseq: 7,
      more: [`Authorization: ${credentials}`, 'X-Vendor-Thing: a, b;c="d,e"', 'X-SWITCH-INFO: sw1 Gi1/0/3'],
    }),
  );
  const flow = await site.flow(0);
  const seen = await flow.request('REGISTER');
  expect(seen.uri).toBe('sip:127.0.0.1');
  expect(header(seen, 'Authorization').replaceAll(/,\s*/g, ', ')).toBe(credentials);
  expect(header(seen, 'From')).toBe('"Front desk" <sip:1001@office.example>;tag=phone-1001');
  expect(header(seen, 'To')).toBe('<sip:1001@office.example>');
  expect(header(seen, 'Call-ID')).toBe('reg-1001');
  expect(header(seen, 'CSeq')).toBe('7 REGISTER');
  expect(header(seen, 'User-Agent')).toBe(userAgent);
  expect(header(seen, 'X-Vendor-Thing')).toBe('a, b;c="d,e"');
  expect(header(seen, 'X-SWITCH-INFO')).toBe('sw1 Gi1/0/3');
  expect(header(seen, 'Contact')).toMatch(
    /^<sip:[0-9a-f]{32}@127\.0\.0\.1:\d+;transport=tls>;\+sip\.instance="<urn:uuid:1>";expires=3600$/,
  );
  expect(headerLines(seen, 'Via')).toHaveLength(1);
  expect(seen.headers.filter(({ name }) => name.startsWith('X-Gatehouse'))).toEqual([]);
});

const aboutTwoMinutes = (told: string) => Number(told) >= 108 && Number(told) <= 132;

it('the phone gets its own Contact back with our short time, after the binding is on disk', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 1 }));
  const flow = await site.flow(0);
  accept(flow, await flow.request('REGISTER'), {
    seconds: 3600,
    lines: ['Service-Route: <sip:edge.example;lr>', 'P-Associated-URI: <sip:1001@office.example>'],
  });
  const answer = await phone.response(200);
  expect(site.bindings()).toMatchObject([
    {
      aor: '1001@office.example',
      contact: 'sip:1001@127.0.0.1:5999;line=x',
      mac: '00:15:65:aa:bb:cc',
      transport: 'tls',
      state: 'registered',
    },
  ]);
  const told = header(answer, 'Expires');
  expect(aboutTwoMinutes(told)).toBe(true);
  expect(header(answer, 'Contact')).toBe(
    `<sip:1001@127.0.0.1:5999;line=x>;+sip.instance="<urn:uuid:1>";expires=${told}`,
  );
  expect(header(answer, 'Service-Route')).toBe('<sip:edge.example;lr>');
  expect(header(answer, 'P-Associated-URI')).toBe('<sip:1001@office.example>');
});

it('a phone on UDP gets the shorter time', async () => {
  const site = await openSipSite();
  const phone = await site.phone('udp');
  phone.send(registerText({ cseq: 1 }));
  const flow = await site.flow(0);
  accept(flow, await flow.request('REGISTER'), { seconds: 3600 });
  const told = Number(header(await phone.response(200), 'Expires'));
  expect(told >= 54 && told <= 66, `${told} s`).toBe(true);
});

it('each time that a phone is told is another one, within a tenth of what is set', async () => {
  const site = await openSipSite({ rtp: false });
  const phone = await site.phone('tls');
  await register(site, phone);
  const told = new Set<string>();
  for (let cseq = 2; cseq < 32; cseq += 1) {
    phone.send(registerText({ cseq }));
    told.add(header(await phone.response(200), 'Expires'));
  }
  expect(Array.from(told).filter((seconds) => !aboutTwoMinutes(seconds))).toEqual([]);
  // One in 10^40 that thirty times are the same of twenty-five.
  expect(told.size).toBeGreaterThan(1);
  expect(site.sip.counters()).toMatchObject({ registrations_answered: 30 });
});

it('two challenges stay two, and the attempt with credentials goes the same way', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tcp');
  phone.send(registerText({ cseq: 1 }));
  const flow = await site.flow(0);
  const challenges = [
    'Digest realm="localhost", nonce="a,b", algorithm=SHA-256, qop="auth"',
    'Digest realm="localhost", nonce="c", algorithm=MD5, qop="auth"',
  ];
  const first = await flow.request('REGISTER');
  flow.send(
    responseText(first, '401 Unauthorized', {
      lines: challenges.map((value) => `WWW-Authenticate: ${value}`),
    }),
  );
  const asked = await phone.response(401);
  expect(
    headerLines(asked, 'WWW-Authenticate').map((value) => value.replaceAll(/,\s*(?=\w+=)/g, ', ')),
  ).toEqual(challenges);
  phone.send(registerText({ cseq: 2, more: [`Authorization: ${credentials}`] }));
  const second = await flow.request('REGISTER');
  expect(header(second, 'Contact')).toBe(header(first, 'Contact'));
  expect(site.upstream).toHaveLength(1);
});

it('a refresh is answered from the store while the registrar does not expect one', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  phone.send(registerText({ cseq: 2, more: [`Authorization: ${credentials}`] }));
  const answer = await phone.response(200);
  const told = header(answer, 'Expires');
  expect([aboutTwoMinutes(told), header(answer, 'Contact')]).toEqual([
    true,
    expect.stringContaining(`;expires=${told}`),
  ]);
  expect((await site.flow(0)).waiting).toEqual([]);
  expect(site.sip.counters()).toMatchObject({ registrations_passed: 1, registrations_answered: 1 });
});

it.each([
  ['another Contact', { cseq: 2, contact: '<sip:1001@127.0.0.1:6000>' }],
  [
    'another user in its credentials',
    { cseq: 2, more: [`Authorization: ${credentials.replace('"1001"', '"1009"')}`] },
  ],
] as [string, Registering][])('a refresh with %s passes through', async (_title, registering) => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  phone.send(registerText(registering));
  expect(header(await (await site.flow(0)).request('REGISTER'), 'CSeq')).toBe('2 REGISTER');
});

it('a refresh from another connection passes through', async () => {
  const site = await openSipSite();
  await register(site, await site.phone('tls'));
  const again = await site.phone('tls');
  again.send(registerText({ cseq: 2 }));
  expect(header(await (await site.flow(0)).request('REGISTER'), 'CSeq')).toBe('2 REGISTER');
});

it('a refresh passes through early enough to renew what the registrar holds', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone, { seconds: 200 });
  phone.send(registerText({ cseq: 2 }));
  expect(header(await (await site.flow(0)).request('REGISTER'), 'CSeq')).toBe('2 REGISTER');
});

it('when the connection to the registrar breaks, the next refresh opens another one and passes through', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  (await site.flow(0)).close();
  await until('the loss to be noticed', () => site.bindings()[0]?.state === 'lost' || undefined, {
    timeoutMs: 3000,
    everyMs: 10,
  });
  expect(site.sip.health()).toMatchObject({ state: 'degraded' });
  await register(site, phone, { at: 1 });
  expect(site.bindings()[0]?.state).toBe('registered');
  expect(site.journal('registration_lost')).toMatchObject([{ reason: 'connection to the registrar lost' }]);
});

it('after a restart bindings are there, and the first refresh passes through under the same Contact', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 1 }));
  const flow = await site.flow(0);
  const first = await flow.request('REGISTER');
  accept(flow, first, { seconds: 3600 });
  await phone.response(200);
  await site.restartSip();
  expect(site.bindings()).toMatchObject([{ aor: '1001@office.example', state: 'lost' }]);
  const again = await site.phone('tls');
  again.send(registerText({ cseq: 2 }));
  expect(tokenOf(await (await site.flow(1)).request('REGISTER'))).toBe(tokenOf(first));
});

it('a phone that signs off is signed off upstream, forgotten here, and its connection closed', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  phone.send(registerText({ cseq: 2, expires: 0 }));
  const flow = await site.flow(0);
  const seen = await flow.request('REGISTER');
  expect(header(seen, 'Contact')).toContain(';expires=0');
  flow.send(responseText(seen, '200 OK'));
  await phone.response(200);
  expect(site.bindings()).toEqual([]);
  expect(site.journal('unregistered')).toHaveLength(1);
  await until('the connection to close', () => flow.isClosed || undefined, { timeoutMs: 3000, everyMs: 10 });
});

it('a registrar that is not on the list is refused, and nothing is sent to it', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 1, uri: 'sip:evil.example' }));
  await phone.response(403);
  expect(site.upstream).toEqual([]);
  await until('the record', () => site.journal('registration_refused')[0], { timeoutMs: 2000, everyMs: 10 });
  expect(site.journal('registration_refused')).toMatchObject([{ registrar: 'evil.example', status: 403 }]);
});

it('a registrar that can not prove who it is gets nothing, and the phone is told to come back', async () => {
  const site = await openSipSite({ isTrusted: false });
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 1, more: [`Authorization: ${credentials}`] }));
  const answer = await phone.response(503);
  expect(Number(header(answer, 'Retry-After'))).toBeGreaterThanOrEqual(10);
  expect(site.upstream.flatMap(({ waiting }) => waiting)).toEqual([]);
  expect(site.sip.health()).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('127.0.0.1') as string,
  });
});

it('other answers of the registrar reach the phone as they are', async () => {
  const site = await openSipSite();
  const phone = await site.phone('udp');
  phone.send(registerText({ cseq: 1, expires: 10 }));
  const flow = await site.flow(0);
  flow.send(
    responseText(await flow.request('REGISTER'), '423 Interval Too Brief', {
      lines: ['Min-Expires: 600', 'Warning: 399 edge "too short"'],
    }),
  );
  const answer = await phone.response(423);
  expect([header(answer, 'Min-Expires'), header(answer, 'Warning')]).toEqual(['600', '399 edge "too short"']);
});

it('each phone has a connection of its own, and keeps it for all its lines', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  phone.send(registerText({ cseq: 1, aor: '1002' }));
  const flow = await site.flow(0);
  accept(flow, await flow.request('REGISTER'), { seconds: 3600 });
  await phone.response(200);
  expect(site.upstream).toHaveLength(1);
  expect(site.bindings().map(({ aor }) => aor)).toEqual(['1001@office.example', '1002@office.example']);
});

it.each([
  ['all Contacts and one of them', ['*, <sip:a@127.0.0.1>']],
  ['a Contact that is none', ['hello']],
  ['a star that does not sign off', ['*']],
])('%s are refused, and the next one is served', async (_title, [contact = '']) => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 1, contact }));
  await phone.response(400);
  await register(site, phone);
  expect(site.bindings()).toHaveLength(1);
});

it.each(['udp', 'tcp'] as const)(
  'a phone on %s is told to use TLS, unless its vendor is excepted',
  async (transport) => {
    const site = await openSipSite({ allowCleartext: ['poly'] });
    const phone = await site.phone(transport);
    phone.send(registerText({ cseq: 1 }));
    expect(await phone.response(403)).toMatchObject({ reason: 'TLS required' });
    expect(site.bindings()).toHaveLength(0);
  },
);

it('a phone may ask what is registered without changing it', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  phone.send(registerText({ cseq: 2, contact: '' }));
  const flow = await site.flow(0);
  flow.send(
    responseText(await flow.request('REGISTER'), '200 OK', {
      lines: ['Contact: <sip:x@127.0.0.1>;expires=100'],
    }),
  );
  await phone.response(200);
  expect(site.bindings()).toHaveLength(1);
});

it('a phone is known by its lease as soon as there is one, and keeps Contact and connection', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 1 }));
  const flow = await site.flow(0);
  const first = await flow.request('REGISTER');
  accept(flow, first, { seconds: 3600 });
  await phone.response(200);
  using leases = openSite(site.directory, Date);
  await leases.lease('00:15:65:12:34:56', '127.0.0.1');
  phone.send(registerText({ cseq: 2, contact: '<sip:1001@127.0.0.1:6000>' }));
  const second = await flow.request('REGISTER');
  expect(tokenOf(second)).toBe(tokenOf(first));
  accept(flow, second, { seconds: 3600 });
  await phone.response(200);
  expect(site.bindings()).toMatchObject([{ mac: '00:15:65:12:34:56', contact: 'sip:1001@127.0.0.1:6000' }]);
  expect(site.upstream).toHaveLength(1);
});
