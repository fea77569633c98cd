/** `gatehouse firewall`: prints the nftables rules that the settings need. */
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { firewallRules } from './firewall-rules.ts';

export async function firewallCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  if (rest.length > 0) {
    out('usage: gatehouse firewall [--config FILE]');
    return 2;
  }
  const rules = firewallRules(readConfig(configFile));
  out(json ? JSON.stringify({ rules }) : rules.trimEnd());
  return 0;
}
