/** Looks after the kernel path: what moved, whether rules and routes are still the same, whether what comes in also leaves. */
import { isDeepStrictEqual } from 'node:util';
import { readArpTable } from '../net/arp-table.ts';
import { cardSent } from '../net/card.ts';
import { readNetwork } from './kernel-network.ts';
import { changeFlows, tableName, type RoutedFlow } from './kernel-rules.ts';
import {
  changeSession,
  countFlows,
  countRefused,
  fallBack,
  inTable,
  inTurn,
  loadTable,
  type KernelState,
} from './kernel-path.ts';

const everyMs = 1000;
/** A count takes time with many sessions: this many times as long is rested after it, up to a limit that latching relies on. */
const restFactor = 200;
export const longestRestMs = 5000;
const retryMs = { first: 10_000, last: 300_000 };
/** Packets that a session's process may see in the time of a count although the rules are there for them: some were on their way. */
const fewStrays = 20;
/** So few that say nothing. */
const fewPackets = 20;

interface Watch {
  countAt: number;
  retryAt: number;
  retryWaitMs: number;
  /** Packets that each card had sent at the last count, ours and others. */
  sent: ReadonlyMap<string, number>;
  /** Counts in a row with losses. */
  lossy: number;
  isMended: boolean;
}

export async function watchKernelPath(state: KernelState, signal: AbortSignal): Promise<void> {
  const { clock, log } = state.world;
  const watch: Watch = {
    countAt: 0,
    retryAt: 0,
    retryWaitMs: retryMs.first,
    sent: new Map(),
    lossy: 0,
    isMended: false,
  };
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    await inTurn(state, () => look(state, watch)).catch((error: unknown) => {
      log.warn({ err: error }, 'the kernel path could not be looked after');
    });
  }
}

async function look(state: KernelState, watch: Watch): Promise<void> {
  const now = state.world.clock.monotonic();
  const isSameNetwork = isDeepStrictEqual(state.network, readNetwork());
  if (!state.isUp) {
    if (now < watch.retryAt && isSameNetwork) return;
    watch.retryAt = now + watch.retryWaitMs;
    watch.retryWaitMs = Math.min(watch.retryWaitMs * 2, retryMs.last);
    await renew(state, watch);
    return;
  }
  // To list tables nft reads all that is in them.
  if (!(await state.nft.ask('list chains netdev')).includes(`table netdev ${tableName}`)) {
    state.world.log.warn('the rules of media were taken away by another program: put back');
    state.counters.kernel_restored += 1;
    await renew(state, watch);
    return;
  }
  if (!isSameNetwork) {
    await renew(state, watch);
    return;
  }
  if (now < watch.countAt) return;
  await count(state, watch);
  const tookMs = state.world.clock.monotonic() - now;
  // Who is not heard waits for no rest.
  const restMs = watch.lossy > 0 ? 0 : tookMs * restFactor;
  watch.countAt = now + Math.min(Math.max(everyMs / 2, restMs), longestRestMs);
}

async function renew(state: KernelState, watch: Watch): Promise<void> {
  await loadTable(state);
  watch.sent = new Map();
  watch.lossy = 0;
}

async function count(state: KernelState, watch: Watch): Promise<void> {
  await countRefused(state);
  const moved = await countFlows(state);
  if (isLossy(watch, leaving(moved))) {
    watch.retryAt = state.world.clock.monotonic() + watch.retryWaitMs;
    await fallBack(state, 'packets that the kernel was to relay did not leave');
    return;
  }
  if (watch.lossy === 0) watch.retryWaitMs = retryMs.first;
  if (state.carried.size === 0) return;
  await removeOrphans(state);
  await mend(state, watch);
}

/** By card: packets that must have left by it. What nobody at the other end takes is not the rules' fault. */
function leaving(moved: ReadonlyMap<RoutedFlow, number>): Map<string, number> {
  const byCard = new Map<string, number>();
  const reached = new Set(readArpTable().map(({ ip }) => ip));
  for (const [{ way, to }, packets] of moved)
    if (reached.has(way.gateway ?? to.address)) byCard.set(way.card, (byCard.get(way.card) ?? 0) + packets);
  return byCard;
}

/** Twice in a row a card has sent fewer than half of what it should have, whatever else it sends. */
function isLossy(watch: Watch, leftBy: ReadonlyMap<string, number>): boolean {
  const sent = new Map(Array.from(leftBy, ([card]) => [card, cardSent(card)]));
  const isShort = Array.from(leftBy).some(([card, wanted]) => {
    const before = watch.sent.get(card);
    return before !== undefined && wanted > fewPackets && (sent.get(card) ?? 0) - before < wanted / 2;
  });
  watch.sent = sent;
  watch.lossy = isShort ? watch.lossy + 1 : 0;
  return watch.lossy > 1;
}

async function removeOrphans(state: KernelState): Promise<void> {
  const now = state.world.clock.monotonic();
  const silent = Array.from(state.carried.values()).filter(
    ({ owner, movedAt }) => owner === undefined && now - movedAt > state.options.idleMs,
  );
  if (silent.length === 0) return;
  const flows = inTable(state, silent);
  if (flows.length > 0) await state.nft.ask(changeFlows(flows, [], state.ways));
  for (const { flow } of silent) {
    state.carried.delete(flow.at.port);
    state.options.releasePort(flow.at.port);
  }
}

/**
 * Sessions whose packets come to the process although the rules are there for them: the rules are made anew, once, since somebody
 * may have changed them. Where that is no help (packets without a checksum, or in pieces), the process keeps the session.
 */
async function mend(state: KernelState, watch: Watch): Promise<void> {
  const now = state.world.clock.monotonic();
  const missed = Array.from(state.carried.values()).filter(
    ({ strays, movedAt }) => strays > fewStrays && now - movedAt > everyMs,
  );
  for (const carried of state.carried.values()) carried.strays = 0;
  if (missed.length === 0) {
    watch.isMended = false;
    return;
  }
  if (!watch.isMended) {
    watch.isMended = true;
    state.counters.kernel_restored += 1;
    await renew(state, watch);
    return;
  }
  for (const { owner } of missed) {
    if (owner === undefined) continue;
    state.barred.add(owner.session);
    // Not waited for: its turn is after this one.
    void changeSession(state, owner.session, undefined);
  }
}
