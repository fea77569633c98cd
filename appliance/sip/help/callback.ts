/** A call back from the emergency service: to the phone that called, else to people here. */
import { headerValue, parseNameAddress } from '../../protocol/sip-headers.ts';
import type { BindingRow } from '../../store/bindings.ts';
import type { EmergencyCall } from '../../store/emergency-calls.ts';
import type { Application } from '../application.ts';
import type { Admission } from '../call-admission.ts';
import type { Nobody, Placing } from '../call-offer.ts';
import { newCallMedia, phoneSide } from '../call-media.ts';
import type { LiveCall } from '../call-table.ts';
import { dialledNumber } from '../dial-plan.ts';
import { gatewaySide } from '../gateway/gateway.ts';
import { askOtherLeg } from '../other-leg.ts';
import type { Incoming, Received } from '../srf.ts';
import { standIn } from '../stand-in.ts';
import { attendantsHere, notThere } from '../survival.ts';
import { withinTime } from '../within-time.ts';
import type { Help } from './help.ts';

/** What is known of a caller from the store, as a binding. */
export function bindingOf({
  aor,
  phone,
  source,
  transport,
  contact,
  mac,
}: EmergencyCall['caller']): BindingRow {
  return standIn({
    aor,
    phone,
    source,
    transport: transport as BindingRow['transport'],
    contact_uri: contact,
    mac: mac ?? null,
    local_address: '',
  });
}

/** An INVITE that the gateway sent: only calls back are taken from it. */
export function admitCallback(app: Application, request: Incoming): Admission {
  const called = [request.uri, parseNameAddress(headerValue(request, 'To') ?? '').uri].map(dialledNumber);
  const help = called.map((number) => app.help.callerOf(number)).find((found) => found !== undefined);
  if (help === undefined) return { kind: 'refuse', status: 404, reason: 'Not Found' };
  return { kind: 'relay', binding: phoneOf(app, help), isEmergency: false };
}

/** Its far end is the gateway, on the way that the request came. */
export function asOfGateway({ gateway }: Application, call: LiveCall, { source }: Incoming): void {
  if (gateway === undefined) return;
  call.isLocal = true;
  call.callee = { ...gateway.asCallee(''), source };
}

/** As the phone is reached now; as it was then, when it is not registered. */
function phoneOf({ bindings }: Application, { caller }: Help): BindingRow {
  const now = bindings.all().find(({ aor, phone }) => aor === caller.aor && phone === caller.phone);
  return now ?? caller;
}

/** One after another, so long each: the phone that called, then the attendants. */
export async function placeCallback(app: Application, placing: Placing): Promise<Received | Nobody> {
  const { call } = placing.attempt;
  const targets = [call.binding, ...attendantsHere(app, call)];
  let last: Received | Nobody | undefined;
  for (const target of targets) {
    if (placing.isCancelled()) break;
    await turnTo(app, call, target);
    // Rings for so long as attendants do; then the next is asked. One that says nothing can't be asked to stop.
    const ms = app.config.emergency.attendant_seconds * 1000;
    const asked = askOtherLeg(app, placing, { ms, mayLeave: async () => true });
    const final = await withinTime(app, call, { ms, asked });
    if (final !== undefined && !('answer' in final) && final.status <= 299) return final;
    last = final ?? last;
  }
  return last ?? { answer: notThere('Nobody answers'), reason: 'nobody here' };
}

async function turnTo(app: Application, call: LiveCall, target: BindingRow): Promise<void> {
  await call.media.release();
  call.binding = target;
  const { address } = app.config.site;
  const sides = { phone: phoneSide(address, target), cloud: gatewaySide(app, call.callee) };
  call.media = newCallMedia(app.media, call.id, { ...sides, rescue: call.rescue });
}
