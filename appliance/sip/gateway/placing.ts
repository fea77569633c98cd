/** Calls through the site's gateway to the telephone network. */
import { formatNameAddress, headerValue, parseNameAddress } from '../../protocol/sip-headers.ts';
import type { Application } from '../application.ts';
import { ask, type Silence } from '../asking.ts';
import { newCallMedia, phoneSide } from '../call-media.ts';
import { offerOf, type Nobody, type Placing } from '../call-offer.ts';
import type { LiveCall } from '../call-table.ts';
import { dialledNumber } from '../dial-plan.ts';
import { dialableForHelp } from '../emergency.ts';
import { passedHeaders } from '../headers.ts';
import { freshDialog } from '../outgoing-invite.ts';
import type { Attempt } from '../outgoing-invite.ts';
import { sessionOffer } from '../session-timers.ts';
import type { Outgoing, Received } from '../srf.ts';
import { emergencyPlan, nobodyHere, notThere } from '../survival.ts';
import { gatewaySide } from './gateway.ts';
import { linesInUse } from './lines.ts';
import { allowedNumber, inForm, numberPlan, shownNumber } from './numbers.ts';

/** What to dial there for a call that nothing else takes, or why not. */
export function gatewayNumber(app: Application, call: LiveCall, uri: string): string | Nobody {
  const { config, gateway } = app;
  if (gateway === undefined) return { answer: nobodyHere(false), reason: 'nobody here' };
  if (call.help?.kind === 'test') return dialableForHelp(uri, emergencyPlan(config));
  const number = allowedNumber(dialledNumber(uri), numberPlan(app));
  if (number === undefined) return refused('No internet, this number cannot be called now');
  if (!app.attached.has(call.binding.token))
    return refused('No internet, this phone is not known well enough');
  if (linesInUse(app) >= config.gateway.calls) return refused('No internet, all lines are in use');
  return inForm(number, numberPlan(app));
}

function refused(reason: string): Nobody {
  return { answer: notThere(reason), reason: 'nobody here' };
}

/** Undefined: it is silent. Only where there is a gateway. */
export async function placeThroughGateway(
  app: Application,
  placing: Placing,
  { number, silence }: { number: string; silence?: Silence },
): Promise<Received | Nobody | undefined> {
  const { attempt } = placing;
  const { call } = attempt;
  const gateway = app.gateway?.asCallee(number);
  if (gateway === undefined) return { answer: nobodyHere(call.isEmergency), reason: 'nobody here' };
  await call.media.release();
  call.isLocal = true;
  call.callee = gateway;
  const { address } = app.config.site;
  const sides = { phone: phoneSide(address, call.binding), cloud: gatewaySide(app, gateway) };
  call.media = newCallMedia(app.media, call.id, { ...sides, rescue: call.rescue });
  const offer = await offerOf(app, attempt);
  if ('answer' in offer) return offer;
  noteUse(app, call, number);
  const outgoing = gatewayInvite(app, attempt, { number, offer });
  return await ask(app, placing, { outgoing, leg: 'cloud', isRepeated: true, silence });
}

/** Somebody pays for it, or abuses it. */
function noteUse(app: Application, { id: call, binding, isEmergency }: LiveCall, to: string): void {
  app.counters.calls_through_gateway += 1;
  app.world.log.warn({ call, mac: binding.mac, isEmergency }, 'call through the gateway');
  const body = { call, from: binding.aor, to, emergency: isEmergency };
  app.afterwards.write((tx) => tx.journal({ kind: 'gateway_used', mac: binding.mac ?? undefined, body }));
}

/** From the number that the telephone network shall see. */
function gatewayInvite(
  app: Application,
  { request, call, hops }: Attempt,
  { number, offer }: { number: string; offer: { type: string; text: string } },
): Outgoing {
  const { config } = app;
  const plan = numberPlan(app);
  const shown = shownNumber(
    {
      user: call.binding.aor.split('@')[0] ?? '',
      isEmergency: call.isEmergency,
      place: call.help?.place?.place,
    },
    plan,
  );
  if (call.help !== undefined && shown !== undefined) call.help.callback = shown;
  const user = shown === undefined ? 'anonymous' : inForm(shown, plan);
  const uri = `sip:${user}@${config.site.address}`;
  const { display } = parseNameAddress(headerValue(request, 'From') ?? '');
  const callee = app.gateway?.asCallee(number).contact_uri ?? '';
  const content = offer.text === '' ? [] : [{ name: 'Content-Type', value: offer.type }];
  return {
    method: 'INVITE',
    uri: callee,
    route: app.gateway?.route ?? '',
    headers: [
      ...freshDialog(
        'INVITE',
        formatNameAddress({ ...(display === undefined ? {} : { display }), uri, params: [] }),
      ),
      { name: 'To', value: `<${callee}>` },
      hops,
      { name: 'P-Asserted-Identity', value: `<${uri}>` },
      ...passedHeaders(request.headers, 'phone').filter(({ name }) => passed.has(name)),
      ...sessionOffer(app, call, 'phone'),
      ...content,
    ],
    ...(offer.text === '' ? {} : { body: offer.text }),
  };
}

/** Of the phone's own lines: what a telephone line has no use for stays here. */
const passed = new Set(['Allow', 'Supported', 'Priority', 'Resource-Priority', 'User-Agent']);
