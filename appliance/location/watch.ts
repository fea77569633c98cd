/** Watching one switch: polled when something happened in the network, and now and then when nothing did. */
import type { Clock, Health } from '../world.ts';
import type { SwitchTables } from './lldp-mib.ts';
import { pollSwitch, type SwitchConfig } from './snmp.ts';

export interface SwitchWatch {
  readonly config: SwitchConfig;
  /** The last that it told; `undefined` until it has answered once. */
  tables(): SwitchTables | undefined;
  health(): Health;
  /** Asks soon, and again a few times: a phone's LLDP may come seconds after its DHCP. */
  prod(): void;
  /** Resolves when the signal has ended the watch. */
  readonly done: Promise<void>;
}

export interface WatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly pollMs: number;
  readonly counters: { polls: number; polls_failed: number; walks: number };
  readonly onChange: (change: 'tables' | 'reachable' | 'unreachable') => void;
  /** For tests: what is called in place of the switch. */
  readonly poll?: Poller;
}

type Poller = (...asked: Required<Parameters<typeof pollSwitch>>) => ReturnType<typeof pollSwitch>;

/** After news from DHCP or SIP: link up to LLDP in the switch's table was measured at one second, fast start sends four. */
const prodDelaysMs = [200, 1000, 2000, 4000, 8000] as const;
/** An agent that is away isn't asked at every news. */
const awayMs = 10_000;
/** A walk now and then although the agent says that nothing changed. */
const pollsPerWalk = 20;
/** A large chassis switch needs some seconds for all its tables; phones have moved before one that needs this long is done. */
const longestPollMs = 120_000;
/** Agents count changes in seconds: one in the second of a walk is seen by walking once more after it. */
const confirmMs = 1200;

interface WatchState {
  tables: SwitchTables | undefined;
  /** `undefined`: it answers. */
  problem: string | undefined;
  askedAt: number;
  /** When to ask next apart from the regular poll, ascending. */
  prods: number[];
  wake: AbortController;
}

export function watchSwitch(config: SwitchConfig, options: WatchOptions): SwitchWatch {
  const { clock, signal } = options;
  const state: WatchState = {
    tables: undefined,
    problem: notAsked,
    askedAt: 0,
    prods: [],
    wake: new AbortController(),
  };

  const serve = async () => {
    let walkedAt: number | undefined;
    let isConfirmed = false;
    for (let count = 0; !signal.aborted; count += 1) {
      const before = isConfirmed && count % pollsPerWalk !== 0 ? walkedAt : undefined;
      const lastChange = await pollOnce({ config, options, state }, before);
      isConfirmed = lastChange !== undefined && lastChange === walkedAt;
      walkedAt = lastChange;
      if (lastChange !== undefined && !isConfirmed) addProd(state, clock.monotonic() + confirmMs);
      await waitForNext(state, options);
    }
  };

  return {
    config,
    tables: () => state.tables,
    health: () =>
      state.problem === undefined
        ? { state: 'ok' }
        : { state: 'degraded', reason: `switch ${config.name} (${config.address}) ${state.problem}` },
    prod: () => {
      const now = clock.monotonic();
      const [soon, ...later] = prodDelaysMs.map((delay) => now + delay);
      const next = Math.min(state.prods[0] ?? Number.POSITIVE_INFINITY, soon ?? now);
      // News upon news neither puts the next look off nor brings more of them.
      state.prods = [next, ...later];
      state.wake.abort();
    },
    done: serve(),
  };
}

const notAsked = 'has not been asked yet';

function addProd(state: WatchState, at: number): void {
  state.prods = [...state.prods, at].toSorted((a, b) => a - b).slice(0, prodDelaysMs.length + 1);
}

async function waitForNext(state: WatchState, { clock, signal, pollMs }: WatchOptions): Promise<void> {
  const regular = clock.monotonic() + pollMs;
  while (!signal.aborted) {
    const prodded = state.prods[0] ?? Number.POSITIVE_INFINITY;
    const due = Math.min(
      regular,
      state.problem === undefined ? prodded : Math.max(prodded, state.askedAt + awayMs),
    );
    const leftMs = due - clock.monotonic();
    if (leftMs <= 0) break;
    await clock.sleep(leftMs, AbortSignal.any([signal, state.wake.signal])).catch(() => undefined);
    if (state.wake.signal.aborted) state.wake = new AbortController();
  }
  const now = clock.monotonic();
  state.prods = state.prods.filter((at) => at > now);
}

/** Returns the agent's lastChange; `undefined` when it gave none, and the next poll has to walk. */
async function pollOnce(
  { config, options, state }: { config: SwitchConfig; options: WatchOptions; state: WatchState },
  before: number | undefined,
): Promise<number | undefined> {
  const { counters, onChange, clock, signal } = options;
  counters.polls += 1;
  state.askedAt = clock.monotonic();
  try {
    const { lastChange, tables } = await pollInTime(config, before, options);
    const wasAway = state.problem !== undefined && state.problem !== notAsked;
    state.problem = undefined;
    if (wasAway) onChange('reachable');
    if (tables !== undefined) {
      counters.walks += 1;
      state.tables = tables;
      onChange('tables');
    }
    return lastChange;
  } catch (error) {
    if (signal.aborted) return undefined;
    counters.polls_failed += 1;
    const wasThere = state.problem === undefined || state.problem === notAsked;
    state.problem = error instanceof Error ? error.message : String(error);
    if (wasThere) onChange('unreachable');
    return undefined;
  }
}

async function pollInTime(
  config: SwitchConfig,
  before: number | undefined,
  { clock, signal, poll = pollSwitch }: WatchOptions,
): ReturnType<typeof pollSwitch> {
  const done = new AbortController();
  const late = new AbortController();
  const tooLate = new Error(`answers too slowly: its tables took longer than ${longestPollMs / 1000} s`);
  void clock.sleep(longestPollMs, AbortSignal.any([signal, done.signal])).then(
    () => late.abort(tooLate),
    () => undefined,
  );
  try {
    return await poll(config, before, AbortSignal.any([signal, late.signal]));
  } finally {
    done.abort();
  }
}
