/** A call's dialog as it outlives the process: enough to hang up in it, and to know whoever hangs up. */
import type { Dialog } from './dialog.ts';
import { newDialog } from './dialog.ts';
import type { Flow, HostPort, Transport } from './flow.ts';

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
}

/** More requests than a call sends after it was written down: ours must have a higher number (RFC 3261 section 12.2.1.1). */
const unseenRequests = 10_000;

export function dialogState({ flow, ...dialog }: Dialog): DialogState {
  const { id, callId, localTag, localAddress, remoteAddress, remoteTag } = dialog;
  const { remoteTarget, routes, localContact, localCseq } = dialog;
  const { transport, remote, local, isOutbound } = flow;
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
  };
}

/** Its connection is gone: whoever was there must come back, or be found again. */
export function restoredDialog({ flow, ...state }: DialogState): Dialog {
  const gone: Flow = { ...flow, isOpen: false, send: () => undefined };
  return {
    ...newDialog(gone),
    ...state,
    kind: 'INVITE',
    localCseq: state.localCseq + unseenRequests,
    remoteCseq: undefined,
    isConfirmed: true,
  };
}
