/** Calls follow when an address of ours toward the cloud is gone and there is another way: those for help first, the others paced. */
import { ownAddresses } from '../net/card.ts';
import { sourceToward } from '../net/source-address.ts';
import { repeat } from '../world.ts';
import type { Application } from './application.ts';
import { hangUp } from './call-end.ts';
import { recordMove } from './call-record.ts';
import type { LiveCall } from './call-table.ts';
import { hangUpMoved, moveCall, type Moved } from './moved-call.ts';
import { takeUp } from './taken-up-call.ts';

const everyMs = 500;
/** Of calls that are none for help, each time. */
const mostAtOnce = 25;
/** Silence for longer is the end of a call; one for help goes on trying. */
const giveUpMs = 30_000;
const helpAgainMs = 10_000;

interface Move {
  /** Ours. */
  readonly from: string;
  readonly since: number;
  notBefore: number;
  isUnderWay: boolean;
}

/** A server elsewhere keeps its dialogs to itself: there the calls end by their silence. */
export function followAddresses(app: Application, onError: (error: unknown) => void): AsyncDisposable {
  const { clock } = app.world;
  const moves = new Map<LiveCall, Move>();
  /** At the last look: a card may lose its address for a moment. */
  let missing: ReadonlySet<string> = new Set();
  const look = async () => {
    const before = missing;
    const used = app.server.engine.relocateDialog === undefined ? [] : inUse(app);
    const own = used.length === 0 ? new Set<string>() : ownAddresses();
    missing = new Set(used.filter((address) => !own.has(address)));
    const gone = new Set(Array.from(missing).filter((address) => before.has(address)));
    await giveUpConnections(app, gone);
    for (const call of movedCalls(app, gone)) {
      const { phone, cloud } = call.media.addresses;
      if (own.has(phone) && !moves.has(call))
        moves.set(call, { from: cloud, since: clock.monotonic(), notBefore: 0, isUnderWay: false });
    }
    for (const [call, move] of dueMoves(moves, clock.monotonic())) {
      move.isUnderWay = true;
      void attempt(app, call, move)
        .then((isOver) => isOver && moves.delete(call))
        .catch(onError)
        .finally(() => {
          move.isUnderWay = false;
        });
    }
  };
  return repeat(clock, everyMs, { work: look, onError });
}

/** Ours that calls through the registrar have their media at. */
function inUse({ calls, adoption }: Application): string[] {
  const live = calls.all().flatMap(({ isLocal, media }) => (isLocal ? [] : [media.addresses.cloud]));
  return [...live, ...adoption.ids().flatMap((id) => keptAddress(adoption, id) ?? [])];
}

/** Undefined for a call between phones here. */
function keptAddress(adoption: Application['adoption'], id: string): string | undefined {
  const cloud = adoption.kept(id)?.legs.cloud;
  return cloud?.token === undefined ? cloud?.state.flow.local.address : undefined;
}

/**
 * Of calls: whoever waits for an answer over one hears that there is none, and goes another way. Not while there is no other. Those
 * that no call uses end by their own silence, one after the other.
 */
async function giveUpConnections(app: Application, gone: ReadonlySet<string>): Promise<void> {
  if (gone.size === 0) return;
  const { engine } = app.server;
  const used = new Set(app.calls.all().flatMap((call) => flowsOf(app, call)));
  const flows = Array.from(gone).flatMap((address) => engine.flowsAt?.(address) ?? []);
  const isWay = new Map<string, boolean>();
  for (const { id, remote, fail } of flows) {
    if (!used.has(id)) continue;
    const { address } = remote;
    if (!isWay.has(address)) isWay.set(address, (await sourceToward(address)) !== undefined);
    if (isWay.get(address) === true) fail?.();
  }
}

function flowsOf({ server }: Application, { isLocal, binding, dialogs }: LiveCall): string[] {
  if (isLocal) return [];
  return [binding.flow, server.engine.dialogState?.(dialogs.cloud ?? '')?.flow.id ?? binding.flow];
}

/** Also those of the process before us, which are ours from now on. */
function movedCalls(app: Application, gone: ReadonlySet<string>): LiveCall[] {
  for (const id of app.adoption.ids()) {
    const address = keptAddress(app.adoption, id);
    if (address !== undefined && gone.has(address)) takeUp(app, id);
  }
  return app.calls
    .all()
    .filter(({ state, isLocal, media }) => state === 'up' && !isLocal && gone.has(media.addresses.cloud));
}

function dueMoves(moves: Map<LiveCall, Move>, now: number): [LiveCall, Move][] {
  for (const call of moves.keys()) if (call.state !== 'up') moves.delete(call);
  const due = Array.from(moves).filter(([, move]) => !move.isUnderWay && move.notBefore <= now);
  const [forHelp, others] = [true, false].map((is) => due.filter(([call]) => call.isEmergency === is));
  return [...(forHelp ?? []), ...(others ?? []).slice(0, mostAtOnce)];
}

/** True when there is nothing more to do. */
async function attempt(app: Application, call: LiveCall, move: Move): Promise<boolean> {
  const moved = await moveCall(app, call).catch((error: unknown): Moved => ({
    kind: 'again',
    afterMs: everyMs,
    why: String(error),
  }));
  if (call.state !== 'up') return true;
  const { clock, log } = app.world;
  const now = clock.monotonic();
  if (moved.kind === 'moved') {
    // It may have come back.
    if (call.media.addresses.cloud !== move.from) recordMove(app, call, now - move.since);
    return true;
  }
  const isLate = now - move.since > giveUpMs;
  const isFinal = moved.kind !== 'again' || (isLate && !call.isEmergency);
  if (isFinal || isLate)
    log.warn({ call: call.id, why: moved.why }, 'a call could not follow the address of the box');
  if (!isFinal || call.isEmergency) {
    move.notBefore = now + (moved.kind === 'again' && !isLate ? moved.afterMs : helpAgainMs);
    return false;
  }
  app.counters.calls_not_moved += 1;
  if (moved.kind === 'gone') await hangUp(app, call, { reason: 'cloud hung up', legs: ['phone', 'cloud'] });
  else await hangUpMoved(app, call);
  return true;
}
