/**
 * Signed unified kernel image (kernel, initrd, command line with the roothash) and signed boot loader. With it goes a signed statement of
 * what a TPM has measured (PCR 11) once this initrd has begun and before it ends: only then does a TPM give the data partition's key.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { words } from './command.ts';
import { linesFor } from './for-processor.ts';
import type { Build } from './root.ts';
import { runInside } from './tools-tree.ts';

const image = join(import.meta.dirname, '..');

export interface KernelInputs {
  readonly kernel: string;
  readonly kernelVersion: string;
  readonly initrd: string;
  readonly roothash: string;
  readonly keysFolder: string;
}

/** EFI's names of the processor. */
export const efiName = { amd64: 'x64', arm64: 'aa64' } as const;

/** Makes `gatehouse.efi` and `loader.efi` in the folder `work`, whose folder `root` is the root. */
export function makeKernelImage({ tools, work, release }: Build, inputs: KernelInputs): void {
  const text = readFileSync(join(image, 'cmdline'), 'utf8').replace(/^#.*$/gm, '');
  const asked = words(linesFor(text, release.architecture).join(' '));
  const commandLine = [`roothash=${inputs.roothash}`, ...asked].join(' ');
  const mounts = {
    [work]: 'work',
    [inputs.keysFolder]: 'keys',
    [join(inputs.kernel, '..')]: 'boot',
    [join(inputs.initrd, '..')]: 'initrd',
  };
  runInside(tools, mounts, words('openssl pkey -in /run/keys/pcr.key -pubout -out /run/work/pcr.pub'));
  const ukify =
    words(`ukify build --linux=/run/boot/vmlinuz-${inputs.kernelVersion} --initrd=/run/initrd/initrd
    --os-release=@/run/work/root/usr/lib/os-release --uname=${inputs.kernelVersion} --output=/run/work/gatehouse.efi
    --secureboot-private-key=/run/keys/db.key --secureboot-certificate=/run/keys/db.crt
    --pcr-private-key=/run/keys/pcr.key --pcr-public-key=/run/work/pcr.pub --pcr-banks=sha256 --phases=enter-initrd`);
  runInside(tools, mounts, [...ukify, `--cmdline=${commandLine}`]);
  const loader = `/usr/lib/systemd/boot/efi/systemd-boot${efiName[release.architecture]}.efi`;
  const sign = words('sbsign --key=/run/keys/db.key --cert=/run/keys/db.crt --output=/run/work/loader.efi');
  runInside(tools, mounts, [...sign, loader]);
}
