/** Carries REGISTER between a phone and its registrar, with the phone's own credentials, and keeps what came of it. */
import type { Config } from '../config/schema.ts';
import { recogniseVendor } from '../phones/vendors.ts';
import { headerValue } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import type { BindingRow } from '../store/bindings.ts';
import { announceCalls } from './adopted-call.ts';
import { addressOf, senderName, upstreamRoute, type Application } from './application.ts';
import { newToken } from './bindings.ts';
import { nextMaxForwards, passedHeaders, passedWithoutBody } from './headers.ts';
import { registeringPhone } from './registering-phone.ts';
import { wayTo } from './drill.ts';
import { registerHere } from './proving.ts';
import {
  answeredChallenge,
  decideRegistration,
  grantedSeconds,
  readRegistration,
  repeatedReply,
  upstreamContact,
  type Registration,
} from './registrations.ts';
import type { Answer, Incoming, Received } from './srf.ts';
import { isRegistrar } from './registrars.ts';
import { accepted, answerFromStore } from './registration-answer.ts';
import { isRefusal, keepFailed } from './registration-failure.ts';
import { crowding } from './registration-limits.ts';
import { nameAt, placeOf } from './phone-name.ts';
import { mayTry, refuse, refuseTooFast } from './registration-refusal.ts';
import { askRegistrar, retryAfter } from './upstream-attempts.ts';

/** Throws SipSyntaxError, which is answered with 400. */
export async function relayRegister(app: Application, request: Incoming): Promise<void> {
  if (!request.flow.startsWith('in:')) {
    await request.respond({ status: 403 });
    return;
  }
  const registration = readRegistration(request);
  const address = addressOf(request.source);
  const mac = app.leaseMac(address);
  const named = nameAt(address, registration.contact);
  const phone = mac ?? named;
  const now = app.time.now();
  const { aor, registrar } = registration;
  // A phone that was known by its address keeps its binding once its lease is known.
  const binding = app.bindings.ofPhone(phone, aor, registrar) ?? app.bindings.ofPhone(named, aor, registrar);
  const { sip } = app.config;
  const way = isRegistrar(registrar, sip.registrars) ? wayTo(app, { registrar, phone, binding }) : 'open';
  const rest = app.rests.left(registrar, app.world.clock.monotonic());
  const local = localSeconds(sip);
  const decision = decideRegistration(
    registration,
    {
      source: request.source,
      transport: request.transport,
      isClearAllowed: isClearAllowed(app, mac, registration.userAgent),
      binding,
      isAttached: binding !== undefined && app.attached.has(binding.token),
      // Nobody need stay away longer for it than on other days: until it is over the box answers by itself.
      way: way === 'open' && rest > 0 ? Math.min(rest, local[request.transport]) : way,
      now,
    },
    {
      registrars: sip.registrars,
      localSeconds: local,
    },
  );
  switch (decision.kind) {
    case 'refuse':
      await refuse(app, request, { registration, ...decision });
      break;
    case 'answer':
      await answerFromStore(app, request, decision);
      break;
    case 'prove':
      await registerHere(app, request, { registration, phone, binding });
      break;
    case 'pass':
      if (rest > 0) await refuse(app, request, { registration, ...busy, waitSeconds: rest });
      else if (!mayTry(app, request, binding)) await refuseTooFast(app, request);
      else await passThrough(app, request, { registration, phone, binding });
      break;
  }
}

const busy = { status: 503, reason: 'Registrar busy' } as const;

/** Phones that were switched on together don't come back together for ever: each time is up to a tenth shorter or longer. */
const spread = 0.1;

/** Seconds that a phone is told this time, by its transport. */
function localSeconds({ local_expires_udp_seconds: udp, local_expires_tcp_seconds: tcp }: Config['sip']) {
  const factor = 1 + spread * (2 * Math.random() - 1);
  const told = (seconds: number) => Math.max(1, Math.round(seconds * factor));
  return { udp: told(udp), tcp: told(tcp), tls: told(tcp) };
}

function isClearAllowed(
  { config }: Application,
  mac: string | undefined,
  userAgent: string | undefined,
): boolean {
  return config.provisioning.allow_cleartext.includes(recogniseVendor({ mac, userAgent }) ?? 'other');
}

interface Passing {
  readonly registration: Registration;
  readonly phone: string;
  readonly binding: BindingRow | undefined;
}

/** As many as a phone has lines; more at a time is a storm. */
const maxRegistering = 32;

async function passThrough(app: Application, request: Incoming, passing: Passing): Promise<void> {
  const { registering } = app;
  const sender = senderName(request);
  const under = registering.get(sender) ?? 0;
  if (under >= maxRegistering) {
    await refuse(app, request, {
      registration: passing.registration,
      status: 503,
      reason: 'Too many at a time',
    });
    return;
  }
  registering.set(sender, under + 1);
  try {
    await relayUpstream(app, request, passing);
  } finally {
    const left = (registering.get(sender) ?? 1) - 1;
    if (left > 0) registering.set(sender, left);
    else registering.delete(sender);
  }
}

async function relayUpstream(app: Application, request: Incoming, passing: Passing): Promise<void> {
  const { registration, phone, binding } = passing;
  const hops = nextMaxForwards(request.headers);
  if (hops === undefined) {
    await refuse(app, request, { registration, status: 483, reason: 'Too Many Hops' });
    return;
  }
  const flow = flowOf(app, passing);
  if (typeof flow === 'object') {
    app.counters.registrations_over_limit += 1;
    await refuse(app, request, { registration, status: 503, ...flow });
    return;
  }
  const token = binding?.token ?? newToken(phone, registration.aor, registration.registrar);
  app.counters.registrations_passed += 1;
  const outgoing = {
    method: 'REGISTER',
    uri: request.uri,
    route: upstreamRoute(app, { registrar: registration.registrar, flow }),
    headers: [...registerHeaders(request, registration, token), hops],
    ...(request.body === '' ? {} : { body: request.body }),
  };
  const attempted = await askRegistrar(app, outgoing, registration.registrar);
  // Its connection may have been lost, and it with it, while we waited.
  const current = { ...passing, binding: binding && app.bindings.byToken(binding.token) };
  if (attempted.kind === 'failed') {
    await unreachable(app, request, { ...current, cause: attempted.cause, flow });
    return;
  }
  const { response, localAddress } = attempted;
  app.trouble.delete(registration.registrar);
  app.outages.succeeded(registration.registrar);
  app.rests.heard(registration.registrar, { phone, response }, app.world.clock.monotonic());
  if (response.status < 200 || response.status > 299) {
    await request.respond(relayed(response));
    if (isRefusal(response, request)) keepFailed(app, request, { registration, ...response, flow });
    return;
  }
  await settle(app, request, { ...current, response, token, flow, localAddress });
}

/** Name of the phone's connection, or why there is none for it. */
function flowOf(
  app: Application,
  { registration, phone, binding }: Passing,
): string | { readonly reason: string } {
  const { flows, world } = app;
  const reason = binding === undefined ? crowding(app) : undefined;
  if (reason !== undefined) return { reason };
  if (binding !== undefined) flows.adopt(binding.flow, phone, registration.registrar);
  const name = flows.name(phone, registration.registrar, world.clock.monotonic());
  return name ?? { reason: 'Too many at a time' };
}

/** The phone's own dialog fields are kept: an answer from us and one from its registrar look the same to it. */
function registerHeaders(request: Incoming, { contact }: Registration, token: string): SipHeader[] {
  const kept = ['From', 'To', 'Call-ID', 'CSeq'].flatMap((name) => {
    const value = headerValue(request, name);
    return value === undefined ? [] : [{ name, value }];
  });
  const value = contact === undefined ? undefined : contact === 'all' ? '*' : upstreamContact(contact, token);
  return [
    ...kept,
    ...(value === undefined ? [] : [{ name: 'Contact', value }]),
    ...passedHeaders(request.headers, 'cloud'),
  ];
}

async function unreachable(
  app: Application,
  request: Incoming,
  { registration, binding, cause, flow }: Passing & { cause: string; flow: string },
): Promise<void> {
  app.trouble.set(registration.registrar, cause);
  if (binding !== undefined) await app.bindings.mark([binding], 'lost', `registrar not reached (${cause})`);
  if (await app.outages.failed(registration.registrar, cause)) {
    await relayRegister(app, request);
    return;
  }
  const [status, reason] = [503, 'Registrar not reached'];
  await request.respond({ status, reason, headers: [retryAfter()] });
  keepFailed(app, request, { registration, status, reason, flow });
}

interface Settling extends Passing {
  readonly response: Received;
  readonly token: string;
  readonly flow: string;
  readonly localAddress: string;
}

/** A 2xx: the binding is on disk before the phone hears of it. */
async function settle(app: Application, request: Incoming, settling: Settling): Promise<void> {
  const { registration, binding, response, token } = settling;
  const { contact } = registration;
  const granted = grantedSeconds(response, token);
  if (typeof contact !== 'object' || granted === undefined || granted === 0) {
    for (const row of signedOff(app, settling)) await forget(app, row);
    const headers = passedWithoutBody(response.headers, 'phone').filter(({ name }) => name !== 'Expires');
    await request.respond({ status: response.status, reason: response.reason, headers });
    return;
  }
  const expiresSeconds = Math.min(localSeconds(app.config.sip)[request.transport], granted);
  const row = bindingRow(app, request, { ...settling, contact: contact.uri, granted, expiresSeconds });
  const isNews = binding?.state !== 'registered' || binding.contact_uri !== row.contact_uri;
  const { aor, registrar } = row;
  await app.bindings.save(
    row,
    isNews
      ? {
          kind: 'registered',
          mac: row.mac ?? undefined,
          body: {
            aor,
            registrar,
            transport: row.transport,
            source: addressOf(row.source),
            user_agent: row.user_agent ?? undefined,
          },
        }
      : undefined,
  );
  app.attached.add(row.token);
  if (isNews) app.world.log.info({ mac: row.mac, registrar, transport: row.transport }, 'phone registered');
  const headers = passedWithoutBody(response.headers, 'phone');
  await request.respond(accepted(headers, registration.registered, expiresSeconds));
  for (const old of takenBack(app, registration)) if (old.token !== token) await forget(app, old);
  announceCalls(app, row);
}

/** Of a request that registers nothing. */
function signedOff(app: Application, { registration, binding, phone }: Settling): BindingRow[] {
  if (registration.contact === undefined) return [];
  if (registration.contact === 'all')
    return ofAor(app, registration).filter((row) => placeOf(row.phone) === placeOf(phone));
  return Array.from(new Set([...(binding === undefined ? [] : [binding]), ...takenBack(app, registration)]));
}

/** What the phone registered from an address that it has left. */
function takenBack(app: Application, registration: Registration): BindingRow[] {
  if (registration.takenBack.length === 0) return [];
  return ofAor(app, registration).filter((row) => registration.takenBack.includes(row.contact_uri));
}

function ofAor(app: Application, { aor, registrar }: Registration): BindingRow[] {
  return app.bindings.all().filter((row) => row.aor === aor && row.registrar === registrar);
}

async function forget(app: Application, row: BindingRow): Promise<void> {
  const { aor, registrar } = row;
  await app.bindings.remove(row, {
    kind: 'unregistered',
    mac: row.mac ?? undefined,
    body: { aor, registrar },
  });
  app.attached.delete(row.token);
  if (app.bindings.byFlow(row.flow).length > 0) return;
  app.flows.forget(row.flow);
  app.server.engine.closeFlow(row.flow);
}

function bindingRow(
  app: Application,
  request: Incoming,
  settling: Settling & { contact: string; granted: number; expiresSeconds: number },
): BindingRow {
  const { registration, phone, binding, response, token, flow, localAddress, granted, expiresSeconds } =
    settling;
  const now = app.time.now();
  const { aor, registrar } = registration;
  return {
    token,
    aor,
    registrar,
    phone,
    flow,
    ...registeringPhone(app, request),
    contact_uri: settling.contact,
    auth_user: registration.authUser ?? binding?.auth_user ?? null,
    auth_realm: binding?.auth_realm ?? null,
    auth_algorithm: binding?.auth_algorithm ?? null,
    ...answeredChallenge(request.headers),
    local_address: localAddress,
    reply: JSON.stringify(repeatedReply(passedWithoutBody(response.headers, 'phone'))),
    registered_at: binding?.state === 'registered' ? binding.registered_at : now,
    expires_at: now + granted * 1000,
    local_expires_at: now + expiresSeconds * 1000,
    state: 'registered',
  };
}

/** Every challenge, Retry-After and warning as it came. */
function relayed({ status, reason, headers }: Received): Answer {
  return { status, reason, headers: passedWithoutBody(headers, 'phone') };
}
