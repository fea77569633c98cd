/** `gatehouse firmware`: what is in the firmware folder, how far each version has come, and putting files in. */
import { readConfig, type Config } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { firmwareFolder, isPaused, pauseFirmware } from '../store/firmware-folder.ts';
import { readReleases, type ReleaseRow } from '../store/firmware-releases.ts';
import { becomeOwner } from './as-web.ts';
import { addFirmware, dropFirmware } from './firmware-add.ts';
import { requireReadable } from './state-directory.ts';
import { formatTable } from './table.ts';

const usage = [
  'usage: gatehouse firmware                  what is in the folder, and which phones were offered it',
  '       gatehouse firmware add <file…> --model MODEL --release VERSION [--sha256 HEX]',
  '       gatehouse firmware remove --model MODEL --release VERSION',
  '       gatehouse firmware pause | resume   no phone is offered anything | they are again',
];

export async function firmwareCommand(call: CommandCall): Promise<number> {
  const [word, ...rest] = call.rest;
  const config = readConfig(call.configFile);
  const folder = firmwareFolder(config);
  if (word === undefined) return list(call, config, folder);
  if (word === 'add' && rest.length > 0) return addFirmware(call, folder, rest);
  if (word === 'remove' && rest.length === 0) return dropFirmware(call, folder);
  if (rest.length > 0 || (word !== 'pause' && word !== 'resume')) {
    for (const line of usage) call.out(line);
    return 2;
  }
  becomeOwner(folder);
  pauseFirmware(folder, word === 'pause');
  call.out(word === 'pause' ? 'No phone is offered firmware now.' : 'Phones are offered firmware again.');
  return 0;
}

function list({ json, out }: CommandCall, config: Config, folder: string): number {
  const { site } = config;
  requireReadable(site.state_directory);
  const releases = readReleases(site.state_directory, site.region);
  const paused = isPaused(folder);
  if (json) out(JSON.stringify({ folder, paused, releases }));
  else for (const line of formatReleases(releases, { folder, paused })) out(line);
  const files = releases.flatMap((release) => release.files);
  return files.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

function formatReleases(
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
