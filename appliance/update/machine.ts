/** The steps that change this machine, by systemd's own programs. */
import { runProgram } from '../net/program.ts';
import { systemctl } from '../net/systemctl.ts';
import { bootCount, bootId, clearTheWay, setBack } from './boot.ts';
import type { Machine } from './work.ts';

/** Half a gigabyte onto a slow disk. */
const installMs = 900_000;
const askMs = 60_000;

export function thisMachine(): Machine {
  return {
    bootId: bootId(),
    isOnTrial: bootCount() !== undefined,
    install: async (version) => {
      await clearTheWay(await bootPartition(), version);
      await runProgram('systemd-sysupdate', ['--verify=no', 'update', version], { timeoutMs: installMs });
      await runProgram('sync', [], { timeoutMs: askMs });
    },
    setBack: async (version) => await setBack(await bootPartition(), version),
    restart: async () => {
      await systemctl('reboot');
    },
  };
}

async function bootPartition(): Promise<string> {
  return (await runProgram('bootctl', ['--print-boot-path'], { timeoutMs: askMs })).trim();
}
