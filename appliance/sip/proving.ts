/**
 * A REGISTER in an outage that does not come on the connection that its registrar accepted: the phone was restarted, or the box.
 * It is answered here when the phone proves that it knows the account's password (RFC 3261 section 22); its MAC or address
 * proves nothing.
 */
import { headerLines, splitChallenges } from '../protocol/sip-headers.ts';
import type { AccountSecret } from '../store/account-seal.ts';
import type { BindingRow } from '../store/bindings.ts';
import { addressOf, type Application } from './application.ts';
import { newToken } from './bindings.ts';
import { digestAlgorithm, digestHa1, type DigestHash } from './digest.ts';
import { challenge, verify, type Verdict } from './digest-server.ts';
import { registeringPhone } from './registering-phone.ts';
import { answerFromStore } from './registration-answer.ts';
import { mayTry, refuse, refuseTooFast } from './registration-refusal.ts';
import { keptSeconds, notReached, type Registration } from './registrations.ts';
import type { Incoming } from './srf.ts';

interface Proving {
  readonly registration: Registration;
  readonly phone: string;
  readonly binding: BindingRow | undefined;
}

export async function registerHere(app: Application, request: Incoming, proving: Proving): Promise<void> {
  const { registration } = proving;
  const address = addressOf(request.source);
  const [user = ''] = registration.aor.split('@');
  const account = app.accounts.find(user, app.leaseMac(address));
  if (account === undefined) {
    await refuse(app, request, { registration, ...notReached });
    return;
  }
  if (!mayTry(app, request, undefined)) {
    await refuseTooFast(app, request);
    return;
  }
  const realm = realmOf(app, proving);
  switch (verdictOf(app, request, { realm: realm.name, user, account })) {
    case 'right':
      await accept(app, request, proving);
      break;
    case 'wrong':
      app.counters.registrations_wrong_password += 1;
      await refuse(app, request, { registration, status: 403, reason: 'Wrong password' });
      break;
    case 'stale':
      await ask(app, request, { ...realm, isStale: true });
      break;
    case 'malformed':
      await ask(app, request, realm);
  }
}

interface Realm {
  readonly name: string;
  readonly hashes: readonly DigestHash[];
}

/** As the registrar asked this phone, or another one; a phone answers the challenge that it knows without asking anybody. */
function realmOf(app: Application, { registration, binding }: Proving): Realm {
  const known = [...(binding === undefined ? [] : [binding]), ...app.bindings.all()].find(
    ({ auth_realm: name, registrar }) => name !== null && registrar === registration.registrar,
  );
  const [, domain = ''] = registration.aor.split('@');
  return {
    name: known?.auth_realm ?? domain,
    hashes:
      known === undefined
        ? ['SHA-256', 'MD5']
        : [digestAlgorithm(known.auth_algorithm ?? undefined)?.hash ?? 'MD5'],
  };
}

function verdictOf(
  app: Application,
  request: Incoming,
  { realm, user, account }: { realm: string; user: string; account: AccountSecret },
): Verdict {
  const { authUser, password } = account;
  const claim = {
    method: 'REGISTER',
    body: Buffer.from(request.body),
    uri: request.uri,
    realm,
    ha1: (username: string, hash: DigestHash) =>
      username === authUser || username === user ? digestHa1(hash, { username, realm, password }) : undefined,
  };
  const given = headerLines(request, 'Authorization').flatMap((value) => splitChallenges(value));
  const verdicts = given.map((credentials) => verify(app.digest, { ...claim, credentials }, nonceTime(app)));
  return verdicts.find((verdict) => verdict !== 'malformed') ?? 'malformed';
}

/** ms: nonces are as old as they are, whatever is done to the clock. */
function nonceTime({ world }: Application): number {
  return Math.round(world.clock.monotonic());
}

async function ask(
  app: Application,
  request: Incoming,
  { name, hashes, isStale = false }: Realm & { isStale?: boolean },
): Promise<void> {
  app.counters.registrations_challenged += 1;
  const values = challenge(app.digest, { realm: name, hashes, isStale }, nonceTime(app));
  await request.respond({
    status: 401,
    headers: values.map((value) => ({ name: 'WWW-Authenticate', value })),
  });
}

async function accept(app: Application, request: Incoming, proving: Proving): Promise<void> {
  const { registration } = proving;
  const row = provenRow(app, request, proving);
  if (row === undefined) {
    await refuse(app, request, { registration, status: 503, reason: 'Too many phones' });
    return;
  }
  const { aor, registrar, transport, mac } = row;
  const { sip } = app.config;
  const longest = transport === 'udp' ? sip.local_expires_udp_seconds : sip.local_expires_tcp_seconds;
  const expiresSeconds = Math.min(keptSeconds, longest, registration.expiresSeconds ?? longest);
  const source = addressOf(row.source);
  const body = { aor, registrar, transport, source, user_agent: row.user_agent ?? undefined, way: 'site' };
  app.attached.add(row.token);
  const news = { kind: 'registered', mac: mac ?? undefined, body };
  await answerFromStore(app, request, { binding: row, expiresSeconds, news });
}

/** The registrar's own binding, where there is one, moved to this connection; it is still good up there, or lost. */
function provenRow(
  app: Application,
  request: Incoming,
  { registration, phone, binding }: Proving,
): BindingRow | undefined {
  const { aor, registrar, contact } = registration;
  const now = app.time.now();
  const flow = binding?.flow ?? app.flows.name(phone, registrar, app.world.clock.monotonic());
  if (flow === undefined || typeof contact !== 'object') return undefined;
  const before = binding ?? {
    token: newToken(phone, aor, registrar),
    local_address: app.config.site.address,
    reply: '[]',
    registered_at: now,
    expires_at: now,
    auth_realm: null,
    auth_algorithm: null,
  };
  return {
    ...before,
    aor,
    registrar,
    phone,
    flow,
    ...registeringPhone(app, request),
    contact_uri: contact.uri,
    auth_user: registration.authUser ?? null,
    local_expires_at: now,
    state: binding?.state === 'registered' ? 'registered' : 'lost',
  };
}
