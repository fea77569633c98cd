/** `gatehouse backup <file>`: settings, leases, accounts, places and the site's authority in one sealed file. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { namedFiles, readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { writeBackup } from '../store/backup/backup-file.ts';
import { fewestCharacters, newPassphrase } from './passphrase.ts';
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
  const passphrase = await newPassphrase('passphrase of the backup: ');
  if (passphrase.length < fewestCharacters) {
    out(
      `a passphrase has at least ${fewestCharacters} characters: whoever finds it opens every account in the file`,
    );
    return 2;
  }
  const file = resolve(path);
  const named = namedFiles(config).map((name) => resolve(name));
  const what = { stateDirectory, settingsFile: resolve(configFile), named };
  const taken = writeBackup(what, file, { passphrase });
  const bytes = statSync(file).size;
  if (json) out(JSON.stringify({ file, files: taken.files, bytes }));
  else out(`${taken.files} files are in ${file} (${bytes} bytes); without the passphrase nobody can open it`);
  return 0;
}
