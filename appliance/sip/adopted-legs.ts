/** The dialogs of calls that a process before us carried, as far as they were written down. */
import type { LegName } from '../protocol/media-control.ts';
import type { CallDialog } from '../store/call-dialogs.ts';
import type { Engine } from './engine/engine.ts';
import type { KeptDialogs, KeptLeg } from './kept-dialogs.ts';

/** One side of a call that is kept. */
export interface AdoptedLeg {
  readonly call: string;
  readonly leg: LegName;
  readonly kept: KeptLeg;
  /** `flow`: name of the connection to the registrar, or of the phone's. */
  readonly other: { readonly dialogId: string; readonly flow: string };
}

export function newAdoptedLegs() {
  const legs = new Map<string, AdoptedLeg>();
  const ofCall = (id: string) => Array.from(legs.values()).filter(({ call }) => call === id);
  return {
    /** In the engine, and by the ids of their dialogs. Of a call that was not written down whole there are none. */
    restore: (
      written: readonly CallDialog[],
      { engine, kept: dialogs }: { engine: Pick<Engine, 'restoreDialog'>; kept: KeptDialogs },
    ): void => {
      const rows = written.map((row) => ({ ...row, kept: dialogs.read(row) }));
      for (const { call, leg, kept } of rows) {
        const other = rows.find((row) => row.call === call && row.leg !== leg)?.kept.state;
        if (other === undefined) continue;
        engine.restoreDialog?.(kept.state);
        legs.set(kept.state.id, { call, leg, kept, other: { dialogId: other.id, flow: other.flow.id } });
      }
    },
    byDialog: (id: string) => legs.get(id),
    ofCall,
    /** Undefined unless there are both. */
    pairOf: (id: string): Readonly<Record<LegName, KeptLeg>> | undefined => {
      const own = ofCall(id);
      const of = (name: LegName) => own.find(({ leg }) => leg === name)?.kept;
      const [phone, cloud] = [of('phone'), of('cloud')];
      return phone && cloud && { phone, cloud };
    },
    dialogsOn: (flow: string) =>
      Array.from(legs.values(), ({ other }) => other)
        .filter((other) => other.flow === flow)
        .map(({ dialogId }) => dialogId),
    forget: (id: string): void => {
      for (const [dialogId, { call }] of legs) if (call === id) legs.delete(dialogId);
    },
  };
}
