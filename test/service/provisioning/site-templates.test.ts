/** Templates that people on site wrote: what they change, and that a bad one breaks nothing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readSiteTemplates, siteTemplateProblems } from '../../../appliance/provisioning/site-templates.ts';
import { readVendorFiles } from '../../../appliance/provisioning/vendor-files.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { sendFixture } from '../../support/phone-http.ts';
import { bootPhone } from '../../support/phone-provisioning.ts';
import { startSite, type ProvisioningSite } from '../../support/provisioning.ts';

const mac = '00:15:65:aa:bb:01';

function templates(files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

/** What a phone has in the end. */
async function configurationAt(site: ProvisioningSite): Promise<string> {
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
  const answer = await sendFixture({ fixture: 'yealink-4-mac', url: phone.url, mac, ca: phone.trusted });
  expect(answer.status).toBe(200);
  return answer.body.toString();
}

const withTemplates = (directory: string) => startSite({ toml: `templates_directory = "${directory}"` });

test("a site's own settings are laid over the cloud's, filled in for the phone", async () => {
  await using site = await withTemplates(
    templates({
      'yealink/site.cfg.liquid':
        'phone_setting.lock = 1\nlang.gui = German\n{% if model contains "T46" %}features.x = {{ mac }}\n{% endif %}',
    }),
  );
  const text = await configurationAt(site);
  expect(text).toMatch(/^phone_setting\.lock = 1$/m);
  expect(text).toMatch(/^lang\.gui = German$/m);
  expect(text).not.toMatch(/lang\.gui = English/);
  expect(text).toMatch(new RegExp(`^features\\.x = ${mac}$`, 'm'));
  expect(site.part.health()).toEqual({ state: 'ok' });
});

test('letters of all languages reach phones as they stand in the template', async () => {
  const directory = templates({ 'yealink/site.cfg.liquid': 'lcd_logo.text = Łódź Büro Ċ\n' });
  await using site = await withTemplates(directory);
  expect(await configurationAt(site)).toMatch(/^lcd_logo\.text = Łódź Büro Ċ$/m);
});

test('a file in the place of a folder stops nothing but itself', async () => {
  const directory = templates({ yealink: 'no folder', 'poly/site.xml.liquid': '<a b="1"/>' });
  await using site = await withTemplates(directory);
  expect(await configurationAt(site)).toContain('account.1.outbound_proxy.1.address = 127.0.0.1');
  expect(siteTemplateProblems(directory)).toEqual([`${join(directory, 'yealink')} is no folder`]);
});

test('a broken template of the site is told and counted, and phones get theirs without it', async () => {
  await using site = await withTemplates(
    templates({ 'yealink/outbound-proxy.cfg.liquid': 'account.1.outbound_proxy_enable = 1\n{% if %}\n' }),
  );
  expect(await configurationAt(site)).toContain('account.1.outbound_proxy.1.address = 127.0.0.1');
  expect(site.part.health()).toMatchObject({
    state: 'degraded',
    reason: expect.stringMatching(/outbound-proxy\.cfg\.liquid line 2: /) as string,
  });
  expect(site.part.counters()).toMatchObject({ templates_refused: 1 });
  expect(site.journal().map(({ kind }) => kind)).toContain('template_refused');
});

test('a template that fails for one phone only is left out for that phone, and told', async () => {
  await using site = await withTemplates(
    templates({
      'yealink/site.cfg.liquid': 'a.b = 1\n{% if model contains "T46" %}c.d = {{ nowhere }}\n{% endif %}',
    }),
  );
  const text = await configurationAt(site);
  expect(text).not.toMatch(/a\.b|c\.d/);
  expect(text).toContain('account.1.outbound_proxy.1.address = 127.0.0.1');
  expect(site.journal().map(({ kind }) => kind)).toContain('template_refused');
});

test('a template that gets worse keeps the text that was good', () => {
  const shipped = readVendorFiles();
  const directory = templates({ 'yealink/site.cfg.liquid': 'a.b = 1\n' });
  const good = readSiteTemplates(shipped, directory);
  writeFileSync(join(directory, 'yealink/site.cfg.liquid'), 'a.b = {{');
  const after = readSiteTemplates(shipped, directory, good.vendors);
  expect(after.problems).toHaveLength(1);
  expect(after.vendors.get('yealink')?.site.get('site.cfg.liquid')).toBe('a.b = 1\n');
});

test.each<[string, string, string, RegExp]>([
  [
    'Liquid that does not parse',
    'yealink/site.cfg.liquid',
    'a = 1\nb = {{ address\n',
    /line 2: .*not closed/,
  ],
  [
    'a value that there is not',
    'yealink/site.cfg.liquid',
    'a = 1\n\nb = {{ nothing }}\n',
    /line 3: undefined variable: nothing/,
  ],
  [
    'a filter that there is not',
    'yealink/site.cfg.liquid',
    'b = {{ address | twice }}\n',
    /line 1: undefined filter: twice/,
  ],
  [
    'XML that does not end',
    'poly/site.xml.liquid',
    '  <a b.c="1">\n',
    /could not read what comes out: .*not closed/,
  ],
  ['a key twice', 'poly/site.xml.liquid', '  <a b.c="1"/><d b.c="2"/>\n', /sets b\.c twice/],
  [
    'a provisioning URL',
    'yealink/site.cfg.liquid',
    'static.auto_provision.server.url = http://x/\n',
    /where phones ask is the box's business/,
  ],
  [
    'a key of ours that is missing',
    'yealink/outbound-proxy.cfg.liquid',
    'account.1.outbound_proxy_enable = 1\n',
    /does not set account\.1\.outbound_proxy\.1\.address/,
  ],
  ['a name that is not ours', 'yealink/proxy.cfg', 'a = 1\n', /is none of .*outbound-proxy\.cfg\.liquid/],
  [
    'a vendor that can not be led',
    'ale/site.xml.liquid',
    '<setting id="a" value="1"/>\n',
    /can't be led through the box/,
  ],
  ['a folder of no vendor', 'yaelink/site.cfg.liquid', 'a = 1\n', /is no vendor's folder/],
  ['a loop without an end', 'yealink/site.cfg.liquid', '{% for i in (1..100000000) %}x{% endfor %}', /limit/],
  ['too much', 'yealink/site.cfg.liquid', `# ${'x'.repeat(70_000)}\n`, /at most 65536/],
])('config check finds %s, with its file', (...row) => {
  const [, name, text, expected] = row;
  const [problem = '', ...more] = siteTemplateProblems(templates({ [name]: text }));
  expect(more).toEqual([]);
  expect(problem).toMatch(expected);
  expect(problem).toContain(name.split('/')[0]);
});

test('what editors leave behind, and a folder that is not there, are no problem', () => {
  const files = {
    'yealink/.site.cfg.liquid.swp': '\0',
    'yealink/site.cfg.liquid~': '{{',
    'README.md': 'ours',
  };
  expect(siteTemplateProblems(templates(files))).toEqual([]);
  expect(siteTemplateProblems(join(temporaryDirectory(), 'nowhere'))).toEqual([]);
});
