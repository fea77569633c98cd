/** Requests of our own that refresh a call (RFC 4028 sections 7.4 and 10), or say where we are now: the application hears of them only when they end it. */
import type { SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import { isSuccess } from './addressing.ts';
import { beginInvite } from './branches.ts';
import type { ClientSide } from './client-side.ts';
import { composeRequest } from './compose.ts';
import type { Core } from './core.ts';
import { addressingIn, flowIn, type Dialog } from './dialog.ts';
import { relocate, type DialogState } from './dialog-state.ts';
import type { OutgoingRequests } from './outgoing-requests.ts';
import { revive } from './revive.ts';
import { beginSession, isRaised, refreshLater, refreshRequest, type SessionDue } from './session-timer.ts';

/** The dialog is busy with an INVITE of somebody else, or the far end refuses for a reason of the moment. */
const againMs = 10_000;
/** After a 491 (RFC 3261 section 14.1), for whoever began the dialog; the other one is done by then. */
const glareMs = { least: 2100, spread: 1900 } as const;
/** By then most phones and their connections upstream are back. */
const resumedSeconds = 20;
/** A far end that asks for more each time must not keep us busy. */
const raisedMs = 500;

const ack: SipRequest = { method: 'ACK', uri: 'sip:placeholder', headers: [], body: new Uint8Array() };

export class SessionRefresh {
  readonly #core: Core;
  readonly #client: ClientSide;
  readonly #outgoing: OutgoingRequests;

  constructor(core: Core, client: ClientSide, outgoing: OutgoingRequests) {
    this.#core = core;
    this.#client = client;
    this.#outgoing = outgoing;
  }

  due(dialog: Dialog, due: SessionDue): void {
    if (due === 'refresh') this.#refresh(dialog);
    else this.#end(dialog);
  }

  /**
   * Tells the far end of a call where we are now (a target refresh, RFC 3261 section 12.2), until it has taken it. Nothing where there
   * is no way to it, or where it is told already.
   */
  announce(dialog: Dialog): void {
    revive(this.#core, dialog);
    if (!dialog.flow.isOpen || !relocate(dialog)) return;
    dialog.isMoved = true;
    this.#refresh(dialog);
  }

  /** The same for a request of the application's that says more than where we are. Gives our address on the connection, if there is one. */
  relocate(dialog: Dialog): string | undefined {
    revive(this.#core, dialog);
    if (!dialog.flow.isOpen) return undefined;
    if (relocate(dialog)) dialog.isMoved = true;
    return dialog.flow.local.address;
  }

  /** The timer of a dialog that a process before us kept. How much of it is over isn't known: a refresh of ours goes out soon. */
  resume(dialog: Dialog, { session }: DialogState): void {
    if (session !== undefined)
      beginSession(this.#core, dialog, { ...session, refreshSeconds: resumedSeconds });
  }

  #end(dialog: Dialog): void {
    this.#core.counters.add('sessions_expired');
    this.#client.hangUp(dialog, 'session expired');
  }

  #later(dialog: Dialog, ms: number): void {
    refreshLater(this.#core, dialog, ms);
    // Without a connection it is told again when there is one.
    if (dialog.session !== undefined || !dialog.isMoved || !dialog.flow.isOpen) return;
    dialog.moving?.cancel();
    dialog.moving = this.#core.timers.after(ms, () => {
      if (dialog.isMoved) this.#refresh(dialog);
    });
  }

  #refresh(dialog: Dialog): void {
    revive(this.#core, dialog);
    const isBusy = dialog.openInvite !== undefined || dialog.unacknowledged !== undefined;
    if (isBusy || !dialog.flow.isOpen) {
      this.#later(dialog, againMs);
      return;
    }
    dialog.localCseq += 1;
    const flow = flowIn(dialog);
    const request = composeRequest(refreshRequest(dialog), addressingIn(dialog, dialog.localCseq), flow);
    if (request.method === 'INVITE') beginInvite(dialog);
    this.#core.counters.add('sessions_refreshed');
    this.#outgoing.begin(request, flow, {
      id: '',
      dialog,
      onFinal: (response) => this.#refreshed(dialog, request, response),
    });
  }

  #refreshed(dialog: Dialog, request: SipRequest, response: SipResponse): void {
    const { method } = request;
    const { session, isMoved } = dialog;
    if (isSuccess(response)) {
      dialog.isMoved = false;
      if (method === 'INVITE') this.#client.acknowledge(dialog, ack);
      return;
    }
    this.#core.counters.add('session_refreshes_refused');
    if (session === undefined && !isMoved) return;
    if (isRaised(request, response, dialog)) refreshLater(this.#core, dialog, raisedMs);
    else if (method === 'UPDATE' && (response.status === 405 || response.status === 501)) {
      dialog.allowsUpdate = false;
      if (dialog.description === undefined) refreshLater(this.#core, dialog, againMs);
      else this.#refresh(dialog);
    } else if (isMoved && response.status === 481) this.#client.hangUp(dialog, unheard);
    else if (session !== undefined && isGone(response) && dialog.flow.isOpen) this.#end(dialog);
    else if (session !== undefined || isOfTheMoment(response))
      this.#later(dialog, response.status === 491 ? afterGlareMs() : againMs);
  }
}

/** Whoever has hung up told our old address. */
export const unheard = 'hung up before';

/** Without a session timer silence and failures say nothing of the call. */
function isOfTheMoment({ status }: SipResponse): boolean {
  return status === 408 || status === 491 || status === 500 || status === 503 || status === 504;
}

/** The far end doesn't know the dialog, or says nothing at all (RFC 3261 section 12.2.1.2). */
function isGone({ status }: SipResponse): boolean {
  return status === 481 || status === 408;
}

function afterGlareMs(): number {
  return glareMs.least + Math.random() * glareMs.spread;
}
