import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import type { LinkPolicy } from '../../../appliance/provisioning/links.ts';
import { rewriteBody, type RewriteRules } from '../../../appliance/provisioning/rewrite.ts';
import { readSettings, type Format } from '../../../appliance/provisioning/settings.ts';

const dm = 'usea.dm.sdg.teams.microsoft.com';
const links: LinkPolicy = {
  hosts: { region: 'emea.ipp.sdg.teams.microsoft.com', first: new Set(), later: new Set([dm]) },
  box: 'https://10.0.0.1',
  from: { use: 'later', host: dm },
};

const unreadable: readonly [string, Format, string][] = [
  ['a document type', 'elements', '<!DOCTYPE x [<!ENTITY p "q">]><x/>'],
  ['CDATA', 'elements', '<f><Profile_Rule><![CDATA[https://evil.example/]]></Profile_Rule></f>'],
  ['an element that is not closed', 'elements', '<f><a>1</a>'],
  ['elements closed crosswise', 'elements', '<f><a></f></a>'],
  ['an attribute without quotes', 'attributes', '<a device.prov.serverName=x/>'],
  ['UTF-16', 'attributes', '<\0a\0/\0>\0'],
  ['UTF-7', 'elements', '<?xml version="1.0" encoding="UTF-7"?><f/>'],
  ['endless nesting', 'elements', '<a>'.repeat(5000)],
  ['more settings than any phone has', 'yealink', 'a=1\n'.repeat(10_000)],
  ['text around a comment', 'elements', '<f><Profile_Rule>http:<!-- -->//evil.example/</Profile_Rule></f>'],
  ['text around an instruction', 'elements', '<f><Profile_Rule>http:<?x?>//evil.example/</Profile_Rule></f>'],
  ['text beside an element', 'elements', '<f><Profile_Rule>http://evil.example/<x/></Profile_Rule></f>'],
  ['no element at all', 'elements', 'Salted__\u0001\u0002'],
];

test.each(unreadable)('%s is refused: what the phone would see is not known', (_, format, body) => {
  expect(() => readSettings(format, body)).toThrow(DecodeError);
});

test.each<[Format, string]>([
  ['yealink', 'label = Voilà'],
  ['elements', '<f><a>Voilà</a></f>'],
  ['elements', '<f><a>Voil&#224;</a></f>'],
])('%s: %s: a character whose last byte is a blank elsewhere stays whole', (format, body) => {
  const values = readSettings(format, Buffer.from(body).toString('latin1')).map(({ value }) =>
    Buffer.from(value, 'latin1').toString(),
  );
  expect(values).toEqual(['Voilà']);
});

/** Each took minutes at the size that an answer may have, and held up everything else in the process: no test may last so long. */
const slow: readonly [string, Format, string][] = [
  ['an include with a million blanks', 'yealink', `include:config a${' '.repeat(1_000_000)}x\n`],
  [
    'an address with a million letters after it',
    'yealink',
    `include:config http://a/ ${'a'.repeat(1_000_000)}\n`,
  ],
  ['a host of a million labels', 'elements', `<f><Profile_Rule>${'a.'.repeat(500_000)}!</Profile_Rule></f>`],
  ['thousands of dropped settings', 'yealink', 'dangerous = 1\n'.repeat(8000)],
];

test.each(slow)('%s costs no time', (_, format, body) => {
  const rules: RewriteRules = {
    format,
    isProvisioningUrl: (key) => key !== 'dangerous',
    danger: (key) => (key === 'dangerous' ? 'a test' : undefined),
    links,
    overlays: [],
  };
  expect(rewriteBody(body, rules).dropped.length).toBeGreaterThan(0);
});

/** A body may be refused with a DecodeError; nothing else may be thrown. */
function unlessRefused(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

describe('whatever comes from above', () => {
  const pieces = [
    '<a',
    ' x="1"',
    '/>',
    '>',
    '</a>',
    '<!--',
    '-->',
    'a.b = ',
    'include:config ',
    'https://',
    dm,
    '\r\n',
    '\n',
    '&amp;',
    '<?',
    '?>',
    "'",
    '"',
    '=',
    ' ',
    'ÿ',
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 })), { maxLength: 60 })
    .map((parts) => Buffer.from(parts.join('')).toString('latin1'));
  const formats: readonly Format[] = ['yealink', 'audiocodes', 'attributes', 'elements', 'id-value'];

  test.each(formats)('%s: a body is read or refused, and without rules it stays byte for byte', (format) => {
    fc.assert(
      fc.property(text, (body) => {
        unlessRefused(() => {
          const result = rewriteBody(body, {
            format,
            isProvisioningUrl: () => false,
            danger: () => undefined,
            links,
            overlays: [],
          });
          expect(result.body).toBe(body);
        });
      }),
      { numRuns: 1000 },
    );
  });

  test.each(formats)('%s: no host outside the list is left in a provisioning URL', (format) => {
    fc.assert(
      fc.property(text, (body) => {
        unlessRefused(() => {
          const everything: RewriteRules = {
            format,
            isProvisioningUrl: () => true,
            danger: () => undefined,
            links,
            overlays: [],
          };
          const result = rewriteBody(body, everything);
          for (const { value } of readSettings(format, result.body)) {
            for (const [, host] of value.matchAll(/https?:\/\/([^/\s"'<>,;[\]?#]*)/gi))
              expect(host).toBe('10.0.0.1');
          }
        });
      }),
      { numRuns: 1000 },
    );
  });

  test.each(formats)('%s: every setting found stands where it is said to stand', (format) => {
    fc.assert(
      fc.property(text, (body) => {
        unlessRefused(() => {
          for (const setting of readSettings(format, body)) {
            expect(setting.start).toBeLessThanOrEqual(setting.valueStart);
            expect(setting.valueEnd).toBeLessThanOrEqual(setting.end);
            expect(setting.end).toBeLessThanOrEqual(body.length);
          }
        });
      }),
    );
  });
});
