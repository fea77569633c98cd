/** What the settings want no more on cards: systemd-networkd leaves it there. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { readCards } from './cards.ts';

/** A sub-interface. Nothing happens when there is none. Rejects with what `ip` says. */
export async function deleteLink(name: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${name}`)) return;
  await ip('link', 'delete', 'dev', name, 'type', 'vlan');
}

/** All IPv4 addresses of a card, and the routes that go with them. By name, or by MAC. */
export async function emptyCard(card: string): Promise<void> {
  const found = readCards().find(({ name, mac }) => name === card || (mac === card && !name.includes('.')));
  if (found !== undefined) await ip('-4', 'addr', 'flush', 'dev', found.name, 'scope', 'global');
}

async function ip(...words: readonly string[]): Promise<void> {
  await promisify(execFile)('ip', words, { timeout: 10_000 });
}
