/** Which release of the firmware folder a phone should have, if any. Pure. */
import { compareFirmware } from '../phones/firmware.ts';
import { deviceOf, knownDevices } from '../phones/firmware-devices.ts';
import { judgeFirmware, type FirmwareState } from '../phones/firmware-gate.ts';
import type { Region } from '../phones/url.ts';
import type { Vendor } from '../phones/vendors.ts';
import type { FirmwareFile } from '../store/firmware-files.ts';
import type { SeenFirmware } from './firmware-seen.ts';

export interface ChoiceRules {
  readonly region: Region;
  /** See `provisioning.below_minimum`. */
  readonly belowMinimum: 'warn' | 'hold' | 'offer';
  /** See `provisioning.offer_updates`. */
  readonly offerUpdates: boolean;
  /** The file of a release that the phone is pointed to. */
  readonly isMain: (name: string) => boolean;
}

/** The file to point the phone to: of the newest release that is on Microsoft's list, good, and newer than what it runs. */
export function chooseFirmware(
  files: readonly FirmwareFile[],
  { state, device, phone }: SeenFirmware,
  rules: ChoiceRules,
): FirmwareFile | undefined {
  const { firmware } = phone;
  if (device === undefined || firmware === undefined || !isWanted(state, rules)) return undefined;
  const { vendor } = device;
  return files
    .filter((file) => file.vendor === vendor && rules.isMain(file.name))
    .filter(
      (file) => deviceOf(knownDevices(), { vendor, model: file.model, region: rules.region }) === device,
    )
    .filter((file) => isGood(files, file) && isUpdate(vendor, file, { firmware, region: rules.region }))
    .toSorted((a, b) => compareFirmware(vendor, a.version, b.version) ?? 0)
    .at(-1);
}

function isWanted(state: FirmwareState, { belowMinimum, offerUpdates }: ChoiceRules): boolean {
  if (state === 'too old') return belowMinimum === 'offer';
  return state === 'onboardable' && offerUpdates;
}

/** A release that lacks a file, or has one that is not what it should be, would leave a phone half way. */
function isGood(files: readonly FirmwareFile[], { vendor, model, version }: FirmwareFile): boolean {
  return files
    .filter((file) => file.vendor === vendor && file.model === model && file.version === version)
    .every(({ problem }) => problem === undefined);
}

/** Nothing newer than Microsoft's approved build: the cloud would take the phone back down, and we up again. */
function isUpdate(
  vendor: Vendor,
  { model, version }: FirmwareFile,
  { firmware, region }: { firmware: string; region: Region },
): boolean {
  const { state } = judgeFirmware({ vendor, model, firmware: version, region }, knownDevices());
  const isListed = state === 'onboardable' || state === 'approved';
  return isListed && compareFirmware(vendor, version, firmware) === 1;
}
