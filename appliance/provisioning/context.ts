/** What one exchange needs of the running part, and the few answers that are made here. */
import type { ProvisioningConfig, SiteConfig } from '../config/schema.ts';
import type { CloudReach } from '../net/cloud-reach.ts';
import type { HttpAnswer } from '../net/http-server.ts';
import type { Download } from '../net/http-download.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../net/http-upstream.ts';
import type { RequestOutcome } from '../store/phone-requests.ts';
import type { Store } from '../store/store.ts';
import type { TaskView } from '../store/task-view.ts';
import type { World } from '../world.ts';
import type { Answers } from './answers.ts';
import type { FirmwareStore } from './firmware-store.ts';
import type { Hosts, Upstream } from './hosts.ts';
import type { LeaseView } from './identify.ts';
import type { Refusals } from './move-back.ts';
import type { RequestLog } from './request-log.ts';
import type { OverlayValues } from './template-values.ts';
import type { Templates } from './templates.ts';

export interface Context {
  readonly world: World;
  readonly site: SiteConfig;
  readonly provisioning: ProvisioningConfig;
  readonly hosts: Hosts;
  readonly vendors: Templates;
  readonly leases: LeaseView;
  readonly store: Store;
  readonly firmware: FirmwareStore;
  readonly tasks: Pick<TaskView, 'isBypassed'>;
  readonly answers: Answers;
  readonly counters: Counters;
  readonly requests: Pick<RequestLog, 'note'>;
  readonly reach: CloudReach<Pick<Upstream, 'use' | 'host'>>;
  readonly refusals: Refusals;
  /** `http://10.0.0.1` and `https://10.0.0.1`, with ports where they are not the schemes' own. */
  readonly origins: () => { readonly http: string; readonly https: string };
  /** PEM, of the address of ours that a phone came to. */
  readonly authorityAt: (localAddress: string) => string;
  /** What the cloud is asked for at the moment, until it is kept and given. */
  readonly flights: Map<string, Promise<Answer>>;
  /** What templates are filled in with, for one phone or for none. */
  readonly overlayValues: (phone?: {
    readonly mac: string;
    readonly model?: string;
    readonly vendor?: string;
  }) => OverlayValues;
  /** With the network that the process has; rejects with an UpstreamError, as the next. */
  readonly ask: (request: ConfigurationAsking) => Promise<UpstreamAnswer>;
  readonly download: (request: Asking) => Promise<Download>;
}

type Asking = Omit<UpstreamRequest, 'port' | 'ca' | 'lookup' | 'timeoutMs' | 'signal' | 'kept'>;

interface ConfigurationAsking extends Asking {
  /** It gives again what it gave: it may go up twice, and on a connection that stays. */
  readonly isRepeatable?: boolean;
}

/** Since start. */
export interface Counters {
  requests: number;
  overlays_given: number;
  answers_passed: number;
  files_passed: number;
  kept_answers_given: number;
  bypasses_answered: number;
  logs_kept: number;
  logs_forwarded: number;
  uploads_dropped: number;
  requests_refused: number;
  requests_unknown: number;
  requests_held: number;
  firmware_offers: number;
  firmware_downloads: number;
  firmware_bytes: number;
  upstream_failures: number;
  answers_refused: number;
  settings_dropped: number;
  templates_refused: number;
  pnp_answered: number;
  pnp_ignored: number;
  pnp_rivals: number;
  syslog_kept: number;
  syslog_over_rate: number;
  /** From no phone, or with nothing in it. */
  syslog_ignored: number;
  /** By a full or broken disk. */
  syslog_lost: number;
  errors: number;
}

export const newCounters = (): Counters => ({
  requests: 0,
  overlays_given: 0,
  answers_passed: 0,
  files_passed: 0,
  kept_answers_given: 0,
  bypasses_answered: 0,
  logs_kept: 0,
  logs_forwarded: 0,
  uploads_dropped: 0,
  requests_refused: 0,
  requests_unknown: 0,
  requests_held: 0,
  firmware_offers: 0,
  firmware_downloads: 0,
  firmware_bytes: 0,
  upstream_failures: 0,
  answers_refused: 0,
  settings_dropped: 0,
  templates_refused: 0,
  pnp_answered: 0,
  pnp_ignored: 0,
  pnp_rivals: 0,
  syslog_kept: 0,
  syslog_over_rate: 0,
  syslog_ignored: 0,
  syslog_lost: 0,
  errors: 0,
});

/** With what people are told of it. */
export interface Answer extends HttpAnswer {
  readonly outcome?: RequestOutcome;
  /** A sentence. */
  readonly reason?: string;
}

export function emptyAnswer(status: number, headers: HttpAnswer['headers'] = []): HttpAnswer {
  return { status, headers, body: new Uint8Array() };
}

/** On a 5xx phones keep what they have in flash and come again. */
export const tryLater = (outcome: 'held' | 'cloud away' | 'busy'): Answer => ({
  ...emptyAnswer(503, [['Retry-After', '60']]),
  outcome,
});

export function textAnswer(type: string, text: string): HttpAnswer {
  return {
    status: 200,
    headers: [
      ['Content-Type', type],
      ['Cache-Control', 'no-store'],
    ],
    body: Buffer.from(text, 'latin1'),
  };
}
