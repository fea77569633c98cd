/** `gatehouse firmware add`: files into the folder, whole or not at all, with their hashes beside them. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { appendFile, chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CommandCall } from '../main.ts';
import { readFirmware } from '../phones/firmware.ts';
import { deviceOf, knownDevices, type Device } from '../phones/firmware-devices.ts';
import { regions } from '../phones/url.ts';
import { vendors } from '../phones/vendors.ts';

/** Returns the exit code; what is wrong is said in a sentence each. */
export async function addFirmware(
  { out, firmware = {} }: CommandCall,
  folder: string,
  files: readonly string[],
): Promise<number> {
  const { model = '', release = '', sha256 } = firmware;
  const device = listed(model);
  const wrong =
    device === undefined
      ? `--model "${model}": no such model on Microsoft's list; \`firmware-templates/devices.tsv\` has them`
      : readFirmware(device.vendor, release) === undefined || !/^[A-Za-z0-9][\w.+-]*$/.test(release)
        ? `--release "${release}": no version as this maker writes them, such as ${device.approved}`
        : sha256 !== undefined && files.length > 1
          ? '--sha256 is for one file'
          : files.map(fileProblem).find((problem) => problem !== undefined);
  if (wrong !== undefined || device === undefined) {
    out(wrong ?? '');
    return 2;
  }
  const directory = join(folder, device.vendor, device.model.replaceAll(/[^\w.+-]/g, '_'), release);
  await mkdir(directory, { recursive: true });
  for (const file of files) {
    const problem = await put(file, directory, sha256);
    out(problem ?? `${basename(file)} is in ${directory}`);
    if (problem !== undefined) return 1;
  }
  return 0;
}

function listed(model: string): Device | undefined {
  const devices = knownDevices();
  return vendors
    .flatMap((vendor) =>
      [undefined, ...regions].map((region) => deviceOf(devices, { vendor, model, region })),
    )
    .find((device) => device !== undefined);
}

function fileProblem(file: string): string | undefined {
  if (!/^[A-Za-z0-9][\w.+-]{0,127}$/.test(basename(file)))
    return `${file}: its name has characters that no URL has; rename it as its maker names it`;
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return `${file}: is not there`;
  if (!stats.isFile()) return `${file}: is no file`;
  return stats.size === 0 ? `${file}: is empty` : undefined;
}

/** Renamed into its place when it is whole and right: the running box never sees half of it. */
async function put(
  file: string,
  directory: string,
  expected: string | undefined,
): Promise<string | undefined> {
  const name = basename(file);
  const half = join(directory, `.${name}.part`);
  try {
    await copyFile(file, half);
    // Whoever adds it is seldom the user that the box runs as.
    await chmod(half, 0o644);
    const sha256 = await hashOf(half);
    if (expected !== undefined && expected.toLowerCase() !== sha256)
      return `${file}: its SHA-256 is ${sha256}, not ${expected}: it is not what its maker published`;
    await appendFile(join(directory, 'SHA256SUMS'), `${sha256}  ${name}\n`);
    await rename(half, join(directory, name));
    return undefined;
  } finally {
    await rm(half, { force: true });
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
