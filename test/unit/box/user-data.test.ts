import { array, assert, constantFrom, property } from 'fast-check';
import { expect, it } from 'vitest';
import { settingsIn } from '../../../appliance/box/user-data.ts';
import { mutations } from '../../support/hostile-bytes.ts';

const toml = '[site]\naddress = "10.20.0.1"\n\n[dhcp]\nmode = "off"\n';
const indented = (by: number) =>
  toml
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `${' '.repeat(by)}${line}`))
    .join('\n');
const cloudConfig = (body: string) => `#cloud-config\n${body}`;

const good: [string, string][] = [
  ['our settings as they are', toml],
  [
    'a file as a block',
    cloudConfig(`write_files:\n  - path: /etc/gatehouse/gatehouse.toml\n    content: |\n${indented(6)}\n`),
  ],
  [
    'a list that is not indented, with owner and rights, which are ours to choose',
    cloudConfig(
      `# by the hypervisor\nwrite_files:\n- path: "/etc/gatehouse/gatehouse.toml"\n  owner: root:root\n  permissions: '0600'\n  content: |-\n${indented(4)}\n`,
    ),
  ],
  [
    'content before its path',
    cloudConfig(`write_files:\n  - content: |\n${indented(6)}\n    path: /etc/gatehouse/gatehouse.toml\n`),
  ],
  [
    'base64',
    cloudConfig(
      `write_files:\n  - encoding: b64\n    path: /etc/gatehouse/gatehouse.toml\n    content: ${Buffer.from(toml).toString('base64')}\n`,
    ),
  ],
  [
    'lines as Windows ends them',
    cloudConfig(
      `write_files:\n  - path: /etc/gatehouse/gatehouse.toml\n    content: |\n${indented(6)}\n`,
    ).replaceAll('\n', '\r\n'),
  ],
];

it.each(good)('%s is read', (_title, text) => {
  expect(settingsIn(text)).toEqual({ toml });
});

const refused: [string, string, RegExp][] = [
  ['nothing of ours', '#!/bin/sh\nreboot\n', /neither our settings/],
  ['a command', cloudConfig('runcmd:\n  - reboot\n'), /line 2: only write_files/],
  ['a user', cloudConfig('users:\n  - default\n'), /line 2/],
  [
    'another file',
    cloudConfig('write_files:\n  - path: /etc/shadow\n    content: x\n'),
    /only \/etc\/gatehouse\/gatehouse\.toml is written/,
  ],
  [
    'a path that climbs',
    cloudConfig('write_files:\n  - path: /etc/gatehouse/../shadow\n    content: x\n'),
    /only \/etc\/gatehouse/,
  ],
  [
    'a second file',
    cloudConfig(
      `write_files:\n  - path: /etc/gatehouse/gatehouse.toml\n    content: x\n  - path: /etc/gatehouse/gatehouse.toml\n    content: y\n`,
    ),
    /line 5: only one file/,
  ],
  [
    'something after it',
    cloudConfig(`write_files:\n  - path: /etc/gatehouse/gatehouse.toml\n    content: x\npackages:\n  - x\n`),
    /line 5/,
  ],
  [
    'a folded block',
    cloudConfig('write_files:\n  - path: gatehouse.toml\n    content: >\n      x\n'),
    /line 4: content/,
  ],
  [
    'gzip',
    cloudConfig('write_files:\n  - path: gatehouse.toml\n    encoding: gz+b64\n    content: x\n'),
    /text or base64/,
  ],
  ['YAML of another shape', cloudConfig('write_files: [{path: x, content: y}]\n'), /line 2/],
  ['a path alone', cloudConfig('write_files:\n  - path: gatehouse.toml\n'), /no content/],
  ['a bomb of aliases', cloudConfig(`a: &a [x,x]\nb: &b [*a,*a]\nwrite_files: *b\n`), /line 2/],
  ['a merged table', cloudConfig('write_files:\n  - <<: *a\n    path: gatehouse.toml\n'), /line 3/],
  ['a tag', cloudConfig('write_files: !!python/object/apply:os.system [reboot]\n'), /line 2/],
  ['a second document', cloudConfig('---\nwrite_files:\n'), /line 2/],
  ['an alias', cloudConfig('write_files:\n  - &a {path: x}\n'), /line 3/],
];

it.each(refused)('%s is refused with its line', (_title, text, words) => {
  const { refused: why } = settingsIn(text) as { refused: string };
  expect(why).toMatch(words);
});

it('as much of nothing as a volume may bring is refused at once', () => {
  expect(settingsIn('\n'.repeat(256 * 1024))).toEqual({
    refused: 'user-data is neither our settings (with a table [site]) nor #cloud-config',
  });
});

const lines = constantFrom(
  'write_files:',
  '  - path: /etc/gatehouse/gatehouse.toml',
  '    path: /etc/shadow',
  '    content: |',
  '    content: *a',
  '      [site]',
  '      address = "10.20.0.1"',
  '    encoding: b64',
  '  - content: &a W3NpdGVd',
  '  <<: *a',
  '\tpath: x',
  '? x',
  '- - -',
  '...',
  '---',
  '{}',
  '',
  '    "content": x',
);

/** What of it stands nowhere in the text; encoded content is let be. */
function invented(text: string): string[] {
  const found = settingsIn(text);
  if ('refused' in found) return found.refused.startsWith('user-data, ') ? [] : [found.refused];
  return text.includes('b64') ? [] : found.toml.split('\n').filter((line) => !text.includes(line));
}

it('of whatever lines, nothing but what stands in them becomes settings, and all else is refused', () => {
  assert(
    property(array(lines, { maxLength: 12 }), (body) => {
      expect(invented(cloudConfig(body.join('\n')))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

it('a file of cloud-init that was cut or changed is settings or refused', () => {
  const [, whole = ''] = good[1] ?? [];
  for (const bytes of mutations(Buffer.from(whole), 500, 7))
    expect(settingsIn(bytes.toString('utf8'))).toSatisfy(
      (found: object) => 'toml' in found || 'refused' in found,
    );
});
