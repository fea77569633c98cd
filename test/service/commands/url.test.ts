/** `gatehouse url` as a person runs it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { urlCommand, type UrlSheet } from '../../../appliance/commands/url.ts';
import { vendors } from '../../../appliance/phones/vendors.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const tenant = '0a1b2c3d-1111-2222-3333-444455556666';

async function print(rest: readonly string[], settings = '', json = false) {
  const configFile = join(temporaryDirectory(), 'gatehouse.toml');
  writeFileSync(configFile, `[site]\naddress = "10.66.0.1"\nregion = "noam"\n${settings}`);
  const lines: string[] = [];
  const code = await urlCommand({ configFile, json, rest, out: (line) => lines.push(line) });
  return { code, text: lines.join('\n') };
}

const sheet = async (vendor: string, settings = '') =>
  JSON.parse((await print([vendor], settings, true)).text) as UrlSheet;

it('prints URL, option, form and the steps for people at home (G-23)', async () => {
  const { code, text } = await print(['cisco']);
  expect(code).toBe(0);
  expect(text).toMatch(
    /^Cisco phones\n {2}URL +http:\/\/noam\.ipp\.sdg\.teams\.microsoft\.com\/\$PSN\.xml$/m,
  );
  expect(text).toMatch(/^Cisco analog adapters\n {2}URL .*microsoft\.com\/mac\.cfg$/m);
  expect(text).toContain('In DHCP: option 160, as the whole URL');
  expect(text).toMatch(
    /1\. .*factory settings[^]*2\. .*IP address[^]*3\. .*browser[^]*log in[^]*4\. .*Advanced settings/,
  );
});

it('has every variant of tenant and language, the one to use first', async () => {
  const { kinds, notes, dhcp } = await sheet('cisco', `language = "ja"\ntenant_id = "${tenant}"\n`);
  const base = 'http://noam.ipp.sdg.teams.microsoft.com';
  expect(kinds[0]).toEqual({
    kind: 'phone',
    url: `${base}/tenantid/${tenant}/lang_ja/$PSN.xml`,
    plain: `${base}/$PSN.xml`,
    withTenant: `${base}/tenantid/${tenant}/$PSN.xml`,
    withLanguage: `${base}/lang_ja/$PSN.xml`,
    onSite: `http://10.66.0.1/tenantid/${tenant}/lang_ja/$PSN.xml`,
  });
  expect(notes.map(({ text }) => text)).toEqual([expect.stringMatching(/^Small screens/)]);
  expect(dhcp).toEqual({ options: [160], form: 'url' });
});

it('says where a language falls short, in words too (G-26)', async () => {
  const { text } = await print(['yealink'], 'language = "ja"\n');
  expect(text).toContain('Note: Japanese does not work on Yealink phones: they show English.');
});

it('names the sub-option of ALE, what the settings say instead, and when no option is known', async () => {
  expect((await print(['ale'])).text).toContain('option 66 and option 43, sub-option 66, as the whole URL');
  const own = '[[dhcp.vendor]]\nvendor = "ale"\noptions = [66]\nform = "host"\n';
  expect((await print(['ALE'], own)).text).toContain('option 66, as the host name alone');
  expect((await print(['ascom'])).text).toContain('no option is known');
});

it('leaves the box out where it sends phones to the cloud', async () => {
  expect((await sheet('yealink', 'posture = "assist"\n')).kinds[0]).not.toHaveProperty('onSite');
});

it('answers for every vendor', async () => {
  for (const vendor of vendors) {
    const { kinds, steps } = await sheet(vendor);
    expect(kinds.every(({ url }) => url.startsWith('http://noam.'))).toBe(true);
    expect(kinds.length).toBeGreaterThan(0);
    expect(steps.length).toBeGreaterThan(3);
  }
});

it.each([[[]], [['polycom']], [['poly', 'vvx']]])(
  'names the vendors when asked for %j, exit code 2',
  async (words) => {
    const { code, text } = await print(words);
    expect(code).toBe(2);
    expect(text).toContain('yealink|poly|cisco|audiocodes|ale');
  },
);
