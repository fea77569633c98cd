/**
 * `gatehouse prepare <folder> [boot]`: what a machine needs of its settings before any part runs, in one start of the program: files for
 * systemd-networkd (`FOLDER/network`), units (`FOLDER/units`), rules of the packet filter (`FOLDER/rules`) and the time servers, where they
 * name any (`FOLDER/time`). `boot`: settings whose
 * network nobody confirmed before the machine went down are put back first.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settleAtBoot, writeNetworkFiles } from '../box/network.ts';
import { timeSources } from '../box/time-sources.ts';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { firewallRules } from './firewall-rules.ts';
import { writeUnits } from './units.ts';

export async function prepareCommand({ configFile, rest, out }: CommandCall): Promise<number> {
  const [folder, boot, ...more] = rest;
  if (folder === undefined || (boot ?? 'boot') !== 'boot' || more.length > 0) {
    out('usage: gatehouse prepare <folder> [boot]');
    return 2;
  }
  const found = readConfig(configFile);
  const { config, words } =
    boot === undefined ? { config: found, words: '' } : settleAtBoot({ config: found, configFile });
  const files = writeNetworkFiles(config, join(folder, 'network'));
  const { written } = writeUnits(join(folder, 'units'), config);
  out(`${words}${files} files for systemd-networkd, ${written.length} units`);
  writeFileSync(join(folder, 'rules'), firewallRules(config));
  writeFileSync(join(folder, 'time'), timeSources(config));
  return 0;
}
