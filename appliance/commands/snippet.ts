/** `gatehouse snippet dnsmasq|kea|isc|windows|ios`: configuration for a DHCP server that stays the customer's own. */
import { readConfig, type Config } from '../config.ts';
import type { CommandCall } from '../main.ts';
import type { Region } from '../phones/url.ts';
import { dnsmasqSnippet } from './snippets/dnsmasq.ts';
import { iosSnippet } from './snippets/ios.ts';
import { iscSnippet } from './snippets/isc.ts';
import { keaSnippet } from './snippets/kea.ts';
import { snippetOf } from './snippets/phone-classes.ts';
import { windowsSnippet, windowsUndoSnippet } from './snippets/windows.ts';

/** By the words of the command. Each throws where the settings can't be expressed. */
export const snippets: Readonly<Record<string, (config: Config, now: number) => string[]>> = {
  dnsmasq: (config, now) => dnsmasqSnippet(snippetOf(config, now)),
  kea: (config, now) => keaSnippet(snippetOf(config, now)),
  isc: (config, now) => iscSnippet(snippetOf(config, now)),
  windows: (config, now) => {
    const inRegion = (region: Region) => snippetOf({ ...config, site: { ...config.site, region } }, now);
    const all = { noam: inRegion('noam'), emea: inRegion('emea'), apac: inRegion('apac') };
    return windowsSnippet(all, config.site.region);
  },
  'windows --undo': (config, now) => windowsUndoSnippet(snippetOf(config, now)),
  ios: (config, now) => iosSnippet(snippetOf(config, now)),
};

export async function snippetCommand({ configFile, json, undo, rest, out }: CommandCall): Promise<number> {
  const make = snippets[[...rest, ...(undo === true ? ['--undo'] : [])].join(' ')];
  if (make === undefined) {
    out('usage: gatehouse snippet dnsmasq|kea|isc|windows|ios [--config FILE]');
    out('       gatehouse snippet windows --undo');
    return 2;
  }
  const text = make(readConfig(configFile), Date.now()).join('\n');
  out(json ? JSON.stringify({ server: rest[0], text }) : text);
  return 0;
}
