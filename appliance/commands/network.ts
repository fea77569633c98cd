/** `gatehouse network show|write|apply|confirm`: the machine's own cards, by `[box]` of the settings. */
import { beginChange, confirmNetwork, writeAtBoot } from '../box/network.ts';
import { networkFiles } from '../box/network-files.ts';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { systemctl } from '../net/systemctl.ts';
import { networkPendingUntil } from '../store/network-pending.ts';
import { openWorld } from '../world.ts';
import { orderBox } from './order-box.ts';

export async function networkCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  const [what = 'show', ...more] = rest;
  if (more.length > 0 || !['show', 'write', 'apply', 'confirm'].includes(what)) {
    out('usage: gatehouse network show      the files for systemd-networkd, and whether a change waits');
    out('       gatehouse network apply     uses [box] of the settings; taken back unless confirmed');
    out('       gatehouse network confirm   the change is good');
    out(
      '       gatehouse network write     at boot, before systemd-networkd: what nobody confirmed is not used',
    );
    return 2;
  }
  const config = readConfig(configFile);
  const needs = { ...openWorld('warn'), config, configFile, signal: new AbortController().signal };
  if (what === 'write') {
    out(writeAtBoot(needs));
    return 0;
  }
  if (what === 'confirm')
    return await orderBox(needs, { kind: 'network.confirm', handler: confirmNetwork, out });
  if (what === 'apply') {
    const refused = await beginChange(needs);
    // Somebody else waits for the confirmation: this terminal may be cut off by the change.
    if (refused === undefined) await systemctl('--no-block', 'start', 'gatehouse-orders.service');
    out(refused?.words ?? `Changed. Within ${config.box.confirm_seconds} s: gatehouse network confirm`);
    return refused === undefined ? 0 : 1;
  }
  const files = networkFiles(config.box);
  const pendingUntil = networkPendingUntil(config);
  if (json) out(JSON.stringify({ files, pendingUntil: pendingUntil ?? null }));
  else {
    for (const { name, text } of files) out(`${name}:\n${text}`);
    if (files.length === 0)
      out('The settings name no cards ([[box.card]]): this machine keeps its own network settings.');
    if (pendingUntil !== undefined)
      out(
        `Not confirmed yet; taken back at ${new Date(pendingUntil).toISOString()}: gatehouse network confirm`,
      );
  }
  return 0;
}
