/** Who is rung on site when the cloud can't take a call. */
import { headerValue, listValues, parseNameAddress } from '../protocol/sip-headers.ts';
import type { BindingRow } from '../store/bindings.ts';
import { addressOf, type Application } from './application.ts';
import type { LiveCall } from './call-table.ts';
import { dialledNumber, phonesOf } from './dial-plan.ts';
import type { EmergencyPlan } from './emergency.ts';
import { macInUserAgent } from './phone-mac.ts';
import type { Answer, Incoming } from './srf.ts';
import { standIn } from './stand-in.ts';

/** Phones that ring at once for one call. */
const maxRinging = 30;

/** None: nobody here has that number. From memory only. */
export function phonesToRing(app: Application, call: LiveCall, uri: string): BindingRow[] {
  return rung(call, phonesOf(dialledNumber(uri), phonesHere(app, call), app.dialPlan));
}

/** Those of the settings that are there. */
export function attendantsHere(app: Application, call: LiveCall): BindingRow[] {
  const { attendants } = app.config.emergency;
  const here = phonesHere(app, call);
  return rung(
    call,
    Array.from(new Set(attendants.flatMap((number) => phonesOf(number, here, app.dialPlan)))),
  );
}

export function everybodyHere(app: Application, call: LiveCall): BindingRow[] {
  return rung(call, phonesHere(app, call));
}

/** Whose connection is open, but for the caller. */
function phonesHere({ attached, bindings }: Application, { binding }: LiveCall): BindingRow[] {
  return bindings
    .all()
    .filter(
      ({ token, source, state }) => attached.has(token) && state !== 'late' && source !== binding.source,
    )
    .filter(({ token }) => token !== binding.token);
}

/** Keys of a caller over TLS must not reach a phone in clear; whoever can't be given them is rung only if nobody else is there. */
function rung(call: LiveCall, found: readonly BindingRow[]): BindingRow[] {
  const secure = found.filter(({ transport }) => transport === 'tls');
  const isMixed = call.binding.transport === 'tls' && secure.length > 0;
  return (isMixed ? secure : found).slice(0, maxRinging);
}

export function emergencyPlan({ emergency, dial_plan: plan }: Application['config']): EmergencyPlan {
  const { country_code: countryCode, outside_line_prefix: outsideLinePrefix } = plan;
  return {
    numbers: emergency.numbers,
    moreNumbers: emergency.more_numbers,
    countryCode,
    outsideLinePrefix,
  };
}

export function nobodyHere(isEmergency: boolean): Answer {
  return notThere(
    isEmergency
      ? 'No internet, emergency services not reached'
      : 'No internet, only phones here can be called',
  );
}

/** What the caller's display can show: 480 and words, since phones take 503 for a broken server and stay away. */
export function notThere(reason: string): Answer {
  return {
    status: 480,
    reason,
    headers: [
      { name: 'Reason', value: `Q.850;cause=38;text="${reason}"` },
      { name: 'Warning', value: `399 gatehouse "${reason}"` },
    ],
  };
}

/** A phone that isn't registered and calls for help: as a binding, for as long as the call. */
export function unregistered(app: Application, request: Incoming): BindingRow {
  const { uri } = parseNameAddress(headerValue(request, 'From') ?? '');
  const agent = headerValue(request, 'User-Agent') ?? null;
  // One is all that there should be; a call for help doesn't fail for a second one.
  const [contact = ''] = listValues(request, 'Contact');
  return standIn({
    aor: uri.replace(/^sips?:/i, ''),
    phone: addressOf(request.source),
    // Leases are asked after by nobody here: they are in a file.
    mac: macInUserAgent(agent ?? '') ?? null,
    contact_uri: contact === '' ? '' : parseNameAddress(contact).uri,
    source: request.source,
    transport: request.transport,
    user_agent: agent,
    local_address: app.config.site.address,
  });
}
