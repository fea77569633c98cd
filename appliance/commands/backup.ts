/** `gatehouse backup <file>`: settings, leases, accounts, places and the site's authority in one sealed file. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { namedFiles, readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { takeBackup } from '../store/backup/take.ts';
import { fewestCharacters, readPassphrase } from './passphrase.ts';
import { requireReadable } from './state-directory.ts';

export async function backupCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  const [path, ...more] = rest;
  if (path === undefined || more.length > 0) {
    out('usage: gatehouse backup <file>      asks for a passphrase, or reads it from standard input');
    return 2;
  }
  const config = readConfig(configFile);
  const { state_directory: stateDirectory } = config.site;
  requireReadable(stateDirectory);
  const passphrase = await readPassphrase('passphrase of the backup: ');
  if (passphrase.length < fewestCharacters) {
    out(
      `a passphrase has at least ${fewestCharacters} characters: whoever finds it opens every account in the file`,
    );
    return 2;
  }
  const file = resolve(path);
  const half = `${file}.part`;
  rmSync(half, { force: true });
  const handle = openSync(half, 'wx', 0o600);
  try {
    const named = namedFiles(config).map((name) => resolve(name));
    const what = { stateDirectory, settingsFile: resolve(configFile), named };
    const taken = takeBackup(what, handle, { passphrase, scratch: dirname(file) });
    fsyncSync(handle);
    renameSync(half, file);
    const bytes = statSync(file).size;
    if (json) out(JSON.stringify({ file, files: taken.files, bytes }));
    else
      out(`${taken.files} files are in ${file} (${bytes} bytes); without the passphrase nobody can open it`);
  } finally {
    closeSync(handle);
    rmSync(half, { force: true });
  }
  return 0;
}
