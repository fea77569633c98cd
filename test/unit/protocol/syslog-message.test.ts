import { assert, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { formatSyslog } from '../../../appliance/protocol/syslog-message.ts';

const base = {
  facility: 13,
  severity: 1,
  at: Date.UTC(2026, 10, 26, 9, 30),
  host: 'box',
  application: 'gatehouse',
  id: 'emergency',
  data: {},
  text: 'EMERGENCY 112',
};

it.each([
  [
    'the header of RFC 5424 and a sentence in UTF-8',
    base,
    '<105>1 2026-11-26T09:30:00.000Z box gatehouse - emergency [gatehouse@32473] \uFEFFEMERGENCY 112',
  ],
  [
    'values in which quotes, backslashes and brackets are escaped',
    { ...base, data: { name: 'a"b\\c]d' } },
    '<105>1 2026-11-26T09:30:00.000Z box gatehouse - emergency [gatehouse@32473 name="a\\"b\\\\c\\]d"] \uFEFFEMERGENCY 112',
  ],
  [
    'a hyphen for a name that has nothing printable',
    { ...base, host: ' \u00fc', text: ' two\r\nlines ' },
    '<105>1 2026-11-26T09:30:00.000Z - gatehouse - emergency [gatehouse@32473] \uFEFFtwo lines',
  ],
])('%s', (_title, message, line) => {
  expect(formatSyslog(message)).toBe(line);
});

it('whatever somebody calls himself, it stays one line and one element', () => {
  assert(
    property(string({ unit: 'binary' }), string({ unit: 'binary' }), (name, text) => {
      const line = formatSyslog({ ...base, host: name, data: { name }, text });
      expect(line).not.toMatch(/[\r\n\0]/);
      expect(line).toMatch(
        /^<105>1 \S+ \S+ gatehouse - emergency \[gatehouse@32473 name="(?:[^"\\\]]|\\["\\\]])*"\] /,
      );
    }),
  );
});
