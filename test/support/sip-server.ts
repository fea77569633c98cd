/** drachtio-srf on a SIP server that is reached over TCP: our engine as a process, or whatever the environment names. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { join } from 'node:path';
import Srf from 'drachtio-srf';
import { onTestFinished } from 'vitest';
import type { Transport } from '../../appliance/sip/engine/engine.ts';
import { temporaryDirectory } from './directory.ts';
import type { TestSrf } from './sip-end.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

export interface ServerProcess extends ServerAddress {
  readonly process: ChildProcess;
}

/** `host:port` and the secret of a drachtio server whose listeners tests may use (test/README.md). */
export const namedServer: ServerAddress | undefined = (() => {
  const [, host, port] = /^(.+):(\d+)$/.exec(process.env['GATEHOUSE_SIP_SERVER'] ?? '') ?? [];
  if (host === undefined) return undefined;
  return { host, port: Number(port), secret: process.env['GATEHOUSE_SIP_SECRET'] ?? 'cymru' };
})();

/** Listens for SIP over UDP and TCP on loopback, on free ports unless one is given. */
export async function startServerProcess(
  given: { controlPort?: number; sipPort?: number; secret?: string } = {},
): Promise<ServerProcess> {
  const { controlPort = 0, sipPort = 0, secret = 'a secret of tests' } = given;
  const listen = (['udp', 'tcp'] as const).map((transport) => ({
    transport,
    address: '127.0.0.1',
    port: sipPort,
  }));
  const asked = { socket: join(temporaryDirectory(), 'control'), controlPort, secret, listen };
  const program = join(import.meta.dirname, 'sip-server-process.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(asked)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { process: child, host: '127.0.0.1', port: Number(/^ready (\d+)$/.exec(line)?.[1]), secret };
}

export interface Connected {
  readonly srf: TestSrf;
  /** Where the server listens for SIP; undefined where it doesn't over that transport. */
  readonly at: (transport: Transport) => { readonly address: string; readonly port: number } | undefined;
}

export async function connected({ host, port, secret }: ServerAddress): Promise<Connected> {
  const srf = new Srf() as unknown as TestSrf & {
    connect(to: ServerAddress): void;
    disconnect(): void;
    on(event: 'connect', listener: (error: Error | null, hostports: string) => void): void;
  };
  srf.on('error', () => undefined);
  const hostports = await new Promise<string>((resolve, reject) => {
    srf.on('connect', (error: Error | null, found: string) =>
      error === null ? resolve(found) : reject(error),
    );
    srf.connect({ host, port, secret });
  });
  onTestFinished(() => srf.disconnect());
  return {
    srf,
    at: (transport) => {
      const [, address, found] = new RegExp(`(?:^|,)${transport}/([^,]+):(\\d+)`).exec(hostports) ?? [];
      return address === undefined ? undefined : { address, port: Number(found) };
    },
  };
}
