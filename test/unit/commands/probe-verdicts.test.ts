import { describe, expect, it } from 'vitest';
import { probeVerdicts } from '../../../appliance/commands/probe-verdicts.ts';
import { snippetOf } from '../../../appliance/commands/snippets/phone-classes.ts';
import { parseConfig } from '../../../appliance/config.ts';

const winter = Date.parse('2026-01-15T12:00:00Z');
const tenant = '11111111-2222-3333-4444-555555555555';
const cloud = `[site]\naddress = "10.66.0.1"\ntime_zone = "America/New_York"\nposture = "assist"\nregion = "emea"\ntenant_id = "${tenant}"\nlanguage = "de"\n`;
const emea = 'http://emea.ipp.sdg.teams.microsoft.com';
const url = `${emea}/tenantid/${tenant}/lang_de`;
const eastern = Buffer.from('ffffb9b0', 'hex');
const clock = Buffer.of(10, 0, 0, 1);

type Answer = Readonly<Record<number, string | Uint8Array>>;

function judge(id: string, answer: Answer, settings = cloud) {
  const phones = snippetOf(parseConfig(settings), winter).classes.find((one) => one.id === id);
  const options = new Map(
    Object.entries(answer).map(([code, value]) => [
      Number(code),
      typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
    ]),
  );
  return probeVerdicts(phones, '10.66.0.9', options).map(({ state, text }) => `${state} ${text}`);
}

/** Each with a right time server and offset. */
const urls: readonly (readonly [string, string, Answer, string])[] = [
  [
    'a host alone',
    'yealink',
    { 66: 'emea.ipp.sdg.teams.microsoft.com' },
    'option 66: is "emea.ipp.sdg.teams.microsoft.com", a host without "http://", which phones ask over TFTP',
  ],
  ['an address alone', 'yealink', { 66: '10.66.0.1' }, 'option 66: is "10.66.0.1", a host without "http://"'],
  [
    'a TFTP URL',
    'yealink',
    { 66: 'tftp://10.66.0.1' },
    'option 66: is tftp://, and the first stage is plain http://',
  ],
  ['HTTPS', 'yealink', { 66: url.replace('http', 'https') }, 'option 66: is https://'],
  ['a slash at the end', 'yealink', { 66: `${url}/` }, 'option 66: ends in a slash too many'],
  ['blanks around it', 'yealink', { 66: ` ${url}` }, 'option 66: is " http'],
  [
    'another region',
    'yealink',
    { 66: url.replace('emea', 'noam') },
    'option 66: is the wrong region, noam and not emea',
  ],
  [
    'another tenant',
    'yealink',
    { 66: url.replace('1111-2222', '1111-9999') },
    'option 66: names the wrong tenant, "11111111-9999-3333-4444-555555555555"',
  ],
  ['no tenant', 'yealink', { 66: `${emea}/lang_de` }, 'option 66: has no tenant'],
  [
    'another language',
    'yealink',
    { 66: url.replace('lang_de', 'lang_fr') },
    'option 66: has the language fr',
  ],
  [
    'another host',
    'yealink',
    { 66: url.replace('emea.ipp.sdg.teams.microsoft.com', 'pbx.example') },
    'option 66: leads to "pbx.example"',
  ],
  ['no ending', 'cisco', { 160: url }, 'option 160: ends in "", not "/$PSN.xml"'],
  [
    'the ending of phones for an adapter',
    'poly-ata',
    { 160: url },
    'option 160: ends in "", not "/$mac.cfg"',
  ],
  ['nothing in it', 'yealink', { 66: '' }, 'option 66: is empty'],
  ['the wrong option', 'poly', { 66: url }, 'option 160 is missing; the server sends option 66 instead'],
  ['no option', 'ale', {}, 'option 66 is missing: it must be'],
  [
    'an option that is read before',
    'cisco',
    { 66: '10.0.0.5', 160: `${url}/$PSN.xml` },
    'option 66 is "10.0.0.5", and phones of Cisco read it before 160',
  ],
];

describe('what phones would be told', () => {
  it.each(urls)('with %s is a problem for %s', (...[, id, answer, problem]) => {
    const [first = '', ...more] = judge(id, { ...answer, 42: clock, 2: eastern });
    expect(first).toContain(`problem ${problem}`);
    expect(first).toContain(url);
    expect(more).toEqual([]);
  });

  it.each([
    ['yealink', { 66: url }],
    ['yealink', { 66: `${url}\0` }],
    ['cisco', { 160: `${url}/$PSN.xml` }],
    ['cisco', { 66: `${url}/$PSN.xml`, 160: `${url}/$PSN.xml` }],
    ['gigaset', {}],
    ['ale', { 66: url }],
    ['ale', { 66: url, 43: `\x42${String.fromCodePoint(url.length)}${url}` }],
    ['ale', { 66: url, 43: '\x3a\x02\0\x0a' }],
  ] as const)('is right for %s: %j', (id, answer) => {
    expect(judge(id, { ...answer, 42: clock, 2: eastern })).toEqual([
      expect.stringMatching(/^ok .*42 = 10\.0\.0\.1, 2 = -18000$/),
    ]);
  });

  it("inside option 43 is judged where the vendor's phones look there", () => {
    const answer = { 66: url, 43: '\x42\x0810.0.0.5', 42: clock, 2: eastern };
    expect(judge('ale', answer)).toEqual([
      expect.stringContaining('problem option 43: is "10.0.0.5", a host without'),
    ]);
  });

  it('is right as a host alone where the settings ask for that', () => {
    const settings = `${cloud}[[dhcp.vendor]]\nvendor = "yealink"\nform = "host"\noptions = [66]\n`;
    const host = 'emea.ipp.sdg.teams.microsoft.com';
    const plain = settings.replace(/tenant_id.*\n/, '').replace(/language.*\n/, '');
    expect(judge('yealink', { 66: host, 42: clock, 2: eastern }, plain)).toEqual([
      expect.stringMatching(/^ok /),
    ]);
    expect(judge('yealink', { 66: emea, 42: clock, 2: eastern }, plain)).toEqual([
      `problem option 66: is "${emea}": it must be ${host}`,
    ]);
  });

  it('is looked for where the settings put it', () => {
    const settings = `${cloud}[[dhcp.vendor]]\nvendor = "yealink"\noptions = [159, 43]\n`;
    const right = { 159: url, 43: url, 42: clock, 2: eastern };
    expect(judge('yealink', right, settings)).toEqual([expect.stringMatching(/^ok 159 = /)]);
    expect(judge('yealink', { ...right, 159: '10.0.0.5' }, settings)[0]).toContain(
      'option 159: is "10.0.0.5"',
    );
    expect(judge('yealink', { ...right, 43: '\x01\x01a' }, settings)[0]).toContain('option 43: is');
  });

  it('that leads past the box is a problem where the box stands between', () => {
    const [first] = judge('yealink', { 66: url, 42: clock, 2: eastern }, cloud.replace('assist', 'full'));
    expect(first).toContain(
      'leads to the cloud directly and not through the box: it must be http://10.66.0.1/tenantid/',
    );
  });
});

it.each([
  ['missing', { 42: clock }, 'option 2 (offset from UTC) is missing: it must be -18000'],
  [
    'of the wrong sign',
    { 42: clock, 2: Buffer.from('00004650', 'hex') },
    'option 2 is 18000, an hour of UTC+05:00: it must be -18000, UTC-05:00 (the sign is wrong)',
  ],
  [
    'of summer',
    { 42: clock, 2: Buffer.from('ffffc7c0', 'hex') },
    'it must be -18000, UTC-05:00 (daylight saving?)',
  ],
  [
    'text',
    { 42: clock, 2: '-18000' },
    'option 2 has 6 bytes: it must be the number -18000 in four bytes, not text',
  ],
  ['right, but no time server', { 2: eastern }, 'option 42 (time server) is missing'],
  ['right, but the time server is a name', { 42: 'pool.ntp.org!', 2: eastern }, 'option 42 has 13 bytes'],
] as const)('an offset that is %s is a problem', (_what, answer, problem) => {
  expect(judge('yealink', { 66: url, ...answer })).toEqual([expect.stringContaining(problem)]);
});

describe('other devices', () => {
  it('that are told a provisioning URL are a problem, a boot server of their own is none', () => {
    expect(judge('nobody', { 160: url }).join()).toContain(
      'problem option 160 goes to devices that are no phones too',
    );
    expect(judge('nobody', { 66: 'pxe.example' })).toEqual(['ok told nothing of phones']);
  });
});

it('no answer at all is a problem', () => {
  expect(probeVerdicts(undefined, '', undefined)).toMatchObject([
    { state: 'problem', text: 'no DHCP server offered an address' },
  ]);
});
