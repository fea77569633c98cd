/** The box for `provisioning.ts`, in a process of its own, with phones that have leases, and what processor time it takes. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverIdentity } from '../../appliance/net/authority.ts';
import type { CloudAuthority } from '../cloud/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { leaseAll } from '../support/lease.ts';
import type { BenchPhone } from './provisioning-client.ts';

export const address = '127.0.0.1';

export interface Stage {
  readonly directory: string;
  readonly authority: CloudAuthority;
  readonly caFile: string;
}

export interface Ports {
  readonly httpPort: number;
  readonly httpsPort: number;
}

export interface Box extends Ports {
  /** PEM of the site's authority. */
  readonly ca: string;
  /** Of its processor, so far. */
  readonly seconds: () => number;
  readonly stop: () => void;
}

export async function startBox(
  { directory, caFile }: Stage,
  { cloud, toml }: { cloud: Ports; toml?: string },
): Promise<Box> {
  const settings = {
    directory,
    caFile,
    httpPort: await freePort(),
    httpsPort: await freePort(),
    cloudHttpPort: cloud.httpPort,
    cloudHttpsPort: cloud.httpsPort,
    toml,
    // As the settings have it when they say nothing.
  };
  const child = fork(
    join(import.meta.dirname, '../support/provisioning-process.ts'),
    [JSON.stringify(settings)],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  const [ports] = (await once(child, 'message')) as [Ports];
  return {
    ...ports,
    ca: serverIdentity(directory, address).ca,
    seconds: () => processorSeconds(child.pid ?? 0),
    stop: () => child.kill('SIGKILL'),
  };
}

/** Of all threads of a process, its own and the kernel's for it (proc(5), `stat`). */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const ouis = {
  yealink: '00:15:65',
  poly: '00:04:f2',
  cisco: '00:56:2b',
  snom: '00:04:13',
  audiocodes: '00:90:8f',
  ale: '3c:28:a6',
};

/** Phones with a lease of ours each, at addresses of their own. */
export async function leasedPhones(
  { directory }: Pick<Stage, 'directory'>,
  { vendor, count }: { vendor: BenchPhone['vendor']; count: number },
): Promise<BenchPhone[]> {
  const net = 10 + Object.keys(ouis).indexOf(vendor);
  const phones = Array.from({ length: count }, (_, at) => {
    const [high, low] = [at >> 7, (at & 127) + 1];
    const ending = [0xbb, high, low].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    return { vendor, mac: `${ouis[vendor]}:${ending}`, from: `127.${net}.${high}.${low}`, url: '' };
  });
  await leaseAll(
    directory,
    phones.map(({ from, mac }) => ({ ip: from, holder: mac })),
  );
  return phones;
}
