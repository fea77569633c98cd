/** Looks after the kernel path: what moved, whether the rules are still there, whether what comes in also leaves. */
import { isForwarding, setForwarding } from '../net/forwarding.ts';
import { changeFlows, parseTotals, tableName } from './kernel-rules.ts';
import { changeSession, fallBack, inTurn, loadTable, countFlows, type KernelState } from './kernel-path.ts';

const everyMs = 1000;
/** A count takes time with many sessions: this many times as long is rested after it, up to a limit that latching relies on. */
const restFactor = 30;
export const longestRestMs = 5000;
const retryMs = { first: 10_000, last: 300_000 };
/** Packets that a session's process may see in the time of a count although the rules are there for them: some were on their way. */
const fewStrays = 20;
/** So few that say nothing. */
const fewPackets = 20;
/** Lost between two cards in the time of a count, of those that came. */
const badShare = 0.02;

interface Watch {
  countAt: number;
  retryAt: number;
  retryWaitMs: number;
  totals: { arrived: number; departed: number };
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
    totals: { arrived: 0, departed: 0 },
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
  if (!state.isUp) {
    if (now < watch.retryAt) return;
    watch.retryAt = now + watch.retryWaitMs;
    watch.retryWaitMs = Math.min(watch.retryWaitMs * 2, retryMs.last);
    await renew(state, watch);
    return;
  }
  if (!(await state.nft.ask('list chains ip')).includes(`table ip ${tableName} {`)) {
    // Nothing stands between the networks now.
    setForwarding(false);
    state.world.log.warn('the rules of media were taken away by another program: put back');
    state.counters.kernel_restored += 1;
    await renew(state, watch);
    return;
  }
  if (!isForwarding()) {
    state.counters.kernel_restored += 1;
    setForwarding(true);
  }
  if (now < watch.countAt) return;
  await count(state, watch);
  const tookMs = state.world.clock.monotonic() - now;
  watch.countAt = now + Math.min(Math.max(everyMs / 2, tookMs * restFactor), longestRestMs);
}

async function renew(state: KernelState, watch: Watch): Promise<void> {
  await loadTable(state);
  watch.totals = { arrived: 0, departed: 0 };
  watch.lossy = 0;
}

async function count(state: KernelState, watch: Watch): Promise<void> {
  const totals = parseTotals(await state.nft.ask(`list counters table ip ${tableName}`));
  if (isLossy(watch, totals)) {
    watch.retryAt = state.world.clock.monotonic() + watch.retryWaitMs;
    await fallBack(state, 'packets that the kernel was to relay did not leave');
    return;
  }
  if (watch.lossy === 0) watch.retryWaitMs = retryMs.first;
  if (state.carried.size === 0) return;
  await countFlows(state);
  await removeOrphans(state);
  await mend(state, watch);
}

/** None left of some: at once. A few, twice in a row. */
function isLossy(watch: Watch, totals: Watch['totals']): boolean {
  const came = totals.arrived - watch.totals.arrived;
  const lost = came - (totals.departed - watch.totals.departed);
  watch.totals = totals;
  watch.lossy = lost > Math.max(fewPackets, came * badShare) ? watch.lossy + 1 : 0;
  return watch.lossy > 1 || (came > fewPackets && lost >= came);
}

async function removeOrphans(state: KernelState): Promise<void> {
  const now = state.world.clock.now();
  const silent = Array.from(state.carried.values()).filter(
    ({ owner, movedAt }) => owner === undefined && now - movedAt > state.options.idleMs,
  );
  if (silent.length === 0) return;
  const flows = silent.map(({ flow }) => flow);
  await state.nft.ask(changeFlows(flows, []));
  for (const { mark, at } of flows) {
    state.carried.delete(mark);
    state.options.releasePort(at.port);
  }
}

/**
 * Sessions whose packets come to the process although the rules are there for them: the rules are made anew, once, since somebody
 * may have changed them. Where that is no help (packets without a checksum, or in pieces), the process keeps the session.
 */
async function mend(state: KernelState, watch: Watch): Promise<void> {
  const now = state.world.clock.now();
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
