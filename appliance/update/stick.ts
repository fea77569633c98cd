/** A USB stick that somebody plugged in, mounted for reading alone, for as long as it is looked at. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { runProgram } from '../net/program.ts';

interface Place {
  readonly fileSystems: string;
  readonly mountPoint: string;
}

/** What people's computers write onto sticks; the kernel reads no other file system of a stranger. */
const stickOfReleases: Place = { fileSystems: 'vfat,exfat', mountPoint: '/run/gatehouse-update/stick' };
/** Nothing on it is executed, and no device or right of it counts. */
const options = 'ro,nosuid,nodev,noexec,nosymfollow';
const timeoutMs = 60_000;

export async function withStick<T>(
  device: string,
  work: (folder: string) => Promise<T>,
  { fileSystems, mountPoint }: Place = stickOfReleases,
): Promise<T> {
  if (!/^\/dev\/[a-z]{1,8}\d{0,4}$/.test(device))
    throw new TypeError(`"${device}" is no partition of a stick`);
  mkdirSync(mountPoint, { recursive: true, mode: 0o700 });
  await runProgram('mount', ['-t', fileSystems, '-o', options, device, mountPoint], { timeoutMs });
  try {
    return await work(mountPoint);
  } finally {
    // Lazily: a stick that was pulled out must not keep the next one away.
    await runProgram('umount', ['--lazy', mountPoint], { timeoutMs });
    rmdirSync(mountPoint);
  }
}
