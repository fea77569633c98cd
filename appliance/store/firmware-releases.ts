/** What is in the firmware folder, and how far each release has come among the phones. */
import { knownDevices } from '../phones/firmware-devices.ts';
import { judgeFirmware, type FirmwareState } from '../phones/firmware-gate.ts';
import type { Region } from '../phones/url.ts';
import type { Vendor } from '../phones/vendors.ts';
import { readFirmwareFiles, type FirmwareFile } from './firmware-files.ts';
import { readFirmwareOffers, type FirmwareOffer } from './firmware-offers.ts';
import { readFacts } from './phones.ts';

export interface ReleaseRow {
  readonly vendor: string;
  readonly model: string;
  readonly version: string;
  /** Against Microsoft's list. */
  readonly state: FirmwareState;
  readonly files: readonly Pick<FirmwareFile, 'name' | 'size' | 'sha256' | 'problem'>[];
  /** Phones. */
  readonly offered: number;
  /** Of these came back with it. */
  readonly updated: number;
}

/** As the box last looked. Empty where it never did. */
export function readReleases(stateDirectory: string, region: Region): ReleaseRow[] {
  const files = readFacts(stateDirectory, 'provisioning', readFirmwareFiles);
  const offers = readFacts(stateDirectory, 'provisioning', readFirmwareOffers);
  const releases = Map.groupBy(files, ({ vendor, model, version }) => `${vendor} ${model} ${version}`);
  return [...releases.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [releaseRow(first, { group, offers, region })];
  });
}

interface About {
  readonly group: readonly FirmwareFile[];
  readonly offers: readonly FirmwareOffer[];
  readonly region: Region;
}

function releaseRow({ vendor, model, version }: FirmwareFile, { group, offers, region }: About): ReleaseRow {
  const phones = offers.filter(
    (offer) => offer.vendor === vendor && offer.model === model && offer.version === version,
  );
  return {
    vendor,
    model,
    version,
    state: judgeFirmware({ vendor: vendor as Vendor, model, firmware: version, region }, knownDevices())
      .state,
    files: group.map(({ name, size, sha256, problem }) => ({
      name,
      size,
      sha256,
      ...(problem === undefined ? {} : { problem }),
    })),
    offered: phones.length,
    updated: phones.filter(({ updatedAt }) => updatedAt !== undefined).length,
  };
}
