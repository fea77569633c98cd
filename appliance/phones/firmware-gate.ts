/** May this phone be onboarded with the firmware that it runs (G-11, G-12), and what to do when not. */
import { compareFirmware, readFirmware } from './firmware.ts';
import { deviceOf, type Device } from './firmware-devices.ts';
import type { Region } from './url.ts';
import { vendorName, type Vendor } from './vendors.ts';

export const firmwareStates = [
  'unknown',
  'convert first',
  'too old',
  'onboardable',
  'approved',
  'newer than known',
] as const;

/** `convert first`: Cisco's enterprise firmware, which SIP Gateway can't take in any version. */
export type FirmwareState = (typeof firmwareStates)[number];

export interface RunningFirmware {
  readonly vendor: Vendor;
  readonly model?: string | undefined;
  readonly firmware?: string | undefined;
  readonly region?: Region | undefined;
  /** By {@link isEnterprise}, where more than the version speaks. */
  readonly isEnterprise?: boolean | undefined;
}

export interface FirmwareVerdict {
  readonly state: FirmwareState;
  /** Absent: the model is not on Microsoft's list, or not known. */
  readonly device?: Device;
}

export function judgeFirmware(running: RunningFirmware, devices: readonly Device[]): FirmwareVerdict {
  const { vendor, model, firmware, region } = running;
  const isConverted = vendor !== 'cisco' || readFirmware(vendor, firmware ?? '')?.line !== 'enterprise';
  if (running.isEnterprise === true || !isConverted) return { state: 'convert first' };
  const device = model === undefined ? undefined : deviceOf(devices, { vendor, model, region });
  if (device === undefined) return { state: 'unknown' };
  return { state: firmware === undefined ? 'unknown' : stateOf(firmware, device), device };
}

/**
 * An approved build is good even where the printed minimum contradicts it (Yealink T21P). In a line that the minimum says
 * nothing of (AudioCodes 2.x beside a minimum of 3.x) the approved build is the only one known to be good.
 */
function stateOf(firmware: string, { vendor, minimum, approved }: Device): FirmwareState {
  const toApproved = compareFirmware(vendor, firmware, approved);
  if (toApproved === 0) return 'approved';
  if (toApproved === 1) return 'newer than known';
  if (readFirmware(vendor, firmware) === undefined) return 'unknown';
  if (minimum === undefined) return toApproved === undefined ? 'unknown' : 'onboardable';
  const toMinimum = compareFirmware(vendor, firmware, minimum);
  if (toMinimum === undefined) return toApproved === undefined ? 'unknown' : 'too old';
  return toMinimum < 0 ? 'too old' : 'onboardable';
}

/** Not for onboarding as it is. */
export function isBelowMinimum({ state }: FirmwareVerdict): boolean {
  return state === 'too old' || state === 'convert first';
}

/** What is wrong and what to do, for a person; undefined while nothing is known to be wrong. */
export function firmwareProblem(
  { vendor, firmware = '?' }: RunningFirmware,
  { state, device }: FirmwareVerdict,
): string | undefined {
  if (state === 'convert first') {
    return "It runs Cisco's enterprise firmware, which Teams SIP Gateway does not take: convert it to multiplatform (MPP) firmware first, with a conversion licence of Cisco.";
  }
  if (state !== 'too old' || device === undefined) return undefined;
  const { minimum, approved } = device;
  const needed =
    minimum === undefined || compareFirmware(vendor, minimum, firmware) === undefined
      ? `it needs ${approved}`
      : `the minimum is ${minimum}, approved is ${approved}`;
  return `Its firmware ${firmware} is too old for Teams SIP Gateway (${needed}): update it with ${vendorName(vendor)}'s firmware ${approved}, then reset it to factory settings.`;
}

/** What a phone shows of Cisco's enterprise firmware: option 60, User-Agent, or a file that only it asks for. */
interface CiscoEvidence {
  readonly vendorClass?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Of the request, without query. */
  readonly path?: string | undefined;
}

/** Files that only enterprise firmware asks for. */
const enterpriseFile =
  /\/(?:(?:SEP|CTLSEP|ITLSEP)[0-9A-F]{12}\.(?:cnf\.xml(?:\.sgn)?|tlv)|XMLDefault\.cnf\.xml)$/i;
/** Models that come with either; multiplatform firmware names itself `3PCC` after the model. 8875 came with PhoneOS. */
const eitherModel = /\bCisco\b.*\bCP-?(?!8875)(?:68|78|88)\d\d/i;

export function isEnterprise({ vendorClass = '', userAgent = '', path = '' }: CiscoEvidence): boolean {
  if (enterpriseFile.test(path.slice(0, 2048))) return true;
  const texts = [vendorClass.slice(0, 255), userAgent.slice(0, 512)];
  return texts.some((text) => eitherModel.test(text)) && !texts.some((text) => /3PCC/i.test(text));
}
