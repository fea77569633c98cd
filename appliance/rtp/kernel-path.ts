/** Streams that the kernel relays: what shall be in the rules, and putting it there. Without the rules all goes through the process. */
import { mayAdministerNetwork } from '../net/capabilities.ts';
import { openNft, type Nft } from '../net/nft.ts';
import type { LegName } from '../protocol/media-control.ts';
import type { World } from '../world.ts';
import { isSameFlow, type FlowPair } from './kernel-flows.ts';
import { readNetwork, wayOf, type Network } from './kernel-network.ts';
import type { Sample } from './samples.ts';
import {
  askCounts,
  askRefused,
  askWayCounts,
  changeFlows,
  mediaTable,
  noMediaTable,
  parseCounts,
  parseFlows,
  parseRefused,
  tableName,
  wayName,
  type FlowCount,
  type RoutedFlow,
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
  flow: RoutedFlow;
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
  /** By our port that it comes to. */
  readonly carried: Map<number, Carried>;
  /** Those ports by session: of the flow from the phone, and from the cloud. */
  readonly ports: Map<string, readonly [number, number]>;
  /** Sessions that there is no way for now: they get their rules when there is. */
  readonly waiting: Map<string, FlowPair>;
  /** Sessions whose packets the rules don't see. */
  readonly barred: Set<string>;
  readonly counters: { [name in keyof typeof noneYet]: number };
  isUp: boolean;
  problem: string | undefined;
  network: Network;
  /** Those that are in the table. */
  ways: Set<string>;
  /** Of the table's counter, when it was asked last. */
  refused: number;
  /** What is asked of nft comes one after the other. */
  turn: Promise<unknown>;
  /** What the next turn shall change: many calls at once are one transaction. */
  due: Due;
}

interface Due {
  readonly gone: Carried[];
  /** By our port that it comes to. */
  readonly fresh: Map<number, RoutedFlow>;
  readonly done: Promise<void> | undefined;
}

/** Why the rules can't be there; undefined when they can. */
export function kernelRefused(wanted: 'auto' | 'on' | 'off'): string | undefined {
  if (wanted === 'off') return 'switched off';
  if (!mayAdministerNetwork()) return 'no right to change the packet filter (CAP_NET_ADMIN)';
  if (wanted === 'auto' && process.getuid?.() === 0) return 'not done as root unless rtp.kernel_path is "on"';
  return undefined;
}

/** `changes`: flows put in or taken out; `refused`: packets of strangers beyond what they may send. */
const noneYet = { kernel_changes: 0, kernel_restored: 0, kernel_fell_back: 0, kernel_refused: 0 };

export function newKernelState(world: World, options: KernelOptions): KernelState {
  return {
    world,
    nft: openNft(),
    options,
    carried: new Map(),
    ports: new Map(),
    waiting: new Map(),
    barred: new Set(),
    counters: { ...noneYet },
    isUp: false,
    problem: 'not begun yet',
    network: readNetwork(),
    ways: new Set(),
    refused: 0,
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
  const allowed = state.barred.has(session) ? undefined : pair;
  const wanted = allowed && routed(state, allowed);
  if (allowed !== undefined && wanted === undefined) state.waiting.set(session, allowed);
  else state.waiting.delete(session);
  if (wanted === undefined ? before.length === 0 : isThere(before, wanted)) return;
  const { gone, fresh } = state.due;
  // What came and went before its turn was never there.
  gone.push(...before.filter(({ flow }) => !fresh.delete(flow.at.port)));
  for (const { flow } of before) state.carried.delete(flow.at.port);
  state.ports.delete(session);
  if (wanted !== undefined) enter(state, session, wanted);
  const done = state.due.done ?? inTurn(state, () => change(state));
  state.due = { gone, fresh, done };
  await done;
}

/** Puts the table there, in place of what may be. Rejects, with everything through the process, when it can't. */
export async function loadTable(state: KernelState): Promise<void> {
  state.network = readNetwork();
  for (const [session, pair] of state.waiting) {
    const wanted = routed(state, pair);
    if (wanted === undefined) continue;
    state.waiting.delete(session);
    enter(state, session, wanted);
  }
  // Those that have no way now get theirs with the next table.
  const flows = Array.from(state.carried.values()).flatMap((carried) => {
    const way = wayOf(state.network, carried.flow.to.address);
    if (way !== undefined) carried.flow = { ...carried.flow, way };
    return way === undefined ? [] : [carried.flow];
  });
  const { cards } = state.network;
  state.due = nothingDue();
  try {
    if (cards.size === 0) throw new Error('no card has Ethernet and an IPv4 network');
    await state.nft.load(mediaTable(state.options, [...cards], flows));
    state.ways = new Set(flows.map(wayName));
    state.refused = 0;
    // Counters begin anew with the table.
    for (const carried of state.carried.values()) carried.told = none;
    state.isUp = true;
    state.problem = undefined;
  } catch (error) {
    await fallBack(state, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Everything through the process: no packet is turned away from its socket. */
export async function fallBack(state: KernelState, problem: string): Promise<void> {
  if (state.isUp) state.counters.kernel_fell_back += 1;
  if (state.problem !== problem) state.world.log.warn({ problem }, 'media goes through this process');
  state.isUp = false;
  state.problem = problem;
  try {
    await state.nft.load(noMediaTable(state.options));
  } catch (error) {
    state.world.log.error({ err: error }, 'the rules of media could not be taken back');
  }
}

/** Rules found at the start whose sessions nobody knows: they go on for as long as packets do, and their ports stay taken. */
export async function findOrphans(state: KernelState): Promise<void> {
  const printed = await state.nft.ask(`list table netdev ${tableName}`).catch(() => '');
  const movedAt = state.world.clock.monotonic();
  for (const found of parseFlows(printed)) {
    const way = wayOf(state.network, found.to.address);
    if (way === undefined || !state.options.reservePort(found.at.port)) continue;
    const flow = { ...found, way };
    state.carried.set(flow.at.port, { flow, owner: undefined, told: none, movedAt, strays: 0 });
  }
}

/** Packets that moved since it was asked last, by flow. In its turn only. */
export async function countFlows(state: KernelState): Promise<Map<RoutedFlow, number>> {
  const moved = new Map<RoutedFlow, number>();
  if (!state.isUp || state.carried.size === 0) return moved;
  for (const way of state.ways) {
    for (const [port, count] of parseCounts(await state.nft.ask(askWayCounts(way)))) {
      const carried = state.carried.get(port);
      // One that is due has the port of another, whose count this is.
      if (carried !== undefined && !state.due.fresh.has(port))
        moved.set(carried.flow, tell(state, carried, count));
    }
  }
  return moved;
}

/** In its turn only. */
export async function countRefused(state: KernelState): Promise<void> {
  const refused = parseRefused(await state.nft.ask(askRefused));
  state.counters.kernel_refused += refused - state.refused;
  state.refused = refused;
}

const none: FlowCount = { packets: 0, bytes: 0 };
/** Of IP without options, and UDP. */
const headerBytes = 28;

/** Packets since it was told last. */
function tell({ options, world }: KernelState, carried: Carried, count: FlowCount): number {
  const packets = count.packets - carried.told.packets;
  if (packets <= 0) return 0;
  const bytes = count.bytes - carried.told.bytes - packets * headerBytes;
  carried.told = count;
  carried.movedAt = world.clock.monotonic();
  if (carried.owner !== undefined) options.onRelayed({ ...carried.owner, packets, bytes });
  return packets;
}

function nothingDue(): Due {
  return { gone: [], fresh: new Map(), done: undefined };
}

async function change(state: KernelState): Promise<void> {
  const { nft, counters } = state;
  const { gone, fresh } = state.due;
  state.due = nothingDue();
  if (!state.isUp || gone.length + fresh.size === 0) return;
  const before = inTable(state, gone);
  try {
    const counting = before.length === 0 ? undefined : nft.ask(askCounts(before));
    const flows = Array.from(fresh.values());
    const changing = nft.ask(changeFlows(before, flows, state.ways));
    const [printed = ''] = await Promise.all([counting, changing]);
    const last = parseCounts(printed);
    for (const flow of flows) state.ways.add(wayName(flow));
    for (const carried of gone) tell(state, carried, last.get(carried.flow.at.port) ?? none);
    counters.kernel_changes += gone.length + fresh.size;
  } catch (error) {
    state.world.log.warn({ err: error }, 'the rules of media could not be changed: made anew');
    counters.kernel_restored += 1;
    await loadTable(state).catch(() => undefined);
  }
}

/** Of these, the flows that the table has: those that had a way when it was made. */
export function inTable({ network }: KernelState, carried: readonly Carried[]): RoutedFlow[] {
  return carried.map(({ flow }) => flow).filter(({ to }) => wayOf(network, to.address) !== undefined);
}

function carriedOf({ ports, carried }: KernelState, session: string): Carried[] {
  return (ports.get(session) ?? []).flatMap((port) => carried.get(port) ?? []);
}

type RoutedPair = readonly [RoutedFlow, RoutedFlow];

/** Undefined where the kernel knows no way to one of them: the process tries, and hears why. */
function routed({ network }: KernelState, [phone, cloud]: FlowPair): RoutedPair | undefined {
  const ways = [phone, cloud].map(({ to }) => wayOf(network, to.address));
  if (ways[0] === undefined || ways[1] === undefined) return undefined;
  return [
    { ...phone, way: ways[0] },
    { ...cloud, way: ways[1] },
  ];
}

function isThere([phone, cloud]: readonly Carried[], pair: RoutedPair): boolean {
  return (
    phone !== undefined &&
    cloud !== undefined &&
    isSameFlow(phone.flow, pair[0]) &&
    isSameFlow(cloud.flow, pair[1])
  );
}

function enter(state: KernelState, session: string, [phone, cloud]: RoutedPair): void {
  const first = add(state, { session, leg: 'phone' }, phone);
  state.ports.set(session, [first, add(state, { session, leg: 'cloud' }, cloud)]);
}

/** Our port that it comes to. */
function add(state: KernelState, owner: Carried['owner'], flow: RoutedFlow): number {
  const { port } = flow.at;
  const movedAt = state.world.clock.monotonic();
  state.carried.set(port, { flow, owner, told: none, movedAt, strays: 0 });
  state.due.fresh.set(port, flow);
  return port;
}
