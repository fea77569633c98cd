/** Calls that are going on, found by dialog, media session or phone. */
import type { LegName } from '../protocol/media-control.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import type { BindingRow } from '../store/bindings.ts';
import type { Call } from '../store/calls.ts';
import type { CallMedia } from './call-media.ts';
import type { Rescue } from './call-ports.ts';
import type { Help } from './help/help.ts';
import type { Leg } from './ladder-legs.ts';
import type { ReferNumbers } from './refer-numbers.ts';
import type { DialogName } from './replaces.ts';
import type { Ringing } from './ringing.ts';

export interface LiveCall {
  readonly id: string;
  readonly direction: Call['direction'];
  /** Another one when a call back rings somebody else. */
  binding: BindingRow;
  readonly isEmergency: boolean;
  /** Of a call for help or a test of it: what is kept as evidence. */
  readonly help: Help | undefined;
  readonly from: string;
  readonly to: string;
  /** Made anew when the call turns from the registrar to phones on site. */
  media: CallMedia;
  /** Of a call for help, and of one back. */
  readonly rescue: Rescue | undefined;
  startedAt: number;
  answeredAt: number | undefined;
  /** `trying`: nobody but the caller knows of it yet. */
  state: 'trying' | 'ringing' | 'up' | 'ended';
  /** Takes an INVITE back that has no final answer yet. */
  takeBack: ((headers?: readonly SipHeader[]) => void) | undefined;
  /** The leg `cloud` is a phone on site: the one that answered, or rings alone. */
  callee: BindingRow | undefined;
  isLocal: boolean;
  /** A REFER was accepted, and its last NOTIFY has not come. */
  isReferring?: boolean;
  /** That were sent on in it. */
  readonly refers?: ReferNumbers[];
  /** Nobody has answered yet. */
  ringing: Ringing | undefined;
  /** The To of the far end that a request is for, where several ring. */
  readonly farEnd?: SipHeader | undefined;
  /** Resolved when it has ended on our side. */
  readonly over: { readonly promise: Promise<void>; resolve(): void };
  /** All that there are or were: of a call that rang many phones there are many. For its ladder. */
  readonly legs: Leg[];
  /** By leg, once it is confirmed. */
  readonly dialogs: Partial<Record<LegName, string>>;
  /** How each leg's far end calls its dialog. */
  readonly names: Partial<Record<LegName, DialogName>>;
  /** The ACK that a leg still owes us brings the answer to an offer that went out in a 2xx; it is passed on here. */
  readonly owedAcks: Partial<Record<LegName, (body: { type: string; text: string } | undefined) => void>>;
}

export interface CallTable {
  readonly size: number;
  all(): LiveCall[];
  ofPhone(token: string): LiveCall[];
  byDialog(dialogId: string): { readonly call: LiveCall; readonly leg: LegName } | undefined;
  bySession(session: string): LiveCall | undefined;
  add(call: LiveCall): void;
  setDialog(call: LiveCall, leg: LegName, dialogId: string): void;
  remove(call: LiveCall): void;
}

export function newCallTable(): CallTable {
  const calls = new Map<string, LiveCall>();
  const dialogs = new Map<string, { readonly call: LiveCall; readonly leg: LegName }>();
  return {
    get size() {
      return calls.size;
    },
    all: () => Array.from(calls.values()),
    ofPhone: (token) =>
      Array.from(calls.values()).filter(
        ({ binding, callee }) => binding.token === token || callee?.token === token,
      ),
    byDialog: (dialogId) => dialogs.get(dialogId),
    bySession: (session) => calls.get(session.split('.')[0] ?? ''),
    add: (call) => {
      calls.set(call.id, call);
    },
    setDialog: (call, leg, dialogId) => {
      call.dialogs[leg] = dialogId;
      dialogs.set(dialogId, { call, leg });
    },
    remove: (call) => {
      calls.delete(call.id);
      for (const dialogId of Object.values(call.dialogs)) {
        if (dialogs.get(dialogId)?.call === call) dialogs.delete(dialogId);
      }
    },
  };
}
