import { describe, expect, it } from 'vitest';
import {
  clockVerdict,
  dnsVerdict,
  firmwareVerdicts,
  httpClockAhead,
  httpVerdict,
  interceptionVerdict,
  portVerdict,
  settingsWarnings,
  boxTimeServerVerdict,
  timeServerVerdict,
  tlsVerdict,
  type Verdict,
} from '../../../appliance/commands/check-verdicts.ts';
import { parseConfig } from '../../../appliance/config.ts';

const host = 'emea.ipp.sdg.teams.microsoft.com';
const answer = { status: 404, headers: {}, isHtml: false, askedAt: 0 };
const use = { key: 'web.port', protocol: 'tcp', address: '127.0.0.1', port: 8080, isOurs: false } as const;
/** Title, verdict, state, words. */
const verdicts: [string, Verdict, Verdict['state'], RegExp][] = [
  [
    'a public address is good',
    dnsVerdict(host, { ipv4: ['52.112.1.2'], ipv6: [] }),
    'ok',
    /is 52\.112\.1\.2/,
  ],
  [
    'a private address is somebody else',
    dnsVerdict(host, { ipv4: ['10.1.1.1'], ipv6: [] }),
    'warning',
    /10\.1\.1\.1.*private/,
  ],
  [
    'a name without address',
    dnsVerdict(host, { ipv4: [], ipv6: [], error: 'ENOTFOUND' }),
    'problem',
    /cannot be resolved \(ENOTFOUND\)/,
  ],
  [
    'only IPv6 is a failed check',
    dnsVerdict(host, { ipv4: [], ipv6: ['2603::1'], error: 'ENODATA' }),
    'problem',
    /only IPv6/,
  ],
  ['any status of the host itself is good', httpVerdict(host, answer), 'ok', /nothing in between/],
  ['no answer', httpVerdict(host, 'ECONNREFUSED'), 'problem', /TCP port 80/],
  [
    'a Via header is a proxy',
    httpVerdict(host, { ...answer, headers: { via: '1.1 proxy.corp' } }),
    'problem',
    /proxy is in the way \(via: 1\.1 proxy\.corp\)/,
  ],
  ['a proxy that wants a log-in', httpVerdict(host, { ...answer, status: 407 }), 'problem', /status 407/],
  ['a captive portal by status', httpVerdict(host, { ...answer, status: 511 }), 'problem', /captive portal/],
  [
    'a redirect to a stranger is a captive portal',
    httpVerdict(host, { ...answer, status: 302, headers: { location: 'http://login.hotel.example/x' } }),
    'problem',
    /login\.hotel\.example/,
  ],
  [
    'a redirect inside the service is not',
    httpVerdict(host, {
      ...answer,
      status: 302,
      headers: { location: 'https://usea.dm.sdg.teams.microsoft.com/' },
    }),
    'ok',
    /302/,
  ],
  [
    'a redirect on the host itself is not',
    httpVerdict(host, { ...answer, status: 302, headers: { location: '/x' } }),
    'ok',
    /302/,
  ],
  [
    'a redirect that is no address is not',
    httpVerdict(host, { ...answer, status: 302, headers: { location: 'http://[' } }),
    'ok',
    /302/,
  ],
  [
    'a web page with status 200 is a captive portal',
    httpVerdict(host, { ...answer, status: 200, isHtml: true }),
    'problem',
    /web page/,
  ],
  [
    'an address that nobody has and answers is a proxy',
    interceptionVerdict('198.51.100.1', true),
    'problem',
    /transparent proxy/,
  ],
  [
    'an address that nobody has and is silent is good',
    interceptionVerdict('198.51.100.1', false),
    'ok',
    /no transparent proxy/,
  ],
  [
    'a trusted registrar is good',
    tlsVerdict(host, 5061, { reached: 'trusted', issuer: 'Microsoft' }),
    'ok',
    /by Microsoft/,
  ],
  [
    'a blocked port names the ranges',
    tlsVerdict(host, 5061, { reached: 'tcp', error: 'TIMEOUT' }),
    'problem',
    /52\.112\.0\.0\/14/,
  ],
  [
    'a connection without TLS',
    tlsVerdict(host, 5061, { reached: 'handshake', error: 'ECONNRESET' }),
    'problem',
    /no TLS/,
  ],
  [
    'somebody who opens TLS is named',
    tlsVerdict(host, 5061, {
      reached: 'certificate',
      error: 'SELF_SIGNED_CERT_IN_CHAIN',
      issuer: 'Corp Firewall',
    }),
    'problem',
    /by Corp Firewall.*extra_ca_file/,
  ],
  ['a clock within half a minute is good', clockVerdict('x', -29_000), 'ok', /29 s behind x/],
  ['a clock beyond is not', clockVerdict('x', 31_000), 'problem', /31 s ahead of x/],
  ['a server without a date tells nothing', clockVerdict('x', undefined), 'not tested', /told no time/],
  [
    'a silent time server of the settings',
    timeServerVerdict('10.0.0.2', false, undefined),
    'problem',
    /phones are told to ask it.*name another/,
  ],
  [
    'no time server on the box',
    timeServerVerdict('10.0.0.1', true, undefined),
    'problem',
    /ntp_servers is empty.*install one here/,
  ],
  ['a free port is good', portVerdict(use, undefined), 'ok', /free/],
  ['a port in use by ourselves is good', portVerdict({ ...use, isOurs: true }, 'EADDRINUSE'), 'ok', /ours/],
  ['a port in use by another is not', portVerdict(use, 'EADDRINUSE'), 'problem', /another program/],
  ['a port that only root may try', portVerdict(use, 'EACCES'), 'not tested', /root/],
  ['a port refused for another reason', portVerdict(use, 'EMFILE'), 'problem', /EMFILE/],
];

describe('verdicts', () => {
  it.each(verdicts)('%s', (...[, verdict, state, words]) => {
    expect(verdict.state).toBe(state);
    expect(verdict.text).toMatch(words);
  });

  it('the clock is compared with the middle of the second that HTTP tells', () => {
    const at = Date.UTC(2026, 0, 5, 12);
    const told = { ...answer, headers: { date: new Date(at).toUTCString() }, askedAt: at + 10_000 };
    expect(httpClockAhead(told)).toBe(9500);
    expect(httpClockAhead(answer)).toBeUndefined();
  });
});

const warned = (toml: string) =>
  settingsWarnings(parseConfig(`[site]\naddress = "10.0.0.1"\n${toml}`)).map(({ text }) => text);

describe('settings that are seldom meant so', () => {
  const server = '[dhcp]\nmode = "server"\nsubnet = "10.0.0.0/24"\npool = ["10.0.0.100", "10.0.0.199"]\n';

  it('the defaults and a gateway are none', () => {
    expect(warned('')).toEqual([]);
    expect(warned(`${server}routers = ["10.0.0.254"]`)).toEqual([]);
  });
  it.each(['0.0.0.0', '10.0.0.1'])('a page at %s is open to the phones', (address) => {
    expect(warned(`[web]\naddress = "${address}"`)).toEqual([expect.stringMatching(/try passwords/)]);
  });
  it('phones without a gateway can go nowhere by themselves', () => {
    expect(warned(server)).toEqual([expect.stringMatching(/^dhcp\.routers is empty/)]);
  });
});

describe('firmware of phones', () => {
  const phone = {
    mac: '00:15:65:aa:00:01',
    vendorName: 'Yealink',
    model: 'T46S',
    stage: 'leased',
    reached: {},
    lastSeenAt: 0,
    posture: 'full',
  } as const;

  it('below the minimum is a warning, with phone and words', () => {
    const old = { ...phone, firmwareState: 'too old', problem: 'Its firmware is too old.' } as const;
    expect(firmwareVerdicts([phone, old])).toEqual([
      {
        area: 'phones',
        state: 'warning',
        text: 'Yealink T46S 00:15:65:aa:00:01: Its firmware is too old.',
      },
    ]);
  });

  it('says of how many it is known', () => {
    const good = { ...phone, firmwareState: 'approved' } as const;
    expect(firmwareVerdicts([phone, good])).toMatchObject([
      { state: 'ok', text: expect.stringContaining('1 of 2') as string },
    ]);
  });

  it('is not tested before the first phone', () => {
    expect(firmwareVerdicts([])).toMatchObject([{ state: 'not tested' }]);
  });
});

it('a time server of the box that does not answer, or tells another time, is a problem', () => {
  expect(boxTimeServerVerdict('10.0.0.9', 20)).toMatchObject({ state: 'ok' });
  expect(boxTimeServerVerdict('10.0.0.9', undefined)).toMatchObject({
    state: 'problem',
    text: expect.stringContaining('box.time_servers') as string,
  });
  expect(boxTimeServerVerdict('10.0.0.9', 73 * 365 * 86_400_000)).toMatchObject({ state: 'problem' });
});
