/** Parts of the box as processes of their own, in the place of those that a site of a test would start in itself. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Part } from '../../appliance/world.ts';
import { start, until, type Running } from './command.ts';
import { temporaryDirectory } from './directory.ts';
import type { SipSite } from './sip-site.ts';

const main = join(import.meta.dirname, '../../appliance/main.ts');

export interface SipProcess {
  /** For {@link openSipSite}. */
  readonly startSip: (settings: string) => Promise<Part>;
  /** The one that was started last. */
  readonly running: () => Running;
  /** By TLS, which it does last. */
  listens(site: { readonly port: Pick<SipSite['port'], 'tls'> }): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
}

/** SIP as its unit starts it: a process of its own. `memory`: directory that outlives it; keys are kept there if it is in memory. */
export function newSipProcess(memory = temporaryDirectory()): SipProcess {
  const started: Running[] = [];
  const running = () => {
    const last = started.at(-1);
    if (last === undefined) throw new Error('SIP was not started yet');
    return last;
  };
  return {
    running,
    listens: async ({ port }) => await listens(port.tls, running()),
    kill: async () => {
      running().kill('SIGKILL');
      await running().exited;
    },
    startSip: async (file) => {
      const last = startPart('sip', file, { RUNTIME_DIRECTORY: memory });
      started.push(last);
      return {
        health: () => ({ state: 'ok' }),
        counters: () => ({}),
        [Symbol.asyncDispose]: async () => await last[Symbol.asyncDispose](),
      };
    },
  };
}

/** `file`: settings. */
export function startPart(part: 'rtp' | 'sip', file: string, environment: NodeJS.ProcessEnv = {}): Running {
  return start([process.execPath, main, 'run', part, '--config', file], {
    environment: { ...process.env, ...environment, GATEHOUSE_LOG: 'warn' },
  });
}

async function listens(port: number, { lastWords, hasExited }: Running): Promise<void> {
  await until(
    'the SIP process to listen',
    async () => {
      const socket = connect(port, '127.0.0.1');
      const isOpen = await Promise.race([
        once(socket, 'connect').then(() => true),
        once(socket, 'error').then(() => undefined),
      ]).catch(() => undefined);
      socket.destroy();
      return isOpen;
    },
    { timeoutMs: 20_000, everyMs: 20, lastSeen: lastWords, hopeless: hasExited },
  );
}
