/** `gatehouse firmware`: what is in the firmware folder, how far each version has come, and putting files in. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig, type Config } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { knownDevices } from '../phones/firmware-devices.ts';
import { judgeFirmware } from '../phones/firmware-gate.ts';
import type { Vendor } from '../phones/vendors.ts';
import { readFirmwareFiles, type FirmwareFile } from '../store/firmware-files.ts';
import { firmwareFolder, isPaused, pauseFile } from '../store/firmware-folder.ts';
import { readFirmwareOffers, type FirmwareOffer } from '../store/firmware-offers.ts';
import { readFacts } from '../store/phones.ts';
import { addFirmware } from './firmware-add.ts';
import { requireReadable } from './state-directory.ts';
import { formatTable } from './table.ts';

const usage = [
  'usage: gatehouse firmware                  what is in the folder, and which phones were offered it',
  '       gatehouse firmware add <file…> --model MODEL --release VERSION [--sha256 HEX]',
  '       gatehouse firmware pause | resume   no phone is offered anything | they are again',
];

export async function firmwareCommand(call: CommandCall): Promise<number> {
  const [word, ...rest] = call.rest;
  const config = readConfig(call.configFile);
  const folder = firmwareFolder(config);
  if (word === undefined) return list(call, config, folder);
  if (word === 'add' && rest.length > 0) return addFirmware(call, folder, rest);
  if (rest.length > 0 || (word !== 'pause' && word !== 'resume')) {
    for (const line of usage) call.out(line);
    return 2;
  }
  if (word === 'pause') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, pauseFile), '');
  }
  if (word === 'resume') rmSync(join(folder, pauseFile), { force: true });
  call.out(word === 'pause' ? 'No phone is offered firmware now.' : 'Phones are offered firmware again.');
  return 0;
}

interface ReleaseRow {
  readonly vendor: string;
  readonly model: string;
  readonly version: string;
  /** Against Microsoft's list. */
  readonly state: string;
  readonly files: readonly Pick<FirmwareFile, 'name' | 'size' | 'sha256' | 'problem'>[];
  readonly offered: number;
  readonly updated: number;
}

function list({ json, out }: CommandCall, config: Config, folder: string): number {
  const { site } = config;
  requireReadable(site.state_directory);
  const files = readFacts(site.state_directory, 'provisioning', readFirmwareFiles);
  const offers = readFacts(site.state_directory, 'provisioning', readFirmwareOffers);
  const releases = releasesOf(files, offers, site.region);
  const paused = isPaused(folder);
  if (json) out(JSON.stringify({ folder, paused, releases }));
  else for (const line of formatReleases(releases, { folder, paused })) out(line);
  return files.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

function releasesOf(
  files: readonly FirmwareFile[],
  offers: readonly FirmwareOffer[],
  region: Config['site']['region'],
): ReleaseRow[] {
  const releases = Map.groupBy(files, ({ vendor, model, version }) => `${vendor} ${model} ${version}`);
  return [...releases.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { vendor, model, version } = first;
    const phones = offers.filter(
      (offer) => offer.vendor === vendor && offer.model === model && offer.version === version,
    );
    return [
      {
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
      },
    ];
  });
}

export function formatReleases(
  releases: readonly ReleaseRow[],
  { folder, paused }: { folder: string; paused: boolean },
): string[] {
  const pause = paused ? ['', 'Paused: no phone is offered anything (`gatehouse firmware resume`).'] : [];
  if (releases.length === 0)
    return [`No firmware in ${folder}, or the box has not looked there yet.`, ...pause];
  const rows = releases.flatMap(({ vendor, model, version, state, files, offered, updated }) =>
    files.map(({ name, size, sha256, problem }) => [
      vendor,
      model,
      version,
      state,
      name,
      `${size} bytes`,
      sha256 === '' ? '-' : sha256,
      `${offered} offered, ${updated} updated`,
      problem === undefined ? '-' : problem,
    ]),
  );
  return [
    ...formatTable([
      ['VENDOR', 'MODEL', 'VERSION', "ON MICROSOFT'S LIST", 'FILE', 'SIZE', 'SHA-256', 'PHONES', 'PROBLEM'],
      ...rows,
    ]),
    ...pause,
  ];
}
