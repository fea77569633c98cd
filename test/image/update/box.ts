/** A box under emulation that is updated: its settings, what a test asks it, and how long things take. */
import { join } from 'node:path';
import { until } from '../../support/command.ts';
import { openLab, type Lab, type Namespace } from '../../support/namespaces.ts';
import { newDisk, powerOn, type EmulatedMachine, type MachineOptions } from '../machine.ts';
import { machineDirectory, openSurroundings } from '../network.ts';
import type { UpdateFacts } from '../../../appliance/store/update-facts.ts';

/** A guard, no figure: a busy machine boots an emulated box in four minutes. */
export const bootMs = 600_000;

/** Without a slash at its end. */
export const pageUrl = 'https://10.66.0.1:8443';

const settings = `[site]
address = "10.66.0.1"
[dhcp]
mode = "server"
interface = "enp0s3"
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.150"]
[location]
interface = "enp0s3"
[web]
address = "10.66.0.1"
https_port = 8443
[update]
automatic = false
`;

export interface UpdateSite extends AsyncDisposable {
  readonly lab: Lab;
  readonly phone: Namespace;
  readonly options: MachineOptions;
}

export async function openUpdateSite(image: string): Promise<UpdateSite> {
  const lab = openLab();
  const around = await openSurroundings(lab, 1);
  const phone = await around.device('phone', 0, { mac: '80:5e:c0:00:00:01' });
  const directory = machineDirectory(lab, 'box');
  const options = {
    namespace: around.host,
    directory,
    disk: await newDisk(image, join(directory, 'disk.qcow2')),
    cards: around.cards,
    credentials: {
      'gatehouse.toml': settings,
      'network.network.10-phones':
        '[Match]\nName=enp0s3\n[Network]\nLinkLocalAddressing=no\nAddress=10.66.0.1/24\n',
    },
  };
  return { lab, phone, options, [Symbol.asyncDispose]: async () => await lab[Symbol.asyncDispose]() };
}

export type UpdateState = UpdateFacts & { readonly version: string; readonly floor: string };

/** Asks a system that may have restarted since. */
async function ask(machine: EmulatedMachine, script: string): Promise<string> {
  try {
    return await machine.shell(script, 150_000);
  } catch (error) {
    machine.forgetShell();
    throw error;
  }
}

export async function updateState(machine: EmulatedMachine): Promise<UpdateState> {
  const text = await ask(machine, 'gatehouse update --json 2>&1 || true');
  const line = text.split('\n').find((found) => found.startsWith('{'));
  if (line === undefined) throw new Error(`gatehouse update says ${text}`);
  return JSON.parse(line) as UpdateState;
}

/** Kernels on the boot partition, with their counters. */
export async function kernels(machine: EmulatedMachine): Promise<string[]> {
  const text = await ask(machine, 'ls -1 "$(bootctl --print-boot-path)/EFI/Linux"');
  return text.trim().split('\n').toSorted();
}

/** Until this release runs, its kernel is one that has proved itself, and the box has written down how its update ended. */
export async function proved(machine: EmulatedMachine, version: string, timeoutMs = bootMs): Promise<void> {
  const isProved = async () => {
    if (!(await kernels(machine)).includes(`gatehouse_${version}.efi`)) return undefined;
    const state = await updateState(machine);
    return (state.version === version && state.pending === undefined) || undefined;
  };
  await until(`${version} to prove itself`, isProved, {
    timeoutMs,
    everyMs: 2000,
    hopeless: machine.hasEnded,
    lastSeen: () => machine.console().slice(-3000),
  });
}

export async function waitFor(
  machine: EmulatedMachine,
  what: string,
  { holds, timeoutMs = bootMs }: { holds: (state: UpdateState) => boolean; timeoutMs?: number },
): Promise<UpdateState> {
  const look = async () => {
    const state = await updateState(machine);
    return holds(state) ? state : undefined;
  };
  return await until(what, look, {
    timeoutMs,
    everyMs: 3000,
    hopeless: machine.hasEnded,
    lastSeen: () => machine.console().slice(-3000),
  });
}

/** A machine whose disk and surroundings are the site's. */
export function switchOn({ options }: UpdateSite, more: Partial<MachineOptions> = {}): EmulatedMachine {
  return powerOn({ ...options, ...more });
}

/** Runs a module in the box, which has better-sqlite3 as `Database`; no double quotes. Gives back what it prints. */
export async function withSqlite(machine: EmulatedMachine, script: string): Promise<string> {
  const sqlite = '/usr/lib/gatehouse/node_modules/better-sqlite3/lib/index.js';
  const text = `import Database from '${sqlite}'; ${script}`.replaceAll('\n', ' ');
  return await machine.shell(`/usr/lib/gatehouse/bin/node --input-type=module -e "${text}"`);
}
