/** Where firmware files are, and how giving them out is paused: by a file, since command line and box are two processes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

interface FirmwareSettings {
  readonly site: { readonly state_directory: string };
  readonly provisioning: { readonly firmware_directory?: string };
}

export function firmwareFolder({ site, provisioning }: FirmwareSettings): string {
  return provisioning.firmware_directory ?? join(site.state_directory, 'provisioning/firmware');
}

/** While it is in the folder no phone is offered anything. */
export const pauseFile = 'paused';

export function isPaused(folder: string): boolean {
  return existsSync(join(folder, pauseFile));
}
