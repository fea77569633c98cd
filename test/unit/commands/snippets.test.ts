import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { snippets } from '../../../appliance/commands/snippet.ts';
import { dnsmasqSnippet } from '../../../appliance/commands/snippets/dnsmasq.ts';
import { iosSnippet } from '../../../appliance/commands/snippets/ios.ts';
import { iscSnippet } from '../../../appliance/commands/snippets/isc.ts';
import { keaSnippet } from '../../../appliance/commands/snippets/kea.ts';
import {
  snippetOf,
  type PhoneClass,
  type Snippet,
} from '../../../appliance/commands/snippets/phone-classes.ts';
import { windowsSnippet } from '../../../appliance/commands/snippets/windows.ts';
import { phoneOptions } from '../../../appliance/dhcp/phone-options.ts';
import { recognisePhone, vendors, vendorSigns } from '../../../appliance/phones/vendors.ts';
import { readDnsmasq, readIos, readIsc, readKea, type Told } from '../../support/dhcp-snippets.ts';
import { checkPowershell } from '../../support/powershell.ts';

const winter = Date.parse('2026-01-15T12:00:00Z');
const config = parseConfig(
  '[site]\naddress = "10.66.0.1"\ntime_zone = "America/New_York"\ntenant_id = "11111111-2222-3333-4444-555555555555"\n' +
    '[dhcp]\nntp_servers = ["10.66.0.3", "10.66.0.4"]\n',
);

const languages = [
  ['dnsmasq', dnsmasqSnippet, readDnsmasq],
  ['kea', keaSnippet, readKea],
  ['isc', iscSnippet, readIsc],
  ['ios', iosSnippet, readIos],
] as const;

function toldBy(classes: readonly PhoneClass[]): Told {
  return Object.fromEntries(
    classes.map(({ id, options }) => [
      id,
      Object.fromEntries(Array.from(options, ([code, bytes]) => [code, Buffer.from(bytes).toString('hex')])),
    ]),
  );
}

describe.each(languages)('the print for %s', (server, _print, read) => {
  it('tells each class of phones what our own server tells them, and nothing else', () => {
    const text = snippets[server]?.(config, winter).join('\n') ?? '';
    const expected = snippetOf(config, winter).classes.map((one) => ({
      ...one,
      options: phoneOptions(one, config, winter),
    }));
    expect(read(text)).toEqual(toldBy(expected));
  });

  it('says where it goes, how to test it, how to undo it, and when it stops being right', () => {
    const text = (snippets[server]?.(config, winter) ?? []).join('\n').replaceAll(/\n(?:#|\/\/|!) /g, ' ');
    for (const words of [
      'Where: ',
      'Test: run `gatehouse probe dhcp`',
      'Undo: ',
      'clocks change on 2026-03-08: it must be -14400 then',
    ])
      expect(text).toContain(words);
  });
});

describe('what other servers look for in option 60', () => {
  it.each(vendors)('is recognised by our own server as the same: %s', (vendor) => {
    const { classForms, enterprise, kinds } = vendorSigns(vendor);
    for (const { starts, ends = '', kind = kinds[0] } of classForms) {
      const vendorClass = Buffer.from(`${starts}7841${ends}`);
      expect([starts, recognisePhone({ vendorClass })]).toMatchObject([starts, { vendor, kind }]);
    }
    if (enterprise === undefined) return;
    const binary = Buffer.alloc(9);
    binary.writeUInt32BE(enterprise);
    expect(recognisePhone({ vendorClass: binary })?.vendor).toBe(vendor);
  });
});

/** Characters that end, escape or continue something in one of the languages. */
const nasty = fc.oneof(
  fc.constantFrom(
    '"',
    "'",
    '\\',
    '\n',
    '\r\n',
    '#',
    '//',
    '*/',
    ';',
    '}',
    ',',
    '$(x)',
    '`',
    '\u2019',
    '\u2028',
    '\0',
    '<?include "/x"?>',
    '?',
    '!',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const hostile = fc.array(nasty, { maxLength: 6 }).map((pieces) => pieces.join(''));

/** Site name from the settings, and options whose text nobody has checked. */
const hostileSnippet = fc
  .record({ name: hostile, url: hostile, vlan: hostile })
  .map(({ name, url, vlan }): Snippet => {
    const real = snippetOf({ ...config, site: { ...config.site, name } }, winter);
    const options = new Map([
      [66, Buffer.from(`x${url}`, 'latin1')],
      [132, Buffer.from(`y${vlan}`, 'latin1')],
    ]);
    return { ...real, classes: real.classes.slice(0, 2).map((one) => ({ ...one, options })) };
  });

it.each(languages)('no text breaks out of its place: %s', (_server, print, read) => {
  fc.assert(
    fc.property(hostileSnippet, (snippet) => {
      expect(read(print(snippet).join('\n'))).toEqual(toldBy(snippet.classes));
    }),
  );
});

it('no text breaks out of its place: windows', () => {
  const harmless = checkPowershell(snippets['windows']?.(config, winter).join('\n') ?? '').commands;
  fc.assert(
    fc.property(hostileSnippet, (snippet) => {
      const script = windowsSnippet({ noam: snippet, emea: snippet, apac: snippet }, 'emea').join('\n');
      expect(checkPowershell(script).commands).toEqual(harmless);
    }),
    { numRuns: 30 },
  );
});
