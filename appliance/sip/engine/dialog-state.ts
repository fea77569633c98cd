/** A call's dialog as it outlives the process: enough to go on with it. */
import { formatNameAddress, parseNameAddress } from '../../protocol/sip-headers.ts';
import { formatSipUri, parseSipUri } from '../../protocol/sip-uri.ts';
import { newDialog, type Dialog } from './dialog.ts';
import type { Flow, HostPort, Transport } from './flow.ts';
import type { Session } from './session-timer.ts';

/** Survives JSON. */
export interface DialogState extends Pick<
  Dialog,
  | 'id'
  | 'callId'
  | 'localTag'
  | 'localAddress'
  | 'remoteAddress'
  | 'remoteTag'
  | 'remoteTarget'
  | 'routes'
  | 'localContact'
  | 'localCseq'
> {
  readonly flow: {
    readonly id: string;
    readonly transport: Transport;
    readonly remote: HostPort;
    readonly local: HostPort;
    readonly isOutbound: boolean;
  };
  readonly allowsUpdate: boolean;
  /** Its timer, if one was agreed on. */
  readonly session?: Pick<Session, 'seconds' | 'isRefreshedByUs'>;
  /** SDP. */
  readonly description?: string;
}

/** More requests than a call sends after it was written down: ours must have a higher number (RFC 3261 section 12.2.1.1). */
const unseenRequests = 10_000;

export function dialogState({ flow, ...dialog }: Dialog): DialogState {
  const { id, callId, localTag, localAddress, remoteAddress, remoteTag } = dialog;
  const { remoteTarget, routes, localContact, localCseq } = dialog;
  const { transport, remote, local, isOutbound } = flow;
  const { session } = dialog;
  return {
    id,
    callId,
    localTag,
    localAddress,
    remoteAddress,
    remoteTag,
    remoteTarget,
    routes,
    localContact,
    localCseq,
    flow: { id: flow.id, transport, remote, local, isOutbound },
    allowsUpdate: dialog.allowsUpdate,
    ...(session && {
      session: { seconds: session.seconds, isRefreshedByUs: session.isRefreshedByUs },
    }),
    ...(dialog.description && { description: Buffer.from(dialog.description).toString() }),
  };
}

/** Its connection is gone: whoever was there must come back, or be found again. Its timer doesn't run. */
export function restoredDialog({ flow, description, session: _agreed, ...state }: DialogState): Dialog {
  const gone: Flow = { ...flow, isOpen: false, send: () => undefined };
  return {
    ...newDialog(gone),
    ...state,
    kind: 'INVITE',
    description: description === undefined ? undefined : Buffer.from(description),
    localCseq: state.localCseq + unseenRequests,
    remoteCseq: undefined,
    isConfirmed: true,
  };
}

/** Our Contact on the connection that the dialog goes on over. True when it is another one than the far end knows. */
export function relocate(dialog: Dialog): boolean {
  const contact = parseNameAddress(dialog.localContact);
  const known = parseSipUri(contact.uri);
  const { address: host, port } = dialog.flow.local;
  if (known.host === host && known.port === port) return false;
  dialog.localContact = formatNameAddress({ ...contact, uri: formatSipUri({ ...known, host, port }) });
  return true;
}
