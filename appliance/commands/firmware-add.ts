/** `gatehouse firmware add` and `remove`: releases into the folder and out of it. */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { CommandCall } from '../main.ts';
import { fileProblem, typedRelease, type Release } from '../phones/firmware-release.ts';
import { FirmwareError, putFirmware, removeFirmware } from '../store/firmware-put.ts';
import { becomeOwner } from './as-web.ts';

/** Returns the exit code; what is wrong is said in a sentence each. */
export async function addFirmware(
  call: CommandCall,
  folder: string,
  files: readonly string[],
): Promise<number> {
  const { out, firmware: { sha256 } = {} } = call;
  const release = releaseOf(call);
  if (release === undefined) return 2;
  if (sha256 !== undefined && files.length > 1) {
    out('--sha256 is for one file');
    return 2;
  }
  const opened: FileHandle[] = [];
  try {
    for (const file of files) {
      const problem = await problemOf(file);
      if (problem !== undefined) {
        out(`${file}: ${problem}`);
        return 2;
      }
      // As whoever calls: the box's own user may not read them.
      opened.push(await open(file, 'r'));
    }
    becomeOwner(folder);
    for (const [at, source] of opened.entries()) {
      const name = basename(files[at] ?? '');
      const { directory } = await putFirmware(
        folder,
        { ...release, name, ...(sha256 === undefined ? {} : { sha256 }) },
        { source },
      );
      out(`${name} is in ${directory}`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof FirmwareError)) throw error;
    out(error.message);
    return 1;
  } finally {
    for (const source of opened) await source.close();
  }
}

export async function dropFirmware(call: CommandCall, folder: string): Promise<number> {
  const release = releaseOf(call);
  if (release === undefined) return 2;
  becomeOwner(folder);
  const isRemoved = await removeFirmware(folder, release);
  const what = `${release.version} for ${release.model}`;
  call.out(isRemoved ? `${what} is out of the folder.` : `There is no ${what} in ${folder}.`);
  return isRemoved ? 0 : 1;
}

/** Says what is wrong with what was typed. */
function releaseOf({ out, firmware: { model = '', release = '' } = {} }: CommandCall): Release | undefined {
  const typed = typedRelease(model, release);
  if (typeof typed !== 'string') return typed;
  out(`--model, --release: ${typed}`);
  return undefined;
}

async function problemOf(file: string): Promise<string | undefined> {
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined) return 'is not there';
  return stats.isFile() ? fileProblem(basename(file), stats.size) : 'is no file';
}
