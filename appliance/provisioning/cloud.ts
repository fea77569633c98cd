/** The way to the cloud: how it is asked, how it is watched, and how long a phone may wait for it. */
import type { Config } from '../config/schema.ts';
import { openDownload } from '../net/http-download.ts';
import { askUpstream, newKeptConnections, UpstreamError, type LookupFunction } from '../net/http-upstream.ts';
import { probeUpstream } from '../net/probe-upstream.ts';
import { upstreamAuthorities } from '../net/upstream-trust.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import { newCloudReach } from '../net/cloud-reach.ts';
import type { Context } from './context.ts';
import { newPacer } from './pacer.ts';

/** Where the cloud is found when it is not where its names say: for tests on one machine. */
export interface UpstreamNetwork {
  readonly lookup?: LookupFunction;
  readonly httpPort?: number;
  readonly httpsPort?: number;
}

interface Opening {
  readonly world: World;
  readonly config: Config;
  readonly network: UpstreamNetwork;
  /** Host of the first stage. */
  readonly region: string;
  readonly store: Store;
  readonly signal: AbortSignal;
}

/** A probe longer than this says that the host is away, whatever comes later. */
const longestProbeMs = 3000;
/** A thousand phones after a power cut must not look like an attack to the cloud. */
const mostAtOnce = 32;

export function openCloud(opening: Opening): Pick<Context, 'ask' | 'download' | 'reach'> {
  const { world, network, region, store, signal } = opening;
  const { site, provisioning } = opening.config;
  const ca = upstreamAuthorities(site.extra_ca_file);
  const waitMs = provisioning.upstream_timeout_seconds * 1000;
  // Both come out of what a phone may have to wait: a request that failed is followed by a probe.
  const probeMs = Math.min(longestProbeMs, waitMs / 4);
  const portOf = (scheme: 'http' | 'https') =>
    scheme === 'http' ? (network.httpPort ?? 80) : (network.httpsPort ?? 443);
  const { lookup } = network;
  const pace = newPacer(mostAtOnce);
  const kept = newKeptConnections({ scheme: 'https', ca, lookup });
  signal.addEventListener('abort', () => kept.destroy(), { once: true });
  return {
    ask: async ({ isRepeatable = false, ...request }) => {
      const until = world.clock.now() + waitMs - probeMs;
      return pace(async () => {
        const timeoutMs = until - world.clock.now();
        // With so little left it would be the queue that failed, not the cloud.
        if (timeoutMs < probeMs) throw new UpstreamError('busy', 'too many phones ask at once');
        return askUpstream({
          ...request,
          port: portOf(request.scheme),
          ca,
          lookup,
          signal,
          timeoutMs,
          kept: isRepeatable ? kept : undefined,
        });
      });
    },
    download: async (request) =>
      openDownload({
        ...request,
        port: portOf(request.scheme),
        ca,
        lookup,
        signal,
        timeoutMs: waitMs - probeMs,
      }),
    reach: newCloudReach({
      world,
      always: [{ use: 'first', host: region }],
      isForced: provisioning.kept_answers_only,
      probe: async ({ use, host }) => {
        const scheme = use === 'first' ? 'http' : 'https';
        return probeUpstream({ scheme, host, port: portOf(scheme), ca, lookup, signal }, probeMs);
      },
      onChange: (host, isOutage) => {
        if (signal.aborted) return;
        world.log.warn({ host }, isOutage ? 'outage began' : 'outage ended');
        void store
          .write((tx) => tx.journal({ kind: isOutage ? 'outage_began' : 'outage_ended', body: { host } }))
          .catch((error: unknown) => world.log.error({ error: String(error) }, 'outage not written down'));
      },
    }),
  };
}
