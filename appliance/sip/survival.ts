/** Who is rung on site when the cloud can't take a call. */
import { headerValue, parseNameAddress } from '../protocol/sip-headers.ts';
import type { BindingRow } from '../store/bindings.ts';
import { addressOf, type Application } from './application.ts';
import type { LiveCall } from './call-table.ts';
import { dialledNumber, phonesOf } from './dial-plan.ts';
import type { EmergencyPlan } from './emergency.ts';
import { macInUserAgent } from './phone-mac.ts';
import type { Answer, Incoming } from './srf.ts';

/** Phones that ring at once for one call. */
const maxRinging = 30;

/** None: nobody here can be rung. From memory only. */
export function phonesToRing(app: Application, call: LiveCall, uri: string): BindingRow[] {
  const { attached, bindings } = app;
  const isOther = ({ token, source }: BindingRow) =>
    token !== call.binding.token && source !== call.binding.source;
  const kept = bindings
    .all()
    .filter((row) => attached.has(row.token) && row.state !== 'late' && isOther(row));
  const found = call.isEmergency ? attendants(app, kept) : phonesOf(dialledNumber(uri), kept, app.dialPlan);
  const secure = found.filter(({ transport }) => transport === 'tls');
  // Keys of a caller over TLS must not reach a phone in clear; whoever can't be given them is rung only if nobody else is there.
  const isMixed = call.binding.transport === 'tls' && secure.length > 0;
  return (isMixed ? secure : found).slice(0, maxRinging);
}

/** Those named in the settings that are there; else everybody. */
function attendants({ config, dialPlan }: Application, kept: readonly BindingRow[]): BindingRow[] {
  const named = config.emergency.attendants.flatMap((number) => phonesOf(number, kept, dialPlan));
  return named.length > 0 ? named : [...kept];
}

export function emergencyPlan({ emergency, dial_plan: plan }: Application['config']): EmergencyPlan {
  const { country_code: countryCode, outside_line_prefix: outsideLinePrefix } = plan;
  return { numbers: emergency.numbers, countryCode, outsideLinePrefix };
}

/** What the caller's display can show: 480 and words, since phones take 503 for a broken server and stay away. */
export function nobodyHere(isEmergency: boolean): Answer {
  const reason = isEmergency
    ? 'No internet, emergency services not reached'
    : 'No internet, only phones here can be called';
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
  const now = app.world.clock.now();
  const { uri } = parseNameAddress(headerValue(request, 'From') ?? '');
  const agent = headerValue(request, 'User-Agent') ?? null;
  return {
    token: '',
    aor: uri.replace(/^sips?:/i, ''),
    registrar: '',
    phone: addressOf(request.source),
    flow: '',
    mac: app.leaseMac(addressOf(request.source)) ?? macInUserAgent(agent ?? '') ?? null,
    contact: '',
    contact_uri: '',
    source: request.source,
    transport: request.transport,
    user_agent: agent,
    auth_user: null,
    auth_realm: null,
    auth_algorithm: null,
    local_address: app.config.site.address,
    reply: '[]',
    registered_at: now,
    expires_at: now,
    local_expires_at: now,
    state: 'lost',
  };
}
