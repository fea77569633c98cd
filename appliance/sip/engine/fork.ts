/** A second answer to one INVITE, from another branch of a fork: RFC 3261 section 13.2.2.4 wants it acknowledged and hung up. */
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import { credentialsOf } from '../../protocol/sip-challenge.ts';
import { composeRequest } from './compose.ts';
import { addressingIn, flowIn, uacDialog } from './dialog.ts';
import type { Flow } from './flow.ts';

export function refusedFork(
  invite: SipRequest,
  response: SipResponse,
  flow: Flow,
): { ack: SipRequest; bye: SipRequest; via: Flow } {
  const dialog = uacDialog(invite, response, flow);
  const via = flowIn(dialog);
  return {
    ack: composeRequest(bare('ACK', credentialsOf(invite)), addressingIn(dialog, dialog.localCseq), via),
    bye: composeRequest(bare('BYE'), addressingIn(dialog, dialog.localCseq + 1), via),
    via,
  };
}

function bare(method: string, headers: readonly SipHeader[] = []): SipRequest {
  return { method, uri: '', headers, body: new Uint8Array() };
}
