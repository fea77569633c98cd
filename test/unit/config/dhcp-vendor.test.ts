import { expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../../appliance/config.ts';

const own = (rest: string) => `[[dhcp.vendor]]\nvendor = "snom"\n${rest}`;

function problemsOf(source: string, site = ''): readonly string[] {
  try {
    parseConfig(`[site]\naddress = "10.20.0.1"\n${site}${source}`);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

it.each<[string, string, string, string]>([
  [
    'a vendor that nobody knows',
    '[[dhcp.vendor]]\nvendor = "acme"\n',
    '',
    'dhcp.vendor[0].vendor = "acme": must be "yealink" or "poly"',
  ],
  [
    'an option that no phone takes a URL from',
    own('options = [66, 67]\n'),
    '',
    'dhcp.vendor[0].options[1] = 67: must be 43 or 66 or 114 or 159 or 160',
  ],
  [
    'a form that there is not',
    own('form = "tftp"\n'),
    '',
    'form = "tftp": must be "url" or "host" or "address"',
  ],
  ['a vendor named twice', own('') + own(''), '', 'stands in another [[dhcp.vendor]] too'],
  [
    'an address where only the cloud could be meant',
    own('form = "address"\n'),
    'posture = "assist"\n',
    'can only name the box',
  ],
  [
    'a host alone where the port is another',
    `${own('form = "host"\n')}[provisioning]\nhttp_port = 8081\n`,
    '',
    'has no room for provisioning.http_port = 8081',
  ],
  [
    'a VLAN that there is not',
    '[dhcp]\nvoice_vlan = 4095\n',
    '',
    'dhcp.voice_vlan = 4095: must be a whole number from 1 to 4094',
  ],
])('refuses %s', (...[, source, site, problem]) => {
  expect(problemsOf(source, site)).toEqual([expect.stringContaining(problem)]);
});

it('takes the forms that can be meant', () => {
  expect(problemsOf(own('form = "host"\noptions = []\n'), 'posture = "assist"\n')).toEqual([]);
  expect(problemsOf(own('form = "address"\noptions = [43, 66]\n'))).toEqual([]);
});
