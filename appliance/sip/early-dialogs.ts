/** Requests inside a call that nobody has answered yet: PRACK (RFC 3262), and UPDATE once its ends have agreed on descriptions (RFC 3311). */
import type { Application } from './application.ts';
import { isOfLeg, relayOffer, type InDialog } from './in-dialog.ts';
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
  const found = earlyDialog(app, dialogId);
  if (found === undefined) return false;
  const { ringing, call, leg } = found;
  if (!isOfLeg(request, call, leg)) {
    app.counters.identities_refused += 1;
    await request.respond({ status: 403 });
  } else if (method === 'PRACK') await ringing.acknowledged(request);
  else if (!ringing.isAgreed) return false;
  else {
    if (request.body !== '') ringing.noteChange();
    await relayOffer(app, { request, call, leg });
  }
  return true;
}

function earlyDialog(
  { calls }: Pick<Application, 'calls'>,
  dialogId: string,
): (Omit<InDialog, 'request'> & { readonly ringing: Ringing }) | undefined {
  for (const { ringing } of calls.all()) {
    const found = ringing?.inDialog(dialogId);
    if (ringing !== undefined && found !== undefined) return { ...found, ringing };
  }
  return undefined;
}
