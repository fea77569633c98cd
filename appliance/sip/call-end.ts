/** How calls end: by either side, by silence, with the process. Each call ends once, however many reasons there are. */
import type { LegName } from '../protocol/media-control.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import type { Application } from './application.ts';
import { recordEnd } from './call-record.ts';
import type { LiveCall } from './call-table.ts';
import { endHelp } from './help/in-call.ts';
import { keepReferral } from './referrals.ts';
import type { Received } from './srf.ts';

/** Ends it on our side: media, record, table. No message is sent. */
export async function finishCall(app: Application, call: LiveCall, reason: string): Promise<void> {
  if (call.state === 'ended') return;
  const isKnown = call.state !== 'trying';
  call.state = 'ended';
  keepReferral(app, call);
  let packets: { phone: number; cloud: number } | undefined;
  try {
    packets = await call.media.release();
  } catch (error) {
    app.world.log.warn({ err: error, call: call.id }, 'media of an ended call could not be released');
  }
  if (isKnown) recordEnd(app, call, { reason, packets });
  endHelp(app, call);
  app.calls.remove(call);
  call.over.resolve();
}

/** BYE to the legs that are up, then the end on our side. Errors on the way change nothing about the end. */
export async function hangUp(
  app: Application,
  call: LiveCall,
  {
    reason,
    legs,
    headers = [],
  }: { reason: string; legs: readonly LegName[]; headers?: readonly SipHeader[] },
): Promise<void> {
  if (call.state === 'ended') return;
  const byes = legs.map((leg) => sendBye(app, call.dialogs[leg], headers));
  await Promise.all([...byes, finishCall(app, call, reason)]);
}

/** Nothing when that leg never came up. */
export async function sendBye(
  app: Pick<Application, 'server' | 'world'>,
  dialogId: string | undefined,
  headers: readonly SipHeader[] = [],
): Promise<void> {
  if (dialogId === undefined) return;
  try {
    const sent = await app.server.send({ method: 'BYE', dialogId, headers });
    await sent.final;
  } catch (error) {
    app.world.log.debug({ err: error }, 'BYE not answered');
  }
}

/** Too late: whoever answered must not be left in a call that nobody else is in. */
export async function letGo(app: Pick<Application, 'server' | 'world'>, final: Received): Promise<void> {
  if (final.status < 200 || final.status > 299) return;
  final.ack();
  await sendBye(app, final.dialogId);
}

/** Who reads what is sent on this leg: nothing that is meant for a registrar may reach a phone. */
export function audience({ isLocal = false }: Partial<Pick<LiveCall, 'isLocal'>>, leg: LegName): LegName {
  return isLocal ? 'phone' : leg;
}
