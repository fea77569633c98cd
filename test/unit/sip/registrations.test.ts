import { expect, it } from 'vitest';
import { SipSyntaxError } from '../../../appliance/protocol/sip-message.ts';
import { macInUserAgent } from '../../../appliance/sip/phone-mac.ts';
import {
  aorOf,
  answeredChallenge,
  decideRegistration,
  grantedSeconds,
  phoneContact,
  readRegistration,
  upstreamContact,
  type Registration,
  type RegistrationContext,
} from '../../../appliance/sip/registrations.ts';
import { isRegistrar } from '../../../appliance/sip/registrars.ts';
import { dueChanges } from '../../../appliance/sip/sweep.ts';
import type { BindingRow } from '../../../appliance/store/bindings.ts';

const now = Date.UTC(2026, 0, 5, 12);
const registrar = 'mainsbc-emea.sdg.teams.microsoft.com';

const binding: BindingRow = {
  token: 'abc',
  aor: '1001@office.example',
  registrar,
  phone: '10.66.0.101',
  flow: 'phone-1',
  mac: null,
  contact: '<sip:1001@10.66.0.101:5061>',
  contact_uri: 'sip:1001@10.66.0.101:5061',
  source: '10.66.0.101:40000',
  transport: 'tls',
  user_agent: 'Yealink',
  auth_user: '1001',
  auth_realm: null,
  auth_algorithm: null,
  local_address: '192.0.2.2',
  reply: '[]',
  registered_at: now - 600_000,
  expires_at: now + 3_000_000,
  local_expires_at: now + 10_000,
  state: 'registered',
};

const refresh: Registration = {
  aor: '1001@office.example',
  registrar,
  contact: { uri: 'sip:1001@10.66.0.101:5061', params: [] },
  expiresSeconds: 3600,
  registered: ['<sip:1001@10.66.0.101:5061>'],
  takenBack: [],
  authUser: '1001',
  userAgent: 'Yealink',
};

const context: RegistrationContext = {
  source: '10.66.0.101:40000',
  transport: 'tls',
  isClearAllowed: false,
  binding,
  isAttached: true,
  way: 'open',
  now,
};
const policy = { registrars: ['extra.example'], localSeconds: { udp: 60, tcp: 120, tls: 120 } };

type Row = [
  string,
  [Partial<Registration>, Partial<RegistrationContext>],
  'answer' | 'pass' | 'prove' | 'refuse',
];
const rows: Row[] = [
  ['the same again is answered from the store', [{}, {}], 'answer'],
  ['the same without credentials too: nothing changes by it', [{ authUser: undefined }, {}], 'answer'],
  ['a phone that is not known passes', [{}, { binding: undefined }], 'pass'],
  ['another Contact passes', [{ contact: { uri: 'sip:1001@10.66.0.101:9999', params: [] } }, {}], 'pass'],
  ['a Contact that is taken back beside it passes', [{ takenBack: ['sip:1001@10.66.0.9'] }, {}], 'pass'],
  ['another source port passes', [{}, { source: '10.66.0.101:40001' }], 'pass'],
  ['another address passes', [{}, { source: '10.66.0.66:40000' }], 'pass'],
  ['another transport passes', [{}, { transport: 'tcp', isClearAllowed: true }], 'pass'],
  ['TCP is refused where TLS is expected', [{}, { transport: 'tcp' }], 'refuse'],
  ['UDP is refused where TLS is expected', [{}, { transport: 'udp', binding: undefined }], 'refuse'],
  ['another user passes', [{ authUser: '1002' }, {}], 'pass'],
  ['other firmware passes', [{ userAgent: 'Yealink 2' }, {}], 'pass'],
  [
    'after the connection upstream was lost it passes',
    [{}, { binding: { ...binding, state: 'lost' } }],
    'pass',
  ],
  ['a late phone passes', [{}, { binding: { ...binding, state: 'late' } }], 'pass'],
  [
    'two local times before the registrar forgets it passes',
    [{}, { now: binding.expires_at - 240_000 }],
    'pass',
  ],
  ['a moment before that it is answered', [{}, { now: binding.expires_at - 240_001 }], 'answer'],
  ['signing off passes', [{ expiresSeconds: 0 }, {}], 'pass'],
  ['signing off all passes', [{ contact: 'all', expiresSeconds: 0 }, {}], 'pass'],
  ['a star that does not sign off is refused', [{ contact: 'all' }, {}], 'refuse'],
  ['asking passes', [{ contact: undefined }, {}], 'pass'],
  ['another registrar is refused', [{ registrar: 'evil.example' }, {}], 'refuse'],
  ["the site's own registrar passes", [{ registrar: 'extra.example' }, { binding: undefined }], 'pass'],
];

const lost = { ...binding, state: 'lost', expires_at: now - 1 } as const;
const away = { binding: lost, way: 'away' } as const;
rows.push(
  ['in an outage a phone on its old connection is kept, even after its time upstream', [{}, away], 'answer'],
  [
    'in an outage a phone on a new connection has to prove itself',
    [{}, { ...away, isAttached: false }],
    'prove',
  ],
  ['and one that changes its Contact', [{ contact: { uri: 'sip:x@10.66.0.9', params: [] } }, away], 'prove'],
  ['and one that nobody knows', [{}, { ...away, binding: undefined }], 'prove'],
  ['and one from another address', [{}, { ...away, source: '10.66.0.66:40000' }], 'prove'],
  ['and one with another user', [{ authUser: '1002' }, away], 'prove'],
  [
    'over UDP where TLS is expected nobody can prove anything',
    [{}, { ...away, isAttached: false, transport: 'udp' }],
    'refuse',
  ],
  ['no phone is signed off in an outage', [{ expiresSeconds: 0 }, away], 'refuse'],
  ['whose turn has not come after an outage is kept', [{}, { binding: lost, way: 20 }], 'answer'],
  ['a new phone passes right after an outage', [{}, { binding: undefined, way: 20 }], 'pass'],
);

it.each(rows)('%s', (_title, [changed, around], kind) => {
  expect(decideRegistration({ ...refresh, ...changed }, { ...context, ...around }, policy).kind).toBe(kind);
});

it('a local answer never gives more than the phone asked for', () => {
  expect(decideRegistration({ ...refresh, expiresSeconds: 30 }, context, policy)).toMatchObject({
    expiresSeconds: 30,
  });
  expect(decideRegistration({ ...refresh, expiresSeconds: undefined }, context, policy)).toMatchObject({
    expiresSeconds: 120,
  });
});

it.each([
  ['away', 40],
  [20, 20],
  [300, 300],
] as const)(
  'a phone that is kept while the way is %s comes back within %i seconds',
  (way, expiresSeconds) => {
    const around = { ...context, binding: lost, way };
    expect(decideRegistration(refresh, around, policy)).toMatchObject({ kind: 'answer', expiresSeconds });
  },
);

it.each([
  ['obsbc-noam.sdg.teams.microsoft.com', true],
  ['MAINSBC-APAC.SDG.TEAMS.MICROSOFT.COM', true],
  ['extra.example', true],
  ['sub.extra.example', false],
  ['mainsbc-emea.sdg.teams.microsoft.com.evil.example', false],
  ['evil-mainsbc-emea.sdg.teams.microsoft.com', false],
  ['obsbc-mars.sdg.teams.microsoft.com', false],
  ['', false],
])('host %s is a registrar: %s', (host, isOne) => {
  expect(isRegistrar(host, ['extra.example'])).toBe(isOne);
});

const headers = (...lines: string[]) =>
  lines.map((line) => ({ name: line.slice(0, line.indexOf(':')), value: line.slice(line.indexOf(':') + 2) }));

it('what is judged is read from the request', () => {
  const request = {
    uri: `sip:${registrar};transport=tls`,
    headers: headers(
      'To: "Me" <sip:1001@Office.Example>',
      'Contact: <sip:1001@10.66.0.101:5061>;expires=600',
      'Expires: 3600',
      'Authorization: Digest username="10\\"01", realm="x"',
      'User-Agent: Yealink',
    ),
  };
  expect(readRegistration(request)).toEqual({
    aor: '1001@office.example',
    registrar,
    contact: { uri: 'sip:1001@10.66.0.101:5061', params: [['expires', '600']] },
    expiresSeconds: 600,
    registered: ['<sip:1001@10.66.0.101:5061>;expires=600'],
    takenBack: [],
    authUser: '10\\"01',
    userAgent: 'Yealink',
  });
});

it.each([
  ['all Contacts and one', ['To: <sip:a@b>', 'Contact: *', 'Contact: <sip:a@1.2.3.5>', 'Expires: 0']],
  ['no user', ['To: <sip:b>', 'Contact: <sip:a@1.2.3.4>']],
  ['no To', ['Contact: <sip:a@1.2.3.4>']],
  ['a Contact of another scheme', ['To: <sip:a@b>', 'Contact: <mailto:a@b>']],
])('%s can not be registered', (_title, lines) => {
  expect(() => readRegistration({ uri: `sip:${registrar}`, headers: headers(...lines) })).toThrow(
    SipSyntaxError,
  );
});

it('the Contact is ours upstream and its own again toward the phone', () => {
  const own = {
    uri: 'sip:1001@10.66.0.101:5061',
    params: [
      ['+sip.instance', '"<urn:uuid:1>"'],
      ['expires', '3600'],
    ],
  } as const;
  expect(upstreamContact(own, 'abc')).toBe('<sip:abc@localhost>;+sip.instance="<urn:uuid:1>";expires=3600');
  expect(phoneContact('"Me" <sip:1001@10.66.0.101>;q=0.5;expires=3600', 60)).toBe(
    '"Me" <sip:1001@10.66.0.101>;q=0.5;expires=60',
  );
});

it.each([
  [['Contact: <sip:x@1.2.3.4>;expires=50, <sip:abc@192.0.2.2>;expires=1800'], 1800],
  [['Contact: <sip:abc@192.0.2.2>', 'Expires: 900'], 900],
  [['Contact: <sip:abc@192.0.2.2>'], 3600],
  [['Contact: <sip:x@1.2.3.4>;expires=50'], undefined],
  [[], undefined],
])('of %s our Contact was granted %s', (lines, seconds) => {
  expect(grantedSeconds({ headers: headers(...lines) }, 'abc')).toBe(seconds);
});

it('an address without a user is nobody', () => {
  expect(aorOf('<sip:1001@OFFICE.example;user=phone>;tag=x')).toBe('1001@office.example');
  expect(() => aorOf('<sip:office.example>')).toThrow(SipSyntaxError);
});

it.each([
  ['Yealink SIP-T46S 66.86.0.15 001565aabbcc', '00:15:65:aa:bb:cc'],
  ['Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:cc', '00:15:65:aa:bb:cc'],
  ['PolycomVVX-VVX_150-UA/6.4.1.2280_0004f2aabbcc', '00:04:f2:aa:bb:cc'],
  ['Cisco-CP-8841-3PCC/12.0.3_a0b1c2d3e4f5', 'a0:b1:c2:d3:e4:f5'],
  ['AUDC-IPPhone/3.4.6 (420HD-Rev0; 00908FAABBCC)', '00:90:8f:aa:bb:cc'],
  ['baresip v1.0.0 (x86_64/linux)', undefined],
  ['1234567890001565aabbcc', undefined],
])('%s says %s', (userAgent, mac) => {
  expect(macInUserAgent(userAgent)).toBe(mac);
});

it('a silent phone is late first and forgotten when the registrar has forgotten it too', () => {
  const at = (ms: number) => dueChanges([binding], now + ms);
  expect(at(20_000)).toEqual({ late: [], expired: [] });
  expect(at(20_001)).toEqual({ late: [binding], expired: [] });
  expect(at(3_010_001)).toEqual({ late: [], expired: [binding] });
});

it.each([
  [
    'Digest username="1001", realm="a \\"b\\"", nonce="n", algorithm=SHA-256, response="r"',
    { auth_realm: 'a "b"', auth_algorithm: 'SHA-256' },
  ],
  ['Digest username="1001", realm="x", response="r"', { auth_realm: 'x', auth_algorithm: null }],
  ['Digest username="1001"', undefined],
  ['Basic abc', undefined],
])('credentials %s tell what they answered', (value, told) => {
  expect(answeredChallenge(headers(`Authorization: ${value}`))).toEqual(told);
});
