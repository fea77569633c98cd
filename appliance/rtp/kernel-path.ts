/** Streams that the kernel relays: what shall be in the rules, and putting it there. Without the rules all goes through the process. */
import { mayAdministerNetwork, passOnlyMarked, setForwarding } from '../net/forwarding.ts';
import { openNft, type Nft } from '../net/nft.ts';
import type { LegName } from '../protocol/media-control.ts';
import { firstMark, markPrefix } from '../protocol/media-mark.ts';
import type { World } from '../world.ts';
import { isSameFlow, type FlowPair } from './kernel-flows.ts';
import type { Sample } from './samples.ts';
import {
  askCounts,
  changeFlows,
  mediaTable,
  nextMark,
  parseCounts,
  parseFlows,
  tableName,
  type Flow,
  type FlowCount,
} from './kernel-rules.ts';

export interface Relayed {
  readonly session: string;
  readonly leg: LegName;
  readonly packets: number;
  /** Of RTP. */
  readonly bytes: number;
}

export interface KernelOptions {
  readonly first: number;
  readonly last: number;
  /** Rules of nobody's session that are silent for so long go. */
  readonly idleMs: number;
  /** Counts since those told before; of each leg with packets. */
  readonly onRelayed: (relayed: Relayed) => void;
  readonly onSample: (sample: Sample) => void;
  /** Takes a port of ours out of those that are given out; false when a session has it. */
  readonly reservePort: (port: number) => boolean;
  readonly releasePort: (port: number) => void;
}

/** One direction, with what was told of it. */
export interface Carried {
  readonly flow: Flow;
  /** Of nobody's session: found in the rules at the start. */
  readonly owner: { readonly session: string; readonly leg: LegName } | undefined;
  told: FlowCount;
  movedAt: number;
  /** Packets that came to the process although the rules are there for them. */
  strays: number;
}

export interface KernelState {
  readonly world: World;
  readonly nft: Nft;
  readonly options: KernelOptions;
  readonly carried: Map<number, Carried>;
  /** Marks by session: of the flow from the phone, and from the cloud. */
  readonly marks: Map<string, readonly [number, number]>;
  /** Sessions whose packets the rules don't see. */
  readonly barred: Set<string>;
  /** `kernel_changes`: flows put in or taken out. */
  readonly counters: { kernel_changes: number; kernel_restored: number; kernel_fell_back: number };
  isUp: boolean;
  problem: string | undefined;
  lastMark: number;
  /** What is asked of nft comes one after the other. */
  turn: Promise<unknown>;
  /** What the next turn shall change: many calls at once are one transaction. */
  due: Due;
}

interface Due {
  readonly gone: Carried[];
  /** By mark. */
  readonly fresh: Map<number, Flow>;
  readonly done: Promise<void> | undefined;
}

/** Why the rules can't be there; undefined when they can. */
export function kernelRefused(wanted: 'auto' | 'on' | 'off'): string | undefined {
  if (wanted === 'off') return 'switched off';
  if (!mayAdministerNetwork()) return 'no right to change the packet filter (CAP_NET_ADMIN)';
  if (wanted === 'auto' && process.getuid?.() === 0) return 'not done as root unless rtp.kernel_path is "on"';
  return undefined;
}

export function newKernelState(world: World, options: KernelOptions): KernelState {
  return {
    world,
    nft: openNft(),
    options,
    carried: new Map(),
    marks: new Map(),
    barred: new Set(),
    counters: { kernel_changes: 0, kernel_restored: 0, kernel_fell_back: 0 },
    isUp: false,
    problem: 'not begun yet',
    lastMark: firstMark,
    turn: Promise.resolve(),
    due: nothingDue(),
  };
}

export async function inTurn<T>(state: KernelState, work: () => Promise<T>): Promise<T> {
  const mine = state.turn.then(work);
  state.turn = mine.catch(() => undefined);
  return await mine;
}

/** These flows for that session from now on, or none. Resolves when the rules say so, or with the path down. */
export async function changeSession(
  state: KernelState,
  session: string,
  pair: FlowPair | undefined,
): Promise<void> {
  const before = carriedOf(state, session);
  const wanted = state.barred.has(session) ? undefined : pair;
  if (wanted === undefined ? before.length === 0 : isThere(before, wanted)) return;
  for (const { flow } of before) state.carried.delete(flow.mark);
  state.marks.delete(session);
  if (wanted !== undefined) {
    const phone = add(state, { session, leg: 'phone' }, wanted[0]);
    state.marks.set(session, [phone, add(state, { session, leg: 'cloud' }, wanted[1])]);
  }
  const { gone, fresh } = state.due;
  // What came and went before its turn was never there.
  gone.push(...before.filter(({ flow }) => !fresh.delete(flow.mark)));
  const done = state.due.done ?? inTurn(state, () => change(state));
  state.due = { gone, fresh, done };
  await done;
}

/** Puts the table there, in place of what may be, and lets marked packets pass. Rejects, with nothing forwarded, when it can't. */
export async function loadTable(state: KernelState): Promise<void> {
  const { first, last } = state.options;
  const flows = Array.from(state.carried.values(), ({ flow }) => flow);
  state.due = nothingDue();
  try {
    // In this order no packet finds the rules there and no way on.
    await passOnlyMarked({ first: firstMark, prefix: markPrefix });
    setForwarding(true);
    await state.nft.load(mediaTable({ first, last }, flows));
    // Counters begin anew with the table.
    for (const carried of state.carried.values()) carried.told = none;
    state.isUp = true;
    state.problem = undefined;
  } catch (error) {
    await fallBack(state, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Everything through the process: nothing is forwarded any more, and no packet is turned away from its socket. */
export async function fallBack(state: KernelState, problem: string): Promise<void> {
  const { first, last } = state.options;
  if (state.isUp) state.counters.kernel_fell_back += 1;
  if (state.problem !== problem) state.world.log.warn({ problem }, 'media goes through this process');
  state.isUp = false;
  state.problem = problem;
  try {
    await state.nft.load(mediaTable({ first, last }, [])).finally(() => setForwarding(false));
  } catch (error) {
    state.world.log.error({ err: error }, 'the rules of media could not be taken back');
  }
}

/** Rules found at the start whose sessions nobody knows: they go on for as long as packets do, and their ports stay taken. */
export async function findOrphans(state: KernelState): Promise<void> {
  const printed = await state.nft.ask(`list table ip ${tableName}`).catch(() => '');
  const movedAt = state.world.clock.now();
  for (const found of parseFlows(printed)) {
    if (!state.options.reservePort(found.at.port)) continue;
    const flow = { ...found, mark: freeMark(state) };
    state.carried.set(flow.mark, { flow, owner: undefined, told: none, movedAt, strays: 0 });
  }
}

/** What moved since it was asked last. In its turn only. */
export async function countFlows(state: KernelState): Promise<void> {
  if (!state.isUp || state.carried.size === 0) return;
  const printed = await state.nft.ask(`list map ip ${tableName} leg`);
  for (const [mark, count] of parseCounts(printed)) {
    const carried = state.carried.get(mark);
    if (carried !== undefined) tell(state, carried, count);
  }
}

const none: FlowCount = { packets: 0, bytes: 0 };
/** Of IP without options, and UDP. */
const headerBytes = 28;

function tell({ options, world }: KernelState, carried: Carried, count: FlowCount): void {
  const packets = count.packets - carried.told.packets;
  if (packets <= 0) return;
  const bytes = count.bytes - carried.told.bytes - packets * headerBytes;
  carried.told = count;
  carried.movedAt = world.clock.now();
  if (carried.owner !== undefined) options.onRelayed({ ...carried.owner, packets, bytes });
}

function nothingDue(): Due {
  return { gone: [], fresh: new Map(), done: undefined };
}

async function change(state: KernelState): Promise<void> {
  const { nft, counters } = state;
  const { gone, fresh } = state.due;
  state.due = nothingDue();
  if (!state.isUp || gone.length + fresh.size === 0) return;
  const before = gone.map(({ flow }) => flow);
  try {
    const counting = before.length === 0 ? undefined : nft.ask(askCounts(before));
    const changing = nft.ask(changeFlows(before, Array.from(fresh.values())));
    const [printed = ''] = await Promise.all([counting, changing]);
    const last = parseCounts(printed);
    for (const carried of gone) tell(state, carried, last.get(carried.flow.mark) ?? none);
    counters.kernel_changes += gone.length + fresh.size;
  } catch (error) {
    state.world.log.warn({ err: error }, 'the rules of media could not be changed: made anew');
    counters.kernel_restored += 1;
    await loadTable(state).catch(() => undefined);
  }
}

function carriedOf({ marks, carried }: KernelState, session: string): Carried[] {
  return (marks.get(session) ?? []).flatMap((mark) => carried.get(mark) ?? []);
}

function isThere([phone, cloud]: readonly Carried[], pair: FlowPair): boolean {
  return (
    phone !== undefined &&
    cloud !== undefined &&
    isSameFlow(phone.flow, pair[0]) &&
    isSameFlow(cloud.flow, pair[1])
  );
}

/** Its mark. */
function add(state: KernelState, owner: { session: string; leg: LegName }, unmarked: FlowPair[0]): number {
  const flow = { ...unmarked, mark: freeMark(state) };
  const movedAt = state.world.clock.now();
  state.carried.set(flow.mark, { flow, owner, told: none, movedAt, strays: 0 });
  state.due.fresh.set(flow.mark, flow);
  return flow.mark;
}

function freeMark(state: KernelState): number {
  do state.lastMark = nextMark(state.lastMark);
  while (state.carried.has(state.lastMark));
  return state.lastMark;
}
