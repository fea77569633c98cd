/** An emulated TPM 2.0: a chip that somebody can take from one machine and give to another. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until, words } from '../../support/command.ts';
import type { MachineOptions } from '../machine.ts';

/** The machine with the chip whose memory is in this folder; made anew when it isn't there. The chip goes off with the machine. */
export async function withTpm(options: MachineOptions, chip: string): Promise<MachineOptions> {
  mkdirSync(chip, { recursive: true });
  const socket = join(options.directory, 'tpm.sock');
  rmSync(socket, { force: true });
  const running = options.namespace.start([
    ...words('swtpm socket --tpm2 --terminate'),
    '--tpmstate',
    `dir=${chip}`,
    '--ctrl',
    `type=unixio,path=${socket}`,
  ]);
  await until('the TPM', () => existsSync(socket), {
    timeoutMs: 10_000,
    hopeless: running.hasExited,
    lastSeen: running.lastWords,
  });
  return {
    ...options,
    hardware: [
      ...(options.hardware ?? []),
      ...words(`-chardev socket,id=tpm,path=${socket} -tpmdev emulator,id=tpm0,chardev=tpm`),
      ...words('-device tpm-crb,tpmdev=tpm0'),
    ],
  };
}
