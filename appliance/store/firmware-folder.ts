/** Where firmware files are, and how giving them out is paused: by a file, since command line and box are two processes. */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface FirmwareSettings {
  readonly site: { readonly state_directory: string };
  readonly provisioning: { readonly firmware_directory?: string };
}

export function firmwareFolder({ site, provisioning }: FirmwareSettings): string {
  return provisioning.firmware_directory ?? join(site.state_directory, 'provisioning/firmware');
}

/** While it is in the folder no phone is offered anything. */
const pauseFile = 'paused';

export function isPaused(folder: string): boolean {
  return existsSync(join(folder, pauseFile));
}

/** The page, which is another user, looks whether it is paused. */
export function makeFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, 0o755);
}

export function pauseFirmware(folder: string, isToPause: boolean): void {
  if (!isToPause) return rmSync(join(folder, pauseFile), { force: true });
  makeFolder(folder);
  writeFileSync(join(folder, pauseFile), '');
}

/** What the page took for the part to put in, by the name that its order has. */
export function uploadedFirmware(stateDirectory: string, upload: string): string {
  return join(uploadFolder(stateDirectory), upload);
}

/** The page's. Backups leave out folders of this name. */
export function uploadFolder(stateDirectory: string): string {
  return join(stateDirectory, 'web/firmware');
}
