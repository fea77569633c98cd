/** Registrars out of reach, and the minutes after: phones stay registered here, and go back to the cloud at a pace. */
import type { Config } from '../config-schema.ts';
import { newCloudReach } from '../net/cloud-reach.ts';
import { probeTls } from '../net/probe-tls.ts';
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import type { Bindings } from './bindings.ts';

/** `away`: an outage. `queue`: it is over, and others go first. */
export type Way = 'open' | 'away' | 'queue';

export interface Outages extends AsyncDisposable {
  isOutage(registrar: string): boolean;
  /** For one REGISTER: after an outage each that is told `open` counts. */
  wayTo(registrar: string): Way;
  succeeded(registrar: string): void;
  /** A request had no answer: true when a connection of ours says the same, and it is an outage. */
  failed(registrar: string, cause: string): Promise<boolean>;
  /** ms since 1970 by registrar. */
  readonly since: ReadonlyMap<string, number>;
}

interface Needs {
  readonly world: World;
  readonly store: Store;
  readonly bindings: Bindings;
  /** PEM, besides Node's roots. */
  readonly trust: readonly string[];
  readonly sip: Pick<Config['sip'], 'upstream_port' | 'return_per_second'>;
  readonly onError: (error: unknown) => void;
}

const probeMs = 3000;
/** By then every phone has asked again, and whoever comes is an everyday matter. */
const returningMs = 180_000;

export function newOutages({ world, store, bindings, sip, trust, onError }: Needs): Outages {
  const { clock, log } = world;
  const since = new Map<string, number>();
  const endedAt = new Map<string, number>();
  const { upstream_port: port, return_per_second: perSecond } = sip;
  const pace = newTokenBucket({ burst: perSecond, perSecond });
  const began = async (registrar: string) => {
    since.set(registrar, clock.now());
    log.warn({ registrar }, 'outage began');
    await store.write((tx) => tx.journal({ kind: 'outage_began', body: { registrar } }));
    const kept = bindings.all().filter((row) => row.registrar === registrar);
    await bindings.mark(kept, 'lost', 'no way to the registrar');
  };
  const ended = async (registrar: string) => {
    const now = clock.now();
    const seconds = Math.round((now - (since.get(registrar) ?? now)) / 1000);
    since.delete(registrar);
    endedAt.set(registrar, now);
    log.warn({ registrar, seconds }, 'outage ended');
    await store.write((tx) => tx.journal({ kind: 'outage_ended', body: { registrar, seconds } }));
  };
  const reach = newCloudReach<{ host: string }>({
    world,
    always: [],
    isForced: false,
    probe: async ({ host }) => (await probeTls({ host, port, trust }, probeMs)).reached === 'trusted',
    onChange: (host, isOutage) => void (isOutage ? began(host) : ended(host)).catch(onError),
  });
  const stop = new AbortController();
  const watching = reach.watch(stop.signal).catch(onError);
  return {
    since,
    isOutage: (registrar) => reach.isOutage({ host: registrar }),
    wayTo: (registrar) => {
      if (reach.isOutage({ host: registrar })) return 'away';
      const now = clock.now();
      const isReturning = now - (endedAt.get(registrar) ?? -Infinity) < returningMs;
      return isReturning && !takeToken(pace, now) ? 'queue' : 'open';
    },
    succeeded: (registrar) => reach.succeeded({ host: registrar }),
    failed: (registrar, cause) => reach.failed({ host: registrar }, cause),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
    },
  };
}
