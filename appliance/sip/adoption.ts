/** What is left of calls that a process before us carried: media may still flow through `rtp`, and either side may hang up. */
import type { LegName } from '../protocol/media-control.ts';
import { readCallDialogs, type CallDialog } from '../store/call-dialogs.ts';
import { endCall, readOpenCalls, type Call } from '../store/calls.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../world.ts';
import type { DialogState } from './engine/dialog-state.ts';
import type { Engine } from './engine/engine.ts';
import type { KeptDialogs } from './kept-dialogs.ts';
import type { Media } from './media.ts';

export interface Adoption {
  /** Compares with the relay: calls that it still has are kept as up until it says that they are silent; gives those that have ended. */
  settle(media: Media): Promise<string[]>;
  /** The relay says that a session is silent: the call that has ended with it, if it is one of these. */
  onIdle(media: Media, session: string): Promise<string | undefined>;
  has(session: string): boolean;
  /** Their dialogs, as far as they were written down: in the engine, and by their ids. */
  restore(engine: Pick<Engine, 'restoreDialog'>, kept: KeptDialogs): void;
  /** Also when its media has ended: whoever hangs up then is heard. */
  byDialog(id: string): AdoptedLeg | undefined;
  /** Both sides of a call; none when it was hung up. */
  ofCall(call: string): AdoptedLeg[];
  /** The dialogs whose connection to the registrar has this name. */
  dialogsOn(flow: string): string[];
  /** It was hung up. */
  over(media: Media, call: string, reason: string): Promise<void>;
  /** The relay can't be asked: all have ended, and are given. */
  giveUp(): Promise<string[]>;
  /** Still flowing. */
  readonly size: number;
}

/** One side of a call that is kept. */
export interface AdoptedLeg {
  readonly call: string;
  readonly leg: LegName;
  /** `flow`: name of the connection to the registrar, or of the phone's. */
  readonly other: { readonly dialogId: string; readonly flow: string };
}

const lost = 'lost with the process';

export async function openAdoption(store: Store, clock: Pick<Clock, 'now'>): Promise<Adoption> {
  const end = async (calls: readonly Call[], reason = lost) => await endAll({ store, clock }, calls, reason);
  const open = readOpenCalls(store.db);
  await end(open.filter(({ state }) => state === 'ringing'));
  const waiting = new Map(open.filter(({ state }) => state === 'up').map((call) => [call.id, call]));
  let legs = new Map<string, AdoptedLeg>();
  const callOf = (session: string) => waiting.get(session.split('.')[0] ?? '');
  return {
    settle: async (media) => {
      if (waiting.size === 0) return [];
      const sessions = await media.stats();
      // A call that is held may be silent: the relay knows for how long.
      const there = new Set(sessions.map(({ session }) => callOf(session)?.id));
      const gone = Array.from(waiting.values()).filter(({ id }) => !there.has(id));
      for (const { id } of gone) waiting.delete(id);
      await end(gone);
      return gone.map(({ id }) => id);
    },
    onIdle: async (media, session) => {
      const call = callOf(session);
      if (call === undefined) return undefined;
      waiting.delete(call.id);
      await end([call]);
      await media.release(session);
      return call.id;
    },
    restore: (engine, kept) => {
      const rows = readCallDialogs(store.db).filter(({ call }) => waiting.has(call));
      legs = restoredLegs(
        rows.map((row) => ({ ...row, state: kept.read(row) })),
        engine,
      );
    },
    byDialog: (id) => legs.get(id),
    ofCall: (id) => Array.from(legs.values()).filter(({ call }) => call === id),
    dialogsOn: (flow) =>
      Array.from(legs.values(), ({ other }) => other)
        .filter((other) => other.flow === flow)
        .map(({ dialogId }) => dialogId),
    over: async (media, id, why) => {
      for (const [dialogId, leg] of legs) if (leg.call === id) legs.delete(dialogId);
      const call = waiting.get(id);
      if (call === undefined) return;
      const sessions = await media.stats().catch(() => []);
      waiting.delete(id);
      await end([call], why);
      for (const { session } of sessions) if (session.split('.')[0] === id) await media.release(session);
    },
    giveUp: async () => {
      const all = Array.from(waiting.values());
      waiting.clear();
      await end(all);
      return all.map(({ id }) => id);
    },
    has: (session) => callOf(session) !== undefined,
    get size() {
      return waiting.size;
    },
  };
}

async function endAll(
  { store, clock }: { store: Store; clock: Pick<Clock, 'now'> },
  calls: readonly Call[],
  reason: string,
): Promise<void> {
  if (calls.length === 0) return;
  await store.write((tx) => {
    for (const { id, mac } of calls) {
      endCall(tx.db, { id, endedAt: clock.now(), reason });
      tx.journal({ kind: 'call_ended', mac, body: { call: id, reason } });
    }
  });
}

/** By the id of the dialog. Of a call that was not written down whole there are none. */
function restoredLegs(
  kept: readonly (Pick<CallDialog, 'call' | 'leg'> & { readonly state: DialogState })[],
  engine: Pick<Engine, 'restoreDialog'>,
): Map<string, AdoptedLeg> {
  const legs = new Map<string, AdoptedLeg>();
  for (const { call, leg, state } of kept) {
    const other = kept.find((row) => row.call === call && row.leg !== leg)?.state;
    if (other === undefined) continue;
    engine.restoreDialog?.(state);
    legs.set(state.id, { call, leg, other: { dialogId: other.id, flow: other.flow.id } });
  }
  return legs;
}
