/** The provisioning part in a process of its own, on ports that it keeps over a restart, before a stand-in cloud. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newCloudAuthority } from '../cloud/certificates.ts';
import { startProvisioningCloud, type ProvisioningCloud } from '../cloud/provisioning.ts';
import { address } from './provisioning-site.ts';

export interface ProvisioningBox extends AsyncDisposable {
  readonly cloud: ProvisioningCloud;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Resolves when the process has ended. */
  kill(): Promise<void>;
  /** On the same ports, when there is none. */
  start(): Promise<void>;
}

/** What the process stands on, when that is more than a directory: plugged in before each start, and taken away at each kill. */
export interface Ground {
  readonly stateDirectory: string;
  /** Words that go before the program. */
  plugIn(): Promise<readonly string[]>;
  cut(): Promise<void>;
}

export async function openProvisioningBox(directory: string, ground?: Ground): Promise<ProvisioningBox> {
  const authority = await newCloudAuthority();
  const cloud = await startProvisioningCloud({
    address,
    httpPort: 0,
    httpsPort: 0,
    tls: await authority.certificateFor(['usea.dm.sdg.teams.microsoft.com']),
  });
  const caFile = join(directory, 'cloud-ca.pem');
  writeFileSync(caFile, authority.ca);
  const settings = {
    directory: ground?.stateDirectory ?? directory,
    caFile,
    cloudHttpPort: cloud.httpPort,
    cloudHttpsPort: cloud.httpsPort,
  };
  const start = async (ports: { readonly httpPort: number; readonly httpsPort: number }) =>
    startProcess((await ground?.plugIn()) ?? [], { ...settings, ...ports });
  let running = await start({ httpPort: 0, httpsPort: 0 });
  const { httpPort, httpsPort } = running;
  const kill = async () => {
    await ground?.cut();
    if (running.child.exitCode !== null || running.child.signalCode !== null) return;
    running.child.kill('SIGKILL');
    await once(running.child, 'exit');
  };
  return {
    cloud,
    httpPort,
    httpsPort,
    kill,
    start: async () => {
      running = await start({ httpPort, httpsPort });
    },
    [Symbol.asyncDispose]: async () => {
      await kill();
      await cloud[Symbol.asyncDispose]();
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly httpPort: number;
  readonly httpsPort: number;
}

async function startProcess(inside: readonly string[], settings: object): Promise<Running> {
  const file = join(import.meta.dirname, 'provisioning-process.ts');
  const [program, ...words] = [...inside, process.execPath, file, JSON.stringify(settings)];
  const child = spawn(program ?? process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [ports] = (await once(child, 'message')) as [{ httpPort: number; httpsPort: number }];
  return { child, ...ports };
}
