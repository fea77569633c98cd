import { assert, property, string, uint8Array } from 'fast-check';
import { expect, it } from 'vitest';
import { readSyslogLine } from '../../../appliance/protocol/syslog-line.ts';
import { formatSyslog } from '../../../appliance/protocol/syslog-message.ts';
import { mutations } from '../../support/hostile-bytes.ts';

const read = (text: string) => readSyslogLine(Buffer.from(text));

it.each([
  // RFC 5424 section 6.5.
  [
    "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \uFEFF'su root' failed",
    { severity: 2, text: "mymachine.example.com su: 'su root' failed" },
  ],
  [
    '<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [a@1 iut="3"][b@2 c="\\]x"] An application event',
    { severity: 5, text: 'host evntslog: An application event' },
  ],
  ['<15>1 - - - - - - only words', { severity: 7, text: 'only words' }],
  ['<15>1 - - app - - [a@1] ', { severity: 7, text: 'app:' }],
  // RFC 3164 section 5.4.
  [
    "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
    { severity: 2, text: "mymachine su: 'su root' failed" },
  ],
  ['<0>Jan  1 00:00:07.250 sip[812]: started', { severity: 0, text: 'sip[812]: started' }],
  // What is neither.
  ['<134>SIP: REGISTER sent', { severity: 6, text: 'SIP: REGISTER sent' }],
  ['<192>no priority of any table', { severity: 5, text: '<192>no priority of any table' }],
  ['<9999>x', { severity: 5, text: '<9999>x' }],
  ['just words', { severity: 5, text: 'just words' }],
  ['<13>two\r\nlines\0\u001b[31m and a colour', { severity: 5, text: 'two lines [31m and a colour' }],
])('%s is read', (text, line) => {
  expect(read(text)).toEqual(line);
});

it.each(['', '<13>', '<13> \r\n\0', '<13>Jan  1 00:00:07 '])('in "%s" there is nothing to read', (text) => {
  expect(read(text)).toBeUndefined();
});

it('a long one is cut, and bytes that are no UTF-8 are shown as such', () => {
  expect(read(`<13>${'ä'.repeat(5000)}`)?.text).toBe('ä'.repeat(1000));
  expect(readSyslogLine(Buffer.from([0x61, 0xff, 0x62]))?.text).toBe('a\uFFFDb');
});

it('what we write ourselves is read, whatever is in it', () => {
  assert(
    property(string(), (name) => {
      const message = { facility: 13, severity: 1, at: 0, host: 'box', application: 'gatehouse', id: 'x' };
      const line = read(formatSyslog({ ...message, data: { name }, text: 'words' }));
      expect(line).toEqual({ severity: 1, text: 'box gatehouse: words' });
    }),
  );
});

const isGood = (bytes: Uint8Array) => {
  const { severity = 0, text = 'x' } = readSyslogLine(bytes) ?? {};
  return severity >= 0 && severity < 8 && /^[^\p{Cc}]{1,1000}$/u.test(text);
};

it('whatever comes, it is one short line or nothing', () => {
  const whole = Buffer.from('<165>1 2003-10-11T22:14:15.003Z h a - I [a@1 b="c"][d@2 e="\\]"] words');
  for (const bytes of mutations(whole, 2000, 514)) expect(isGood(bytes)).toBe(true);
  for (let end = 0; end <= whole.length; end += 1) expect(isGood(whole.subarray(0, end))).toBe(true);
  assert(property(uint8Array({ maxLength: 300 }), isGood));
});

it('is read in time that grows with its length', () => {
  for (const piece of ['[', '[a', '\\]', '] [', '<13>', '1 - ', '- '])
    expect(read(`<13>1 - - - - - ${piece.repeat(20_000)}`)?.text.length).toBeLessThanOrEqual(1000);
});
