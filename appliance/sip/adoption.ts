/** What is left of calls that a process before us carried: media may still flow through `rtp`, either side may hang up or change them. */
import type { LegName } from '../protocol/media-control.ts';
import { readCallDialogs } from '../store/call-dialogs.ts';
import { endCall, readOpenCalls, type Call } from '../store/calls.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../world.ts';
import type { Afterwards } from './afterwards.ts';
import { newAdoptedLegs, type AdoptedLeg } from './adopted-legs.ts';
import type { Engine } from './engine/engine.ts';
import type { KeptDialogs, KeptLeg } from './kept-dialogs.ts';
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
  /** What was written down of a call; undefined when that is not enough, or its media has ended. */
  kept(call: string): KeptCall | undefined;
  /** Those whose media still flows. */
  ids(): string[];
  /** Somebody carries it on: it is none of these any more. */
  handOver(call: string): void;
  /** It was hung up. */
  over(media: Media, call: string, reason: string): Promise<void>;
  /** The relay can't be asked: all have ended, and are given. */
  giveUp(): string[];
  /** Still flowing. */
  readonly size: number;
}

export interface KeptCall {
  readonly call: Call;
  readonly legs: Readonly<Record<LegName, KeptLeg>>;
}

export const lost = 'lost with the process';

interface Needs {
  readonly store: Pick<Store, 'db'>;
  readonly clock: Pick<Clock, 'now'>;
  /** No call waits for what is written of those that have ended, nor does the start. */
  readonly afterwards: Pick<Afterwards, 'write'>;
  /** Of each that was up. */
  readonly onEnded: (call: string) => void;
}

export function openAdoption(needs: Needs): Adoption {
  const { store } = needs;
  const end = (calls: readonly Call[], reason = lost) => endAll(needs, calls, reason);
  const open = readOpenCalls(store.db);
  writeEnd(needs, calling(open, 'ringing'), lost);
  const waiting = new Map(calling(open, 'up').map((call) => [call.id, call]));
  const legs = newAdoptedLegs();
  const callOf = (session: string) => waiting.get(session.split('.')[0] ?? '');
  return {
    settle: async (media) => {
      if (waiting.size === 0) return [];
      const sessions = await media.stats();
      // A call that is held may be silent: the relay knows for how long.
      const there = new Set(sessions.map(({ session }) => callOf(session)));
      const gone = Array.from(waiting.values()).filter((call) => !there.has(call));
      for (const { id } of gone) waiting.delete(id);
      end(gone);
      return gone.map(({ id }) => id);
    },
    onIdle: async (media, session) => {
      const call = callOf(session);
      if (call === undefined) return undefined;
      waiting.delete(call.id);
      end([call]);
      await media.release(session);
      return call.id;
    },
    restore: (engine, kept) => {
      const rows = readCallDialogs(store.db).filter(({ call }) => waiting.has(call));
      legs.restore(rows, { engine, kept });
    },
    byDialog: legs.byDialog,
    ofCall: legs.ofCall,
    dialogsOn: legs.dialogsOn,
    kept: (id) => keptCall(waiting.get(id), legs.pairOf(id)),
    ids: () => Array.from(waiting.keys()),
    handOver: (id) => {
      legs.forget(id);
      waiting.delete(id);
    },
    over: async (media, id, why) => {
      const call = waiting.get(id);
      legs.forget(id);
      if (call === undefined) return;
      const sessions = await media.stats().catch(() => []);
      waiting.delete(id);
      end([call], why);
      for (const { session } of sessions) if (session.split('.')[0] === id) await media.release(session);
    },
    giveUp: () => {
      const all = Array.from(waiting.values());
      waiting.clear();
      end(all);
      return all.map(({ id }) => id);
    },
    has: (session) => callOf(session) !== undefined,
    get size() {
      return waiting.size;
    },
  };
}

function keptCall(
  call: KeptCall['call'] | undefined,
  legs: KeptCall['legs'] | undefined,
): KeptCall | undefined {
  return call && legs && { call, legs };
}

function calling(open: readonly Call[], wanted: Call['state']): Call[] {
  return open.filter(({ state }) => state === wanted);
}

function endAll(needs: Needs, calls: readonly Call[], reason: string): void {
  writeEnd(needs, calls, reason);
  for (const { id } of calls) needs.onEnded(id);
}

function writeEnd({ afterwards, clock }: Needs, calls: readonly Call[], reason: string): void {
  if (calls.length === 0) return;
  const endedAt = clock.now();
  afterwards.write((tx) => {
    for (const { id, mac } of calls) {
      endCall(tx.db, { id, endedAt, reason });
      tx.journal({ kind: 'call_ended', mac, body: { call: id, reason } });
    }
  });
}
