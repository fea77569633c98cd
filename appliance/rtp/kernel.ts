/** The kernel path as the relay sees it. Where the rules can't be, sessions stay with the process and nothing else changes. */
import { mayAdministerNetwork } from '../net/capabilities.ts';
import { openNft } from '../net/nft.ts';
import type { Health, World } from '../world.ts';
import { cardWithoutEthernet } from './kernel-network.ts';
import type { FlowPair } from './kernel-flows.ts';
import {
  changeSession,
  countFlows,
  findOrphans,
  inTurn,
  kernelRefused,
  loadTable,
  newKernelState,
  type KernelOptions,
  type KernelState,
} from './kernel-path.ts';
import { noTable } from './kernel-rules.ts';
import { openSamples } from './samples.ts';
import { watchKernelPath } from './kernel-watch.ts';

export interface KernelPath extends AsyncDisposable {
  /** These flows for that session from now on, or none. Resolves when what it had before is gone. */
  change(session: string, pair: FlowPair | undefined): Promise<void>;
  /** A packet of the session came to the process. */
  stray(session: string, leg: 'phone' | 'cloud'): void;
  forget(session: string): Promise<void>;
  /** Tells `onRelayed` what moved until now. */
  count(): Promise<void>;
  health(): Health;
  counters(): Readonly<Record<string, number>>;
}

type Wanted = 'auto' | 'on' | 'off';

/** `restored`: sessions that a process before us carried, whose rules stay. */
export async function openKernelPath(
  world: World,
  options: KernelOptions & { readonly wanted: Wanted },
  restored: ReadonlyMap<string, FlowPair>,
): Promise<KernelPath> {
  const refused = kernelRefused(options.wanted);
  if (refused !== undefined) {
    world.log.info({ reason: refused }, 'media is relayed by this process, not by the kernel');
    if (options.wanted === 'off') await withoutRules(world);
    return noKernelPath(options.wanted === 'on' ? refused : undefined);
  }
  const state = newKernelState(world, options);
  for (const [session, pair] of restored) await changeSession(state, session, pair);
  await findOrphans(state);
  await loadTable(state).catch(() => undefined);
  const stop = new AbortController();
  const watching = watchKernelPath(state, stop.signal);
  const samples = openSamples(world, options.onSample);
  return {
    change: (session, pair) => changeSession(state, session, pair),
    stray: (session, leg) => {
      const port = state.ports.get(session)?.[leg === 'phone' ? 0 : 1];
      const carried = port === undefined ? undefined : state.carried.get(port);
      if (carried !== undefined) carried.strays += 1;
    },
    forget: async (session) => {
      await changeSession(state, session, undefined);
      state.barred.delete(session);
    },
    count: async () => {
      await inTurn(state, () => countFlows(state)).catch((error: unknown) => {
        world.log.warn({ err: error }, 'the kernel could not be asked what it relayed');
      });
    },
    health: () => healthOf(state.problem ?? withoutEthernet(state)),
    counters: () => ({
      ...state.counters,
      ...samples.counters,
      kernel_path: state.isUp ? 1 : 0,
      kernel_sessions: state.isUp ? state.ports.size : 0,
    }),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
      await samples[Symbol.asyncDispose]();
      await inTurn(state, () => leave(state)).catch((error: unknown) => {
        world.log.warn({ err: error }, 'the rules of media could not be taken away');
      });
      await state.nft[Symbol.asyncDispose]();
    },
  };
}

/** Calls that go on keep their rules, for the process after us; without any the machine is left as it was. */
async function leave(state: KernelState): Promise<void> {
  if (!state.isUp || state.carried.size > 0) return;
  // By a child of its own: whoever stops us may have stopped the other one too.
  await state.nft.load(noTable);
}

/** Those that a process before us left for its calls would send on what comes to their ports later. */
async function withoutRules({ log }: World): Promise<void> {
  if (!mayAdministerNetwork()) return;
  await using nft = openNft();
  await nft.load(noTable).catch((error: unknown) => {
    log.warn({ err: error }, 'rules of media that are not wanted any more could not be taken away');
  });
}

function withoutEthernet({ network }: KernelState): string | undefined {
  const card = cardWithoutEthernet(network);
  return card && `${card}, by which the internet is reached, has no Ethernet`;
}

function healthOf(problem: string | undefined): Health {
  if (problem === undefined) return { state: 'ok' };
  return { state: 'degraded', reason: `media goes through this process, not the kernel: ${problem}` };
}

function noKernelPath(problem: string | undefined): KernelPath {
  return {
    change: async () => undefined,
    stray: () => undefined,
    forget: async () => undefined,
    count: async () => undefined,
    health: () => healthOf(problem),
    counters: () => ({ kernel_path: 0, kernel_sessions: 0 }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
