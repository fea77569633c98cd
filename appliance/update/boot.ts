/** Which boot this is, and which kernels there are to boot (UAPI boot loader specification, boot counting). */
import { readFileSync, readdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../store/sync-folder.ts';

/** One a boot. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

export interface BootCount {
  /** Tries left after this one. */
  readonly left: number;
  /** Tries so far, this one too. */
  readonly done: number;
}

const variable = '/sys/firmware/efi/efivars/LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';

/** Undefined: the kernel that runs has proved itself before, or nobody counts. */
export function bootCount(file = variable): BootCount | undefined {
  try {
    // Four bytes of attributes, then UTF-16.
    return countIn(readFileSync(file).subarray(4).toString('utf16le'));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Of a path such as `\EFI\Linux\gatehouse_0.2.0+2-1.efi`. */
export function countIn(path: string): BootCount | undefined {
  const { left, done = '0' } = /\+(?<left>\d+)(?:-(?<done>\d+))?\.efi\0*$/.exec(path)?.groups ?? {};
  return left === undefined ? undefined : { left: Number(left), done: Number(done) };
}

/** Tries that a new release has; as in the name of its kernel. */
export const bootTries = 3;

/**
 * Whether the boot loader takes another release in the end when the machine restarts. A release that no update brought is the only one
 * there is, and so is one that has used up its tries and runs all the same: whatever is wrong, a box that restarts for ever is worse.
 */
export function isWayOut({ left, done }: BootCount, isUpdate: boolean): boolean {
  return isUpdate && (left > 0 || done <= bootTries);
}

const kernelFolder = 'EFI/Linux';

/**
 * The boot loader takes the highest version that is not known to be bad. So that a lower one gets its tries, the running one is named
 * as one that has used up its own; it stays the way back, and proves itself anew when it runs again.
 */
export async function setBack(esp: string, version: string): Promise<void> {
  const folder = join(esp, kernelFolder);
  const names = readdirSync(folder).filter((name) => versionIn(name) === version);
  for (const name of names) await rename(join(folder, name), join(folder, `gatehouse_${version}+0-1.efi`));
  syncFolder(folder);
}

/**
 * Makes the boot partition ready for a release that is going to be installed, which must not be the running one. A kernel of the same
 * version is still there when that release was here before, without tries: systemd-sysupdate would take it for installed and do nothing.
 * Its own temporary files, each as large as a kernel, stay when the power was cut, and nobody else takes them away.
 */
export async function clearTheWay(esp: string, version: string): Promise<void> {
  const folder = join(esp, kernelFolder);
  const names = readdirSync(folder).filter(
    (name) => versionIn(name) === version || name.startsWith('.#sysupdate'),
  );
  for (const name of names) await rm(join(folder, name));
  syncFolder(folder);
}

/** `0.2.0` of `gatehouse_0.2.0+3-0.efi`. */
export function versionIn(name: string): string | undefined {
  return /^gatehouse_(?<version>[\d.]+?)(?:\+\d+(?:-\d+)?)?\.efi$/.exec(name)?.groups?.['version'];
}
