/** Sub-interfaces that the settings made and want no more: systemd-networkd leaves them, with their addresses. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

/** Nothing happens when there is none. Rejects with what `ip` says. */
export async function deleteLink(name: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${name}`)) return;
  await promisify(execFile)('ip', ['link', 'delete', 'dev', name, 'type', 'vlan'], { timeout: 10_000 });
}
