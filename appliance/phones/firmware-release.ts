/** One maker's firmware for one model, as it stands in the firmware folder: what is wrong with its names and files. Pure. */
import { readFirmware } from './firmware.ts';
import { deviceOf, knownDevices, type Device } from './firmware-devices.ts';
import { regions } from './url.ts';
import { vendors, type Vendor } from './vendors.ts';

export interface Release {
  readonly vendor: Vendor;
  /** Name of its folder: as Microsoft prints it, with `_` for what a URL can't have. */
  readonly model: string;
  readonly version: string;
}

/** More is no phone's firmware. */
export const mostFirmwareBytes = 1_073_741_824;

/** What a maker publishes and `sha256sum` writes; lines as of `sha256sum -c`. */
export const sumsName = 'SHA256SUMS';

/** No blanks, no dots in front, nothing that a URL would have to escape. */
const goodName = /^[A-Za-z0-9][\w.+-]{0,127}$/;

/** A sentence; undefined when all is well. */
export function releaseProblem({ vendor, model, version }: Release): string | undefined {
  if (!goodName.test(model) || !goodName.test(version)) return 'its folder has characters that no URL has';
  const devices = knownDevices();
  const isListed = [undefined, ...regions].some((region) => deviceOf(devices, { vendor, model, region }));
  if (!isListed) return `"${model}" is no model of Microsoft's list`;
  if (readFirmware(vendor, version) === undefined)
    return `"${version}" is no version as this maker writes them`;
  return undefined;
}

/** A sentence; undefined when all is well. */
export function fileProblem(name: string, bytes: number): string | undefined {
  if (!goodName.test(name)) return 'its name has characters that no URL has';
  if (name === sumsName) return 'this is the name of the list of hashes';
  if (bytes === 0) return 'is empty';
  if (bytes > mostFirmwareBytes) return `is larger than ${mostFirmwareBytes} bytes`;
  return undefined;
}

/** What somebody typed, as a release of our folder; a sentence where it is none. */
export function typedRelease(model: string, version: string): Release | string {
  const device = listed(model);
  if (device === undefined)
    return `"${model}": no such model on Microsoft's list (firmware-templates/devices.tsv)`;
  const release = { vendor: device.vendor, model: folderOf(device), version };
  return releaseProblem(release) === undefined
    ? release
    : `"${version}" is no version as this maker writes them, such as ${device.approved}`;
}

function folderOf({ model }: Device): string {
  return model.replaceAll(/[^\w.+-]/g, '_');
}

function listed(model: string): Device | undefined {
  const devices = knownDevices();
  return vendors
    .flatMap((vendor) =>
      [undefined, ...regions].map((region) => deviceOf(devices, { vendor, model, region })),
    )
    .find((device) => device !== undefined);
}
