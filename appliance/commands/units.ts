/** `gatehouse units [folder]`: writes the systemd units that depend on the settings, and takes away those written before. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { readConfig, type Config } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { isOurs, unitFiles, wantsFolder, type UnitFile } from './unit-files.ts';

const usualFolder = '/etc/systemd/system';

export async function unitsCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  const [folder = usualFolder, ...more] = rest;
  if (more.length > 0) {
    out('usage: gatehouse units [folder]');
    return 2;
  }
  const { written, removed } = writeUnits(folder, readConfig(configFile));
  if (json) out(JSON.stringify({ folder, written, removed }));
  else {
    for (const path of written) out(`written  ${join(folder, path)}`);
    for (const path of removed) out(`removed  ${join(folder, path)}`);
    out('now: systemctl daemon-reload && systemctl restart gatehouse.target');
  }
  return 0;
}

/** Returns paths in the folder. */
export function writeUnits(
  folder: string,
  config: Config,
): { readonly written: readonly string[]; readonly removed: readonly string[] } {
  const wanted = unitFiles(config);
  const written = wanted.map(({ path }) => path);
  const removed = removeOthers(folder, new Set(written));
  for (const file of wanted) put(folder, file);
  return { written, removed };
}

/** Complete before its name appears: systemd may look at any moment. */
function put(folder: string, file: UnitFile): void {
  const path = join(folder, file.path);
  const fresh = `${path}.new`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  rmSync(fresh, { force: true });
  if ('link' in file) symlinkSync(file.link, fresh);
  else writeFileSync(fresh, file.text, { mode: 0o644, flag: 'wx' });
  renameSync(fresh, path);
}

/** Only what this command wrote; people's own units and drop-ins stay. */
function removeOthers(folder: string, wanted: ReadonlySet<string>): string[] {
  if (!existsSync(folder)) return [];
  const present = readdirSync(folder).flatMap((name) =>
    lstatSync(join(folder, name)).isDirectory() && isOursOrParts(name)
      ? readdirSync(join(folder, name)).map((inner) => join(name, inner))
      : [name],
  );
  const left = present.filter((path) => !wanted.has(path) && wasWritten(folder, path));
  for (const path of left) rmSync(join(folder, path));
  return left;
}

function isOursOrParts(folder: string): boolean {
  return folder === wantsFolder || /^gatehouse@\w+\.service\.d$/.test(folder);
}

function wasWritten(folder: string, path: string): boolean {
  const stat = lstatSync(join(folder, path));
  if (stat.isSymbolicLink()) return dirname(path) === wantsFolder;
  return stat.isFile() && path.includes('gatehouse') && isOurs(readFileSync(join(folder, path), 'utf8'));
}
