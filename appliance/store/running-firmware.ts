/** Model and firmware of a phone from all that the parts know of it, and whether they will do. Pure. */
import type { Device } from '../phones/firmware-devices.ts';
import { firmwareProblem, isEnterprise, judgeFirmware, type FirmwareState } from '../phones/firmware-gate.ts';
import type { Region } from '../phones/url.ts';
import { parseUserAgent } from '../phones/user-agent.ts';
import type { Vendor } from '../phones/vendors.ts';
import type { KnownOfPhone } from './phone-stage.ts';

export interface RunningOfPhone {
  readonly model?: string | undefined;
  readonly firmware?: string | undefined;
  readonly firmwareState?: FirmwareState;
  /** For a person. */
  readonly problem?: string | undefined;
}

export interface FirmwareSite {
  readonly devices: readonly Device[];
  readonly region?: Region | undefined;
}

/** `vendor` and `model` as recognised by other means, where no User-Agent says them. */
export function runningFirmware(
  known: KnownOfPhone,
  other: { readonly vendor?: string | undefined; readonly model?: string | undefined },
  { devices, region }: FirmwareSite,
): RunningOfPhone {
  const { lease, configuration, binding, asked } = known;
  const registered = parseUserAgent(binding?.userAgent ?? '');
  // The word said last counts: a phone comes back from an update by registering, or by asking for its configuration.
  const said = [
    { at: binding?.registeredAt ?? 0, ...registered },
    { ...configuration, at: configuration?.at ?? 0 },
    { ...asked, at: asked?.at ?? 0 },
  ].toSorted((a, b) => b.at - a.at);
  const model = said.find((one) => one.model !== undefined)?.model ?? other.model;
  const firmware = said.find((one) => one.firmware !== undefined)?.firmware;
  if (other.vendor === undefined) return { model, firmware };
  const running = {
    vendor: other.vendor as Vendor,
    model,
    firmware,
    region,
    isEnterprise:
      other.vendor === 'cisco' &&
      (asked?.isEnterprise === true ||
        isEnterprise({
          vendorClass: lease?.vendorClass,
          userAgent: configuration?.userAgent ?? binding?.userAgent,
        })),
  };
  const verdict = judgeFirmware(running, devices);
  const problem = firmwareProblem(running, verdict);
  const held = asked?.heldAt === undefined ? '' : ' It is held until then (provisioning.below_minimum).';
  return {
    model,
    firmware,
    firmwareState: verdict.state,
    problem: problem && `${problem}${held}`,
  };
}
