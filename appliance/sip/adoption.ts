/** What is left of calls that a process before us carried: their dialogs are lost, but media may still flow through `rtp`. */
import { endCall, readOpenCalls, type Call } from '../store/calls.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../world.ts';
import type { Media } from './media.ts';

export interface Adoption {
  /** Compares with the relay: calls whose media still flows are kept as up until it falls silent, all others have ended. */
  settle(media: Media): Promise<void>;
  /** The relay says that a session is silent; true when it is one of these. */
  onIdle(media: Media, session: string): Promise<boolean>;
  has(session: string): boolean;
  /** The relay can't be asked: all have ended. */
  giveUp(): Promise<void>;
  /** Still flowing. */
  readonly size: number;
}

/** Silent for longer than this when we come back: nobody is talking. */
const flowingMs = 5000;
const reason = 'lost with the process';

export async function openAdoption(store: Store, clock: Pick<Clock, 'now'>): Promise<Adoption> {
  const end = async (calls: readonly Call[]) => {
    if (calls.length === 0) return;
    await store.write((tx) => {
      for (const { id, mac } of calls) {
        endCall(tx.db, { id, endedAt: clock.now(), reason });
        tx.journal({ kind: 'call_ended', mac, body: { call: id, reason } });
      }
    });
  };
  const open = readOpenCalls(store.db);
  await end(open.filter(({ state }) => state === 'ringing'));
  const waiting = new Map(open.filter(({ state }) => state === 'up').map((call) => [call.id, call]));
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
