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
  /** Compares with the relay: calls whose media still flows are kept as up until it falls silent, all others have ended. */
  settle(media: Media): Promise<void>;
  /** The relay says that a session is silent; true when it is one of these. */
  onIdle(media: Media, session: string): Promise<boolean>;
  has(session: string): boolean;
  /** Their dialogs, as far as they were written down: in the engine, and by their ids. */
  restore(engine: Pick<Engine, 'restoreDialog'>, kept: KeptDialogs): void;
  byDialog(id: string): AdoptedLeg | undefined;
  /** The dialogs whose connection to the registrar has this name: each once, to be told that it is another one now. */
  dialogsOn(flow: string): string[];
  /** It was hung up. */
  over(media: Media, call: string, reason: string): Promise<void>;
  /** The relay can't be asked: all have ended. */
  giveUp(): Promise<void>;
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

/** Silent for longer than this when we come back: nobody is talking. */
const flowingMs = 5000;
const lost = 'lost with the process';

export async function openAdoption(store: Store, clock: Pick<Clock, 'now'>): Promise<Adoption> {
  const end = async (calls: readonly Call[], reason = lost) => await endAll({ store, clock }, calls, reason);
  const open = readOpenCalls(store.db);
  await end(open.filter(({ state }) => state === 'ringing'));
  const waiting = new Map(open.filter(({ state }) => state === 'up').map((call) => [call.id, call]));
  let legs: ReadonlyMap<string, AdoptedLeg> = new Map();
  const told = new Set<string>();
  const callOf = (session: string) => waiting.get(session.split('.')[0] ?? '');
  return {
    settle: async (media) => {
      if (waiting.size === 0) return;
      const sessions = await media.stats();
      const flowing = new Set(
        sessions.filter(({ silentMs }) => silentMs < flowingMs).map(({ session }) => callOf(session)?.id),
      );
      const gone = Array.from(waiting.values()).filter(({ id }) => !flowing.has(id));
      for (const { id } of gone) waiting.delete(id);
      await end(gone);
      for (const { session } of sessions)
        if (callOf(session) !== undefined) await media.expect(session, true);
    },
    onIdle: async (media, session) => {
      const call = callOf(session);
      if (call === undefined) return false;
      waiting.delete(call.id);
      await end([call]);
      await media.release(session);
      return true;
    },
    restore: (engine, kept) => {
      const rows = readCallDialogs(store.db).filter(({ call }) => waiting.has(call));
      legs = restoredLegs(
        rows.map((row) => ({ ...row, state: kept.read(row) })),
        engine,
      );
    },
    byDialog: (id) => {
      const leg = legs.get(id);
      return leg !== undefined && waiting.has(leg.call) ? leg : undefined;
    },
    dialogsOn: (flow) => untoldOn(legs, told, flow),
    over: async (media, id, why) => {
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

function untoldOn(legs: ReadonlyMap<string, AdoptedLeg>, told: Set<string>, flow: string): string[] {
  const ids = Array.from(legs.values(), ({ other }) => other)
    .filter((other) => other.flow === flow && !told.has(other.dialogId))
    .map(({ dialogId }) => dialogId);
  for (const id of ids) told.add(id);
  return ids;
}
