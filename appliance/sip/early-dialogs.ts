/** Requests inside a call that nobody has answered yet: PRACK (RFC 3262), and UPDATE once its ends have agreed on descriptions (RFC 3311). */
import { otherLeg } from '../protocol/media-control.ts';
import type { Application } from './application.ts';
import { isOfLeg, relayOffer, tooEarly, type InDialog } from './in-dialog.ts';
import type { RingingEnd } from './ringing-ends.ts';
import type { Ringing } from './ringing.ts';
import type { Incoming } from './srf.ts';

/** False: it is for somebody else. */
export async function relayInEarlyDialog(
  app: Application,
  request: Incoming,
  dialogId: string,
): Promise<boolean> {
  const { method } = request;
  if (method !== 'PRACK' && method !== 'UPDATE') return false;
  const found = earlyDialog(app, request, dialogId);
  if (found === undefined) return false;
  const { ringing, end, call, leg } = found;
  if (!isOfLeg(request, call, leg)) {
    app.counters.identities_refused += 1;
    await request.respond({ status: 403 });
  } else if (method === 'PRACK') await ringing.acknowledged(request);
  else if (request.body !== '' && !end.isAgreed) {
    // The caller's own offer has no answer yet (RFC 3311 section 5.2).
    await request.respond(ringing.isCaller(leg) ? tooEarly : { status: 491 });
  } else if (call.dialogs[otherLeg[leg]] === undefined) await request.respond({ status: 200 });
  else {
    await relayOffer(app, { request, call, leg });
    if (request.body !== '') ringing.changed(end);
  }
  return true;
}

function earlyDialog(
  { calls }: Pick<Application, 'calls'>,
  request: Incoming,
  dialogId: string,
): (Omit<InDialog, 'request'> & { readonly ringing: Ringing; readonly end: RingingEnd }) | undefined {
  for (const { ringing } of calls.all()) {
    const found = ringing?.inDialog(request, dialogId);
    if (ringing !== undefined && found !== undefined) return { ...found, ringing };
  }
  return undefined;
}
