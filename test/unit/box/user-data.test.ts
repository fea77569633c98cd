import { expect, it } from 'vitest';
import { settingsIn } from '../../../appliance/box/user-data.ts';

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
