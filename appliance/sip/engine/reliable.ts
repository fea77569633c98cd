/** Provisional responses that must arrive, RFC 3262: numbered, repeated until their PRACK comes. */
import { headerLines, headerValue, splitValues } from '../../protocol/sip-headers.ts';
import { encodeSipMessage, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import type { Dialog } from './dialog.ts';
import type { Flow } from './flow.ts';
import { repeatAnswer } from './repetition.ts';
import type { TimerQueue } from './timers.ts';

/** What the application marks by `Require: 100rel`. */
export function isReliableProvisional({ status, headers }: SipResponse): boolean {
  return status > 100 && status < 200 && lists({ headers }, 'Require', '100rel');
}

/** Undefined: send it. */
export function reliableRefusal(request: SipRequest, dialog: Dialog | undefined): string | undefined {
  if (request.method !== 'INVITE') return 'only INVITE has reliable provisional responses';
  if (!lists(request, 'Supported', '100rel') && !lists(request, 'Require', '100rel'))
    return 'the peer does not support 100rel';
  return dialog?.unacknowledgedProvisional === undefined
    ? undefined
    : 'the last reliable response is not acknowledged yet';
}

/** With the next number of its dialog. */
export function numbered(response: SipResponse, dialog: Dialog | undefined): SipResponse {
  const rseq = (dialog?.lastRseq ?? 0) + 1;
  return { ...response, headers: [...response.headers, { name: 'RSeq', value: String(rseq) }] };
}

/** `onTimeout` is called after 64*T1: the INVITE is to be refused then (section 3). */
export function repeatProvisional(
  {
    dialog,
    flow,
    timers,
    cseq,
    response,
  }: { dialog: Dialog; flow: Flow; timers: TimerQueue; cseq: number; response: SipResponse },
  onTimeout: () => void,
): void {
  dialog.lastRseq = Number(headerValue(response, 'RSeq'));
  const { stop } = repeatAnswer({ timers, flow, bytes: encodeSipMessage(response) }, () => {
    dialog.unacknowledgedProvisional = undefined;
    onTimeout();
  });
  dialog.unacknowledgedProvisional = { rack: `${dialog.lastRseq} ${cseq} INVITE`, stop };
}

/** True when the PRACK is for the response that waits, which is not repeated any more then. */
export function isAcknowledgedBy(prack: SipRequest, dialog: Dialog): boolean {
  const waiting = dialog.unacknowledgedProvisional;
  if (waiting === undefined || (headerValue(prack, 'RAck') ?? '').replaceAll(/\s+/g, ' ') !== waiting.rack)
    return false;
  waiting.stop();
  dialog.unacknowledgedProvisional = undefined;
  return true;
}

function lists(message: Pick<SipRequest, 'headers'>, name: string, option: string): boolean {
  return headerLines(message, name).some((line) =>
    splitValues(line).some((one) => one.toLowerCase() === option),
  );
}
