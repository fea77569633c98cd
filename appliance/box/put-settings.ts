/** Settings into their file, and into use. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { hasUnit, systemctl } from '../net/systemctl.ts';
import { syncFolder } from '../store/sync-folder.ts';
import type { OrderEnd } from './orders.ts';

/** Complete before its name appears. The one before stays as `gatehouse.toml.before`. */
export function putSettings(file: string, toml: string): void {
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, toml, { mode: 0o600, flag: 'wx', flush: true });
  // For the parts, which are in the folder's group, and nobody else.
  const { gid } = statSync(dirname(file));
  if (process.getuid?.() === 0) chownSync(fresh, 0, gid);
  chmodSync(fresh, 0o640);
  if (existsSync(file)) copyFileSync(file, `${file}.before`);
  renameSync(fresh, file);
  syncFolder(dirname(file));
}

/** Parts read their settings when they start. Ends before they are stopped: the page is one of them. */
export async function applySettings(): Promise<OrderEnd> {
  if (!hasUnit('gatehouse-units.service'))
    return {
      state: 'done',
      words:
        'The settings are written. On this machine: gatehouse units && systemctl daemon-reload && systemctl restart gatehouse.target',
    };
  // To its end: sockets must be those of the new settings before anything is restarted.
  await systemctl('restart', 'gatehouse-units.service');
  await systemctl('--no-block', 'reload-or-restart', 'gatehouse-firewall.service');
  await systemctl('--no-block', 'restart', 'gatehouse.target');
  return { state: 'done', words: 'The settings are written, and the box takes them up now.' };
}
