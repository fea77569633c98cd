/** `backup.take` and `restore.put`: the whole box into a sealed file for the page, and one that the page took into its place. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { namedFiles, parseConfig } from '../config.ts';
import { hasUnit, systemctl } from '../net/systemctl.ts';
import { writeBackup } from '../store/backup/backup-file.ts';
import { takenBackup, uploadedBackup } from '../store/backup/box-files.ts';
import { preparePutBack, type Prepared } from '../store/backup/put-back.ts';
import { BackupError, unseal } from '../store/backup/sealed-file.ts';
import { orderSecret } from '../store/order-secrets.ts';
import { openSecrets } from '../store/secrets.ts';
import type { Box, OrderHandler } from './orders.ts';
import { applySettings } from './put-settings.ts';

export const takeBoxBackup: OrderHandler = async ({ secret }, box) => {
  const { config, configFile } = box;
  const { state_directory: stateDirectory } = config.site;
  const passphrase = passphraseOf(box, secret);
  const file = takenBackup(stateDirectory);
  // The last one goes first: the disk may not have room for two.
  rmSync(file, { force: true });
  const named = namedFiles(config).map((name) => resolve(name));
  const what = { stateDirectory, settingsFile: resolve(configFile), named };
  // Nobody opens it without the passphrase; the page is in the group.
  const { files, bytes } = writeBackup(what, file, { passphrase, isForGroup: true });
  return { state: 'done', words: `${files} files, ${Math.ceil(bytes / 2 ** 20)} MB, are in the backup.` };
};

/** Tests have their own machine. */
export interface PartsOfMachine {
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<unknown>;
}

const thisMachine: PartsOfMachine = {
  stop: async () => await systemctl('stop', 'gatehouse.target'),
  start: async () => {
    await applySettings();
    if (!hasUnit('gatehouse-units.service')) await systemctl('--no-block', 'start', 'gatehouse.target');
  },
};

export const restoreBox: OrderHandler = async (words, box) => await putBoxBack(words, box);

/** All of it is opened, judged and written beside while the parts run; they stop for the exchange alone. */
export async function putBoxBack(
  { secret }: Parameters<OrderHandler>[0],
  box: Box,
  machine = thisMachine,
): ReturnType<OrderHandler> {
  const { state_directory: stateDirectory } = box.config.site;
  const passphrase = passphraseOf(box, secret);
  const handle = openUpload(stateDirectory);
  try {
    using prepared = prepare(handle, passphrase, box);
    await box.tell(
      `The backup is whole (${Math.ceil(prepared.bytes / 2 ** 20)} MB). The box stops, and starts as the one of the backup.`,
    );
    await machine.stop();
    try {
      exchange(prepared, box);
    } finally {
      await machine.start();
    }
    return { state: 'done', words: 'This is the box of the backup now: sign in with its password.' };
  } catch (error) {
    if (error instanceof BackupError) return { state: 'refused', words: error.message };
    throw error;
  } finally {
    closeSync(handle);
    rmSync(uploadedBackup(stateDirectory), { force: true });
  }
}

/** The page's folder is the page's: no link of it is followed. */
function openUpload(stateDirectory: string): number {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = openSync(uploadedBackup(stateDirectory), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (fstatSync(handle).isFile()) return handle;
  closeSync(handle);
  throw new Error('what was uploaded is no file');
}

function prepare(handle: number, passphrase: string, { config, configFile, clock }: Box): Prepared {
  const { state_directory: stateDirectory } = config.site;
  return preparePutBack(unseal(handle, passphrase), {
    settingsFile: resolve(configFile),
    readSettings: (toml) => readRestored(toml, { stateDirectory, folder: dirname(resolve(configFile)) }),
    now: clock.now(),
  });
}

function exchange(prepared: Prepared, { config }: Box): void {
  const { state_directory: stateDirectory } = config.site;
  const { kept } = prepared.exchange();
  const former = kept.find((path) => path.startsWith(`${stateDirectory}.before-`));
  if (former === undefined) return;
  // Root's own file goes on: what becomes of this very order is written into it.
  mkdirSync(stateDirectory, { recursive: true });
  if (existsSync(join(former, 'box'))) renameSync(join(former, 'box'), join(stateDirectory, 'box'));
  // Nobody could remove it by hand on the image, and it holds the keys of a box that is no more.
  for (const path of kept) rmSync(path, { recursive: true, force: true });
}

interface Here {
  readonly stateDirectory: string;
  /** Of the settings. */
  readonly folder: string;
}

/** Whoever is the page's admin is not root: a backup that he made himself writes nothing outside the box's own folders. */
function readRestored(toml: string, { stateDirectory, folder }: Here) {
  const config = parseConfig(toml, 'the settings in the backup');
  const named = namedFiles(config).map((name) => resolve(name));
  const outside = named.find((name) => !name.startsWith(`${folder}/`));
  if (outside !== undefined)
    throw new BackupError(
      `its settings name ${outside}: through the page only what is in ${folder} is restored`,
    );
  if (resolve(config.site.state_directory) !== resolve(stateDirectory))
    throw new BackupError(
      `its settings keep the state in ${config.site.state_directory}, this box in ${stateDirectory}`,
    );
  return { stateDirectory: resolve(stateDirectory), named };
}

function passphraseOf({ config, clock }: Box, secret: unknown): string {
  using secrets = openSecrets(config.site.state_directory, 'web', clock);
  return orderSecret(secrets, secret);
}
