/** A change of the network that nobody has confirmed yet: a file of root's, which the page reads. While it is there, the change is not for good. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Trouble } from './site-status.ts';
import { makeDirectory } from './database.ts';
import { syncFolder } from './sync-folder.ts';

interface Site {
  readonly site: { readonly state_directory: string };
}

const fileOf = ({ site }: Site) => join(site.state_directory, 'box/network-pending');

/** Until when it can be confirmed, ms since 1970; undefined: nothing waits. */
export function networkPendingUntil(site: Site): number | undefined {
  try {
    return Number(readFileSync(fileOf(site), 'utf8')) || 0;
  } catch {
    return undefined;
  }
}

export function isNetworkPending(site: Site): boolean {
  return existsSync(fileOf(site));
}

/** On disk when it returns: a power cut from here on takes the change back. */
export function markNetworkPending(site: Site, until: number): void {
  const file = fileOf(site);
  makeDirectory(dirname(file));
  writeFileSync(file, String(until), { mode: 0o640, flush: true });
  syncFolder(dirname(file));
}

export function clearNetworkPending(site: Site): void {
  const file = fileOf(site);
  if (!existsSync(file)) return;
  rmSync(file);
  syncFolder(dirname(file));
}

export function troublesOfNetwork(site: Site): Trouble[] {
  const until = networkPendingUntil(site);
  if (until === undefined) return [];
  const time = new Date(until).toISOString().slice(11, 19);
  return [
    {
      severity: 'problem',
      text: `The network was changed, and is as before again after ${time} UTC: confirm it on the page of the box, or by \`gatehouse network confirm\`.`,
    },
  ];
}
