/** `gatehouse restore <file>`: makes this machine the box that the backup was taken of. */
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { namedFiles, parseConfig } from '../config.ts';
import { wantedParts } from '../config/parts.ts';
import type { CommandCall } from '../main.ts';
import { putBack } from '../store/backup/put-back.ts';
import { BackupError, unseal } from '../store/backup/sealed-file.ts';
import { readParts } from '../store/site-status.ts';
import { systemClock } from '../world.ts';
import { readPassphrase } from './passphrase.ts';

export async function restoreCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  const [path, ...more] = rest;
  if (path === undefined || more.length > 0) {
    out('usage: gatehouse restore <file>     asks for its passphrase, or reads it from standard input');
    return 2;
  }
  const now = systemClock.now();
  const readSettings = (toml: string) => {
    const config = parseConfig(toml, 'the settings in the backup');
    const { state_directory: stateDirectory } = config.site;
    const running = readParts(stateDirectory, wantedParts(config), now).filter(({ isRunning }) => isRunning);
    if (running.length > 0)
      throw new BackupError(
        `${running.map(({ name }) => name).join(', ')} ran a moment ago: stop the box (systemctl stop gatehouse.target), wait a few seconds, and try again`,
      );
    return {
      stateDirectory: resolve(stateDirectory),
      named: namedFiles(config).map((name) => resolve(name)),
    };
  };
  const handle = openSync(path, 'r');
  try {
    const passphrase = await readPassphrase('passphrase of the backup: ');
    const { kept, stateDirectory } = putBack(unseal(handle, passphrase), {
      settingsFile: resolve(configFile),
      readSettings,
      now,
    });
    if (json) out(JSON.stringify({ stateDirectory, kept }));
    else {
      out(`restored to ${stateDirectory}; the settings are in ${resolve(configFile)}`);
      for (const former of kept) out(`what was there before is in ${former}; remove it when all is well`);
      out('now: gatehouse config check, gatehouse units, and systemctl restart gatehouse.target');
    }
    return 0;
  } finally {
    closeSync(handle);
  }
}
