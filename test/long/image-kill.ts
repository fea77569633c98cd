/** `kill -9` of each part of the emulated image while phones boot: it comes back, the others don't notice, no lease is lost. */
import { until } from '../support/command.ts';
import { openLab } from '../support/namespaces.ts';
import { relayAddress } from '../support/dhcp-wire.ts';
import { isServing } from '../image/figures.ts';
import { powerOn, type EmulatedMachine } from '../image/machine.ts';
import { openImageSite, parts } from '../image/site.ts';
import { startLeaseHolders } from './lease-holders.ts';
import type { Finding } from './results.ts';

const killsEach = 3;
const phones = 300;

export async function imageKill(say: (line: string) => void): Promise<Finding> {
  await using lab = openLab();
  const site = await openImageSite(lab);
  const relay = await site.around.device('relay', 0, { address: `${relayAddress}/16` });
  await using machine = powerOn(site.options);
  await isServing(machine, parts);
  await using holders = startLeaseHolders({ relay }, phones, { outstanding: 4, lostAfterMs: 2000 });
  const rows: string[] = [];
  const noticed: string[] = [];
  for (const part of parts) {
    const seconds: number[] = [];
    for (let kill = 0; kill < killsEach; kill += 1) {
      const before = await processes(machine);
      await machine.shell(`kill -9 ${before.get(part)}`);
      const begin = Date.now();
      const after = await comesBack(machine, part, before.get(part) ?? '');
      seconds.push((Date.now() - begin) / 1000);
      const others = parts.filter((other) => other !== part && after.get(other) !== before.get(other));
      if (others.length > 0) noticed.push(`${part}: ${others.join(', ')} began anew`);
    }
    rows.push(`| ${part} | ${seconds.map((value) => value.toFixed(0)).join(', ')} |`);
    say(`${part}: back after ${seconds.map((value) => value.toFixed(1)).join(', ')} s`);
  }
  const { broken, held } = await holders.check();
  return {
    name: 'image-kill',
    passed: broken.length === 0 && noticed.length === 0 && held > 0,
    detail:
      [...broken.slice(0, 5), ...noticed].join('; ') ||
      `Each part of the image under emulation was killed ${killsEach} times while ${phones} phones behind a relay booted, renewed and ` +
        `released. No other part began anew, and all ${held} leases were acknowledged with the same address afterwards.\n\n` +
        `| part | at work again after, s (an emulated processor) |\n|---|---|\n${rows.join('\n')}`,
  };
}

/** Part to number of its process; 0 while there is none. */
async function processes(machine: EmulatedMachine): Promise<ReadonlyMap<string, string>> {
  const text = await machine.shell(
    parts.map((part) => `echo ${part} $(systemctl show -P MainPID gatehouse@${part})`).join('\n'),
  );
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
}

async function comesBack(
  machine: EmulatedMachine,
  part: string,
  killed: string,
): Promise<ReadonlyMap<string, string>> {
  const isBack = async () => {
    const state = await machine.shell(`systemctl is-active gatehouse@${part} || true`);
    const now = await processes(machine);
    return state === 'active\n' && now.get(part) !== killed ? now : undefined;
  };
  return await until(`${part} to come back`, isBack, {
    timeoutMs: 120_000,
    everyMs: 200,
    hopeless: machine.hasEnded,
  });
}
