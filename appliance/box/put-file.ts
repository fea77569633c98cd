/** `settings.file`: a small file that the settings name, such as a token or an authority, put in beside them and read back by nobody. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileReaders, namedFiles, readConfig, ConfigError, type FileKey } from '../config.ts';
import { settingsFileProblem } from '../config/settings-file.ts';
import { orderSecret } from '../store/order-secrets.ts';
import { openSecrets } from '../store/secrets.ts';
import { syncFolder } from '../store/sync-folder.ts';
import type { NetworkNeeds } from './network.ts';
import type { Box, OrderEnd } from './orders.ts';
import { applySettings } from './put-settings.ts';
import type { OrderArguments } from '../store/box-orders.ts';

export async function putSettingsFile(
  { key, name, secret }: OrderArguments,
  box: Box & Pick<NetworkNeeds, 'machine'>,
): Promise<OrderEnd> {
  if (!isFileKey(key)) return { state: 'refused', words: 'no key of the settings names such a file' };
  if (typeof name !== 'string') return { state: 'refused', words: 'the file has no name' };
  const text = textOf(box, secret);
  const problem = settingsFileProblem(name, text, key);
  if (problem !== undefined) return { state: 'refused', words: problem };
  const folder = dirname(resolve(box.configFile));
  const path = join(folder, name);
  if (existsSync(path) && !lstatSync(path).isFile())
    return { state: 'refused', words: `${path} is there, and is no file` };
  put(path, text, readerOf(key, box));
  if (!isNamed(path, box))
    return { state: 'done', words: `It is here. Name it in the settings: ${key} = "${path}"` };
  const { state, words } = await (box.machine?.apply ?? applySettings)();
  return { state, words: `It is in the place of the one before. ${words}` };
}

function isFileKey(key: unknown): key is FileKey {
  return typeof key === 'string' && Object.hasOwn(fileReaders, key);
}

function textOf({ config, clock }: Box, secret: unknown): string {
  using secrets = openSecrets(config.site.state_directory, 'web', clock);
  return orderSecret(secrets, secret);
}

/** Its only reader owns it; what several parts read is their group's. */
function readerOf(key: FileKey, { config }: Box): number | undefined {
  const [part, ...others] = fileReaders[key];
  const folder = join(config.site.state_directory, part);
  return others.length === 0 && existsSync(folder) ? statSync(folder).uid : undefined;
}

/** Complete before its name appears. */
function put(path: string, text: string, owner: number | undefined): void {
  const fresh = join(dirname(path), `.${process.pid}.new`);
  rmSync(fresh, { force: true });
  writeFileSync(fresh, text, { mode: 0o600, flag: 'wx', flush: true });
  const { gid } = statSync(dirname(path));
  if (process.getuid?.() === 0) chownSync(fresh, owner ?? 0, gid);
  chmodSync(fresh, owner === undefined ? 0o640 : 0o600);
  renameSync(fresh, path);
  syncFolder(dirname(path));
}

function isNamed(path: string, { configFile }: Box): boolean {
  try {
    return namedFiles(readConfig(configFile)).some((named) => resolve(named) === path);
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}
