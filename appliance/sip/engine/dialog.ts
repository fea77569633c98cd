/** Dialogs, RFC 3261 section 12: made by INVITE or SUBSCRIBE, found again by Call-ID and tags. */
import {
  headerValue,
  listValues,
  parseCSeq,
  parseNameAddress,
  tagOf,
  type Essentials,
} from '../../protocol/sip-headers.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import { param, parseSipUri } from '../../protocol/sip-uri.ts';
import { farEnd, newFarEnd, turnTo, type FarEnd } from './branches.ts';
import { ownContact, type Addressing } from './compose.ts';
import type { Flow } from './flow.ts';
import { keptBytes } from './kept-bytes.ts';
import { stopSession, type Session } from './session-timer.ts';
import type { Timer } from './timers.ts';

export interface Answer {
  readonly cseq: number;
  readonly isCancelled: boolean;
  /** Of the INVITE, for the ACK; none are kept longer. */
  credentials: readonly SipHeader[];
  ack: Uint8Array | undefined;
}

export interface Dialog extends FarEnd {
  /**
   * What drachtio-srf calls it: `<Call-ID>;from-tag=<tag of the first From>`. A call that a proxy sends back to us has both
   * its ends here, with the same of both: the later one says so.
   */
  id: string;
  readonly kind: 'INVITE' | 'SUBSCRIBE';
  readonly callId: string;
  readonly localTag: string;
  /** As in From or To, with the tag. */
  readonly localAddress: string;
  localContact: string;
  localCseq: number;
  flow: Flow;
  isConfirmed: boolean;
  /** An INVITE in this dialog has no final answer yet. */
  openInvite: 'ours' | 'theirs' | undefined;
  /** A 2xx of ours that is repeated until its ACK comes. */
  unacknowledged:
    | {
        readonly cseq: number;
        readonly transactionId: string;
        stop(): void;
        /** A BYE of ours waits for it. */
        onAck?: () => void;
      }
    | undefined;
  /** A provisional response of ours that is repeated until its PRACK comes (RFC 3262). */
  unacknowledgedProvisional: { readonly rack: string; readonly stop: () => void } | undefined;
  lastRseq: number;
  /** Others that ring, by their tags. */
  readonly branches: Map<string, FarEnd>;
  /** A 2xx that we got: its ACK is the application's to send, and ours to repeat. */
  answer: Answer | undefined;
  /** Of a subscription. */
  expiry: Timer | undefined;
  /** A REFER was accepted in it, and its last NOTIFY has not come (RFC 3515). */
  isReferring: boolean;
  /** The call has ended, and the dialog is there for those NOTIFYs alone (RFC 5057 section 4.2). */
  isOver: boolean;
  /** Of a call: what was agreed on refreshes (RFC 4028). */
  session: Session | undefined;
  /** The far end has not taken our new Contact yet. */
  isMoved: boolean;
  /** Until it is asked again. */
  moving: Timer | undefined;
  /** The last one of ours that the far end has taken. */
  description: Uint8Array | undefined;
  /** The far end says that it takes UPDATE (RFC 3311). */
  allowsUpdate: boolean;
}

export function dialogIdOf(callId: string, fromTag: string | undefined): string {
  return `${callId};from-tag=${fromTag ?? ''}`;
}

/** We answered `request`. `response` is as sent. */
export function uasDialog(
  request: SipRequest,
  response: SipResponse,
  use: { flow: Flow; localTag: string },
): Dialog {
  const from = headerValue(request, 'From') ?? '';
  const callId = headerValue(request, 'Call-ID') ?? '';
  const remoteTag = tagOf(from) ?? '';
  return {
    ...newDialog(use.flow),
    id: dialogIdOf(callId, remoteTag),
    kind: request.method === 'SUBSCRIBE' ? 'SUBSCRIBE' : 'INVITE',
    callId,
    localTag: use.localTag,
    localAddress: headerValue(response, 'To') ?? '',
    remoteAddress: from,
    remoteTag,
    remoteTarget: contactUri(request) ?? parseNameAddress(from).uri,
    routes: routeSet(request),
    localContact: headerValue(response, 'Contact') ?? ownContact(use.flow),
    localCseq: 0,
    remoteCseq: parseCSeq(headerValue(request, 'CSeq') ?? '').number,
  };
}

/** We sent `request`, and `response` came with a To tag. */
export function uacDialog(request: SipRequest, response: SipResponse, flow: Flow): Dialog {
  const from = headerValue(request, 'From') ?? '';
  const callId = headerValue(request, 'Call-ID') ?? '';
  const to = headerValue(response, 'To') ?? '';
  const localTag = tagOf(from) ?? '';
  return {
    ...newDialog(flow),
    id: dialogIdOf(callId, localTag),
    kind: request.method === 'SUBSCRIBE' ? 'SUBSCRIBE' : 'INVITE',
    callId,
    localTag,
    localAddress: from,
    remoteAddress: to,
    remoteTag: tagOf(to) ?? '',
    remoteTarget: contactUri(response) ?? request.uri,
    routes: routeSet(response).toReversed(),
    localContact: headerValue(request, 'Contact') ?? ownContact(flow),
    localCseq: parseCSeq(headerValue(request, 'CSeq') ?? '').number,
  };
}

/** A later response to the INVITE that made the dialog: the last one counts, another branch of a fork included. */
export function updateUacDialog(dialog: Dialog, response: SipResponse): void {
  const to = headerValue(response, 'To') ?? dialog.remoteAddress;
  turnTo(dialog, tagOf(to) ?? '');
  dialog.remoteAddress = to;
  dialog.remoteTarget = contactUri(response) ?? dialog.remoteTarget;
  dialog.routes = routeSet(response).toReversed();
}

/** Target refresh (section 12.2): the Contact of an accepted re-INVITE, UPDATE or SUBSCRIBE, or of its answer. */
export function refreshTarget(end: FarEnd, message: SipRequest | SipResponse): void {
  end.remoteTarget = contactUri(message) ?? end.remoteTarget;
}

/** After each offer and answer: what a refresh needs to know of both ends. */
export function noteEnds(
  dialog: Dialog,
  { ours, theirs }: { ours: SipRequest | SipResponse; theirs: SipRequest | SipResponse },
): void {
  noteDescription(dialog, ours);
  const allowed = listValues(theirs, 'Allow');
  if (allowed.length > 0) dialog.allowsUpdate = allowed.includes('UPDATE');
}

export function noteDescription(dialog: Dialog, ours: SipRequest | SipResponse): void {
  const isSdp = /^application\/sdp\b/i.test(headerValue(ours, 'Content-Type') ?? '');
  if (isSdp && ours.body.length > 0) dialog.description = keptBytes(ours.body);
}

/** Of the two that change a call and must not cross another offer (RFC 3261 section 14.1, RFC 3311 section 5.1). */
export function isOffer({ method, body }: SipRequest, wanted: 'INVITE' | 'UPDATE'): boolean {
  return method === wanted && body.length > 0;
}

/** How a request in the dialog is addressed (section 12.2.1.1). ACK takes the number of its INVITE. */
export function addressingIn(dialog: Dialog, cseq: number): Addressing {
  const [first, ...rest] = dialog.routes;
  const isStrict = first !== undefined && !isLoose(first);
  return {
    uri: isStrict ? parseNameAddress(first).uri : dialog.remoteTarget,
    routes: isStrict ? [...rest, `<${dialog.remoteTarget}>`] : dialog.routes,
    from: dialog.localAddress,
    to: dialog.remoteAddress,
    callId: dialog.callId,
    cseq,
    contact: dialog.localContact,
  };
}

/**
 * The dialog's own flow. Over UDP the port is that of the next hop when it is the same host: a phone may send from another port
 * than it listens on. Another host is not believed, whatever Contact says.
 */
export function flowIn(dialog: Dialog): Flow {
  if (dialog.flow.toPort === undefined) return dialog.flow;
  const [first] = dialog.routes;
  try {
    const { host, port } = parseSipUri(
      first === undefined ? dialog.remoteTarget : parseNameAddress(first).uri,
    );
    return host === dialog.flow.remote.address ? dialog.flow.toPort(port ?? 5060) : dialog.flow;
  } catch {
    // Not a SIP URI: the request still reaches whoever we talked to.
    return dialog.flow;
  }
}

export class Dialogs {
  readonly #byId = new Map<string, Dialog>();
  readonly #byLocalTag = new Map<string, Dialog>();

  get size(): number {
    return this.#byId.size;
  }

  /**
   * Two dialogs may begin with one Call-ID and From tag: a proxy forks a call to two phones here, or sends a call of one phone here
   * to another. The later one is told apart by `;leg=2`.
   */
  add(dialog: Dialog): void {
    const wanted = dialog.id;
    for (let leg = 2; this.#byId.has(dialog.id); leg += 1) dialog.id = `${wanted};leg=${leg}`;
    this.#byId.set(dialog.id, dialog);
    this.#byLocalTag.set(`${dialog.callId} ${dialog.localTag}`, dialog);
  }

  byId(id: string): Dialog | undefined {
    return this.#byId.get(id);
  }

  /** For a request from the network: its To tag is ours, its From tag theirs. */
  for({ callId, fromTag, toTag }: Essentials): Dialog | undefined {
    const dialog = this.#byLocalTag.get(`${callId} ${toTag ?? ''}`);
    return dialog && farEnd(dialog, fromTag) && dialog;
  }

  remove(dialog: Dialog): void {
    quiet(dialog);
    dialog.expiry?.cancel();
    if (this.#byId.get(dialog.id) === dialog) this.#byId.delete(dialog.id);
    const key = `${dialog.callId} ${dialog.localTag}`;
    if (this.#byLocalTag.get(key) === dialog) this.#byLocalTag.delete(key);
  }

  all(): Dialog[] {
    return Array.from(this.#byId.values());
  }
}

/** Nothing of the call that it was for goes on. */
export function quiet(dialog: Dialog): void {
  dialog.unacknowledged?.stop();
  dialog.unacknowledgedProvisional?.stop();
  dialog.moving?.cancel();
  dialog.isMoved = false;
  stopSession(dialog);
  dialog.description = undefined;
}

export function newDialog(flow: Flow) {
  return {
    flow,
    isConfirmed: false,
    openInvite: undefined,
    unacknowledged: undefined,
    unacknowledgedProvisional: undefined,
    lastRseq: 0,
    ...newFarEnd(),
    branches: new Map<string, FarEnd>(),
    answer: undefined,
    expiry: undefined,
    isReferring: false,
    isOver: false,
    session: undefined,
    isMoved: false,
    moving: undefined,
    description: undefined,
    allowsUpdate: false,
  };
}

function isLoose(route: string): boolean {
  return param(parseSipUri(parseNameAddress(route).uri).params, 'lr') !== undefined;
}

/** The route set of the one who answers. A hop that can't be read is left out: a request that gets there without it is better than none. */
function routeSet(message: SipRequest | SipResponse): string[] {
  return listValues(message, 'Record-Route').filter(isRoute);
}

/** Whether a value of Route or Record-Route can be followed. */
export function isRoute(value: string): boolean {
  try {
    parseSipUri(parseNameAddress(value).uri);
    return true;
  } catch {
    return false;
  }
}

/** Undefined when there is no Contact, or none that could be a target: a bad one must not end the call that is up. */
export function contactUri(message: SipRequest | SipResponse): string | undefined {
  const [contact] = listValues(message, 'Contact');
  if (contact === undefined) return undefined;
  try {
    const { uri } = parseNameAddress(contact);
    return /^[^\s<>]+$/.test(uri) ? uri : undefined;
  } catch {
    return undefined;
  }
}
