/** Phones on site that are rung in the place of the cloud: the first that answers has the call. */
import { formatNameAddress, headerValue, parseNameAddress } from '../protocol/sip-headers.ts';
import type { BindingRow } from '../store/bindings.ts';
import { addressOf, phoneRoute, type Application } from './application.ts';
import { ownIdentities } from './call-admission.ts';
import { letGo } from './call-end.ts';
import { newCallMedia, phoneSide, type LegSide } from './call-media.ts';
import { recordLeg } from './call-record.ts';
import { offerOf, type Nobody, type Placing } from './call-offer.ts';
import { dialledNumber } from './dial-plan.ts';
import { passedHeaders } from './headers.ts';
import { withTag, type Attempt } from './outgoing-invite.ts';
import { withReliability } from './reliability.ts';
import { nameAsCaller } from './replaces.ts';
import { sendInvite, sessionOffer } from './session-timers.ts';
import type { Outgoing, Received, Sent } from './srf.ts';
import { withinTime } from './within-time.ts';

export interface Ringing {
  readonly phones: readonly BindingRow[];
  /** For so long, and no longer. */
  readonly ms?: number | undefined;
}

/** All at once, with media of their own: the call has no leg outside any more. Undefined: some were silent when the time was over. */
export async function ringHere(
  app: Application,
  placing: Placing,
  { phones, ms }: Ringing,
): Promise<Received | Nobody | undefined> {
  const { attempt, isCancelled, onProvisional } = placing;
  const { call } = attempt;
  await call.media.release();
  call.isLocal = true;
  call.callee = phones.length === 1 ? phones[0] : undefined;
  call.media = newCallMedia(app.media, call.id, { ...localSides(app, call, phones), rescue: call.rescue });
  const offer = await offerOf(app, attempt);
  if ('answer' in offer) return offer;
  const ringing = new Map<BindingRow, Sent>();
  let winner: BindingRow | undefined;
  let isLeft = false;
  const isTooLate = (phone: BindingRow) => isLeft || (winner !== undefined && winner !== phone);
  call.takeBack = (headers) => {
    for (const sent of ringing.values()) sent.cancel(headers);
  };
  const ring = async (phone: BindingRow): Promise<Received> => {
    const invite = localInvite(app, attempt, { phone, offer });
    // Of many that ring none can agree with the caller on anything.
    const asked = phones.length === 1 ? withReliability(attempt, invite) : invite;
    const sent = await sendInvite(app, asked, {
      onSent: (callId) => recordLeg(app, call, callId),
      // Of many that ring the caller hears one tone: no description, which could name only one of them.
      onProvisional: (response) => {
        if (!isLeft) onProvisional(phones.length === 1 ? response : { ...response, body: '' });
      },
      onFinal: (response) => {
        if (response.status > 299 || response.dialogId === undefined || winner !== undefined || isLeft)
          return;
        winner = phone;
        call.callee = phone;
        app.calls.setDialog(call, 'cloud', response.dialogId);
        call.names.cloud = nameAsCaller(response);
        for (const [other, rung] of ringing) if (other !== phone) rung.cancel();
      },
    });
    ringing.set(phone, sent);
    if (isCancelled() || isTooLate(phone)) sent.cancel();
    const final = await sent.final;
    if (isTooLate(phone)) await letGo(app, final);
    return final;
  };
  const rings = phones.map(ring);
  const answered = rings.map(async (ringOf, at) => {
    const final = await ringOf;
    if (final.status > 299 || winner !== phones[at]) throw new Error('not taken');
    return final;
  });
  const asked = Promise.any(answered).catch(async () => await bestOf(rings));
  if (ms === undefined) return await asked;
  return await withinTime(app, call, { ms, asked, mayLeave: () => (isLeft = winner === undefined) });
}

/** The answer of those that did not take the call; busy says more than nothing. */
async function bestOf(rings: readonly Promise<Received>[]): Promise<Received> {
  const finals = (await Promise.allSettled(rings)).flatMap((ring) =>
    ring.status === 'fulfilled' ? [ring.value] : [],
  );
  const [best] = finals.toSorted((a, b) => Number(b.status === 486) - Number(a.status === 486));
  if (best === undefined) throw new Error('no phone on site could be rung');
  return best;
}

function localSides(
  app: Application,
  call: Attempt['call'],
  phones: readonly BindingRow[],
): Record<'phone' | 'cloud', LegSide> {
  const { address } = app.config.site;
  return {
    phone: phoneSide(address, call.binding),
    cloud: {
      address,
      isSecure: phones.every(({ transport }) => transport === 'tls'),
      get peer() {
        return call.callee === undefined ? undefined : addressOf(call.callee.source);
      },
    },
  };
}

/** To a phone on site. An emergency call says so on the display of whoever is rung. */
function localInvite(
  app: Application,
  { request, call, hops }: Attempt,
  { phone, offer }: { phone: BindingRow; offer: { type: string; text: string } },
): Outgoing {
  const content = offer.text === '' ? [] : [{ name: 'Content-Type', value: offer.type }];
  const passed = passedHeaders(request.headers, 'phone').filter(({ name }) => name !== 'Content-Type');
  const caller = parseNameAddress(withTag(headerValue(request, 'From') ?? '', undefined));
  const number = dialledNumber(request.uri) || 'SOS';
  const name = (caller.display ?? call.binding.aor.split('@')[0] ?? '').replaceAll(/["\\]/g, '');
  const from = call.isEmergency ? { ...caller, display: `"EMERGENCY ${number}: ${name}"` } : caller;
  return {
    method: 'INVITE',
    uri: phone.contact_uri,
    route: phoneRoute(phone),
    headers: [
      { name: 'From', value: formatNameAddress(from) },
      { name: 'To', value: headerValue(request, 'To') ?? '' },
      hops,
      ...ownIdentities(passed, call.binding.aor).kept,
      ...sessionOffer(app, call, 'phone'),
      ...content,
    ],
    ...(offer.text === '' ? {} : { body: offer.text }),
  };
}
