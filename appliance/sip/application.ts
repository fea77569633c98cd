/** What every handler of the SIP application is given. */
import type { Config } from '../config/schema.ts';
import { headerValue } from '../protocol/sip-headers.ts';
import type { BindingRow } from '../store/bindings.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import type { Accounts } from './accounts.ts';
import type { Adoption } from './adoption.ts';
import type { Bindings } from './bindings.ts';
import type { CallTable } from './call-table.ts';
import type { DialPlan } from './dial-plan.ts';
import type { Afterwards } from './afterwards.ts';
import type { DigestServer } from './digest-server.ts';
import type { EvenTime } from './even-time.ts';
import type { Flows } from './flows.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { HelpDesk } from './help/desk.ts';
import type { Leg } from './ladder-legs.ts';
import type { Ladders } from './ladders.ts';
import type { KeptDialogs } from './kept-dialogs.ts';
import type { Media } from './media.ts';
import type { RegistrarRests } from './registrar-rests.ts';
import type { Outages } from './outages.ts';
import type { SiteLists } from './site-lists.ts';
import type { Incoming, SipServer } from './srf.ts';
import type { Subscriptions } from './subscription-table.ts';
import { newTokenBuckets, type TokenBuckets } from '../net/token-buckets.ts';

export interface Application {
  readonly world: World;
  /** Of registrations and calls. */
  readonly time: EvenTime;
  readonly config: Config;
  readonly store: Store;
  readonly bindings: Bindings;
  readonly flows: Flows;
  /** That may be registered. */
  readonly mostPhones: number;
  readonly calls: CallTable;
  /** Calls of the process before this one. */
  readonly adoption: Adoption;
  readonly keptDialogs: KeptDialogs;
  readonly ladders: Ladders;
  readonly media: Media;
  readonly server: SipServer;
  readonly counters: SipCounters;
  /** By the lease of this address. */
  leaseMac(address: string): string | undefined;
  /** Registrars that could not be reached when last tried, and why. */
  readonly trouble: Map<string, string>;
  readonly outages: Outages;
  readonly rests: RegistrarRests;
  /** Undefined: this site has none. */
  readonly gateway: Gateway | undefined;
  readonly help: HelpDesk;
  readonly afterwards: Afterwards;
  /** Tokens of bindings whose phone's connection has been open since its registrar accepted them, or the box itself. */
  readonly attached: Set<string>;
  readonly dialPlan: DialPlan;
  readonly lists: Pick<SiteLists, 'isInDrill' | 'playedUntil'>;
  readonly accounts: Pick<Accounts, 'find'>;
  /** Challenges of our own. */
  readonly digest: DigestServer;
  /** By registrar: the session interval that it last asked for. */
  readonly sessionSeconds: Map<string, number>;
  readonly subscriptions: Subscriptions;
  /** REGISTERs on their way upstream, by {@link senderName}. */
  readonly registering: Map<string, number>;
  /** What of one sender goes to a registrar, in time. */
  readonly attempts: Attempts;
  /** Whether one more refusal is written down: who is refused must not be able to fill the journal. */
  mayTell(): boolean;
}

export interface Attempts {
  /** REGISTERs of those who have no binding, by {@link senderName}: without a lease of ours. */
  readonly strangers: TokenBuckets;
  /** A phone with many lines sends two for each. */
  readonly leased: TokenBuckets;
  /** REGISTERs of those who have a binding, by sender and its token, as far as they are not answered here. */
  readonly registered: TokenBuckets;
  /** What else they ask for outside of calls, by token: a phone with many lamps asks for each when it starts. */
  readonly requests: TokenBuckets;
}

export function newAttempts(): Attempts {
  return {
    strangers: newTokenBuckets({ burst: 10, perSecond: 1 }),
    leased: newTokenBuckets({ burst: 64, perSecond: 1 }),
    registered: newTokenBuckets({ burst: 32, perSecond: 1 }),
    requests: newTokenBuckets({ burst: 64, perSecond: 4 }),
  };
}

export interface SipCounters {
  registrations_passed: number;
  registrations_answered: number;
  /** Attempts after the first for one REGISTER of a phone. */
  registrations_repeated: number;
  registrations_refused: number;
  /** Of these, for coming too fast. */
  registrations_too_fast: number;
  /** Of these, since the box takes no more phones. */
  registrations_over_limit: number;
  /** Asked by the box itself to prove who they are, in an outage. */
  registrations_challenged: number;
  registrations_wrong_password: number;
  /** Of registered phones, outside of calls. */
  requests_too_fast: number;
  calls_started: number;
  calls_refused: number;
  calls_lost: number;
  /** Of which the far end took another address of ours. */
  calls_moved: number;
  /** Of which it did not. */
  calls_not_moved: number;
  calls_through_gateway: number;
  emergency_calls: number;
  /** Times that the media relay failed one of them: it went on without. */
  emergency_calls_unrelayed: number;
  /** Over UDP, that have answered something and so are where they say. */
  emergency_callers_proven: number;
  identities_refused: number;
  /** 3xx of which no target was one that calls may go to. */
  redirects_refused: number;
  /** REFERs that name somebody elsewhere, or nobody. */
  transfers_refused: number;
  sdp_refused: number;
  malformed: number;
  errors: number;
}

/** So many a minute, then silence until the next one. */
export function newBudget(perMinute: number, now: () => number): () => boolean {
  let minute = -1;
  let left = 0;
  return () => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) left = perMinute;
    minute = current;
    left -= 1;
    return left >= 0;
  };
}

export function newCounters(): SipCounters {
  return {
    registrations_passed: 0,
    registrations_answered: 0,
    registrations_repeated: 0,
    registrations_refused: 0,
    registrations_too_fast: 0,
    registrations_over_limit: 0,
    registrations_challenged: 0,
    registrations_wrong_password: 0,
    requests_too_fast: 0,
    calls_started: 0,
    calls_refused: 0,
    calls_lost: 0,
    calls_moved: 0,
    calls_not_moved: 0,
    calls_through_gateway: 0,
    emergency_calls: 0,
    emergency_calls_unrelayed: 0,
    emergency_callers_proven: 0,
    identities_refused: 0,
    redirects_refused: 0,
    transfers_refused: 0,
    sdp_refused: 0,
    malformed: 0,
    errors: 0,
  };
}

/** `10.66.0.23` of `10.66.0.23:5060`. */
export function addressOf(source: string): string {
  return source.slice(0, source.lastIndexOf(':'));
}

/** Who a limit is for. Over UDP anybody can write an address as his own: what comes so takes nothing from a phone with a connection. */
export function senderName({ source, transport }: Pick<Incoming, 'source' | 'transport'>): string {
  return `${transport === 'udp' ? 'udp ' : ''}${addressOf(source)}`;
}

/** Of a request that came: by its sender's address, for a registrar by the name of our connection to it. */
export function legOf({ flow, source, headers }: Pick<Incoming, 'flow' | 'source' | 'headers'>): Leg {
  const peer = flow.startsWith('in:') ? addressOf(source) : flow;
  return { peer, callId: headerValue({ headers }, 'Call-ID') ?? '' };
}

/** The way to a registrar on the connection of that name. */
export function upstreamRoute(
  { config }: Application,
  { registrar, flow }: { registrar: string; flow: string },
): string {
  return `sip:${registrar}:${config.sip.upstream_port};transport=tls;flow=${flow}`;
}

/** The phone's own connection; over TCP and TLS no other one is opened. */
export function phoneRoute({ source, transport }: Pick<BindingRow, 'source' | 'transport'>): string {
  return `sip:${source};transport=${transport}${transport === 'udp' ? '' : ';ob'}`;
}
