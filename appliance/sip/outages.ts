/** Registrars out of reach, and the minutes after: phones stay registered here, and go back to the cloud at a pace. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { newCloudReach } from '../net/cloud-reach.ts';
import { probeTls } from '../net/probe-tls.ts';
import { optionsPing } from '../protocol/sip-options.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import type { Bindings } from './bindings.ts';
import { newReturnPace } from './return-pace.ts';

/** `away`: an outage. A number: it is over, others go first, and the phone's turn comes in so many seconds. */
export type Way = 'open' | 'away' | number;

export interface Outages extends AsyncDisposable {
  isOutage(registrar: string): boolean;
  /** For one REGISTER; `phone` is the token of its binding, if it has one that its registrar may have lost. */
  wayTo(registrar: string, phone: string | undefined): Way;
  succeeded(registrar: string): void;
  /** A request had no answer: true when a connection of ours says the same, and it is an outage. */
  failed(registrar: string, cause: string): Promise<boolean>;
  /** By registrar, ms by a clock that nobody sets. */
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
const optionsMs = 1000;
/** By then every phone has asked again, and whoever comes is an everyday matter. */
const returningMs = 180_000;

export function newOutages({ world, store, bindings, sip, trust, onError }: Needs): Outages {
  const { clock, log } = world;
  const since = new Map<string, number>();
  const endedAt = new Map<string, number>();
  const { upstream_port: port, return_per_second: perSecond } = sip;
  const pace = newReturnPace(perSecond);
  const began = async (registrar: string) => {
    since.set(registrar, clock.monotonic());
    pace.forget();
    log.warn({ registrar }, 'outage began');
    await store.write((tx) => tx.journal({ kind: 'outage_began', body: { registrar } }));
    const kept = bindings.all().filter((row) => row.registrar === registrar);
    await bindings.mark(kept, 'lost', 'no way to the registrar');
  };
  const ended = async (registrar: string) => {
    const now = clock.monotonic();
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
    probe: newProbe({ port, trust }),
    onChange: (host, isOutage) => void (isOutage ? began(host) : ended(host)).catch(onError),
  });
  const stop = new AbortController();
  const watching = reach.watch(stop.signal).catch(onError);
  return {
    since,
    isOutage: (registrar) => reach.isOutage({ host: registrar }),
    wayTo: (registrar, phone) => {
      if (reach.isOutage({ host: registrar })) return 'away';
      const now = clock.monotonic();
      const isReturning = now - (endedAt.get(registrar) ?? -Infinity) < returningMs;
      return (isReturning && phone !== undefined && pace.turn(phone, now)) || 'open';
    },
    succeeded: (registrar) => reach.succeeded({ host: registrar }),
    failed: (registrar, cause) => reach.failed({ host: registrar }, cause),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
    },
  };
}

/**
 * A verified TLS connection, and over it an OPTIONS: a registrar that has answered one before and is silent now is not there,
 * whoever keeps its port open. Whether all registrars answer is not known, so silence says nothing of one that never did.
 */
function newProbe({ port, trust }: { port: number; trust: readonly string[] }) {
  const answering = new Set<string>();
  return async ({ host }: { host: string }): Promise<boolean> => {
    const word = randomBytes(9).toString('hex');
    const text = optionsPing({ to: host, from: 'box.invalid', via: 'TLS box.invalid', word });
    const question = { text, timeoutMs: answering.has(host) ? probeMs : optionsMs };
    const { reached, answer } = await probeTls({ host, port, trust, question }, probeMs);
    const isSip = answer?.startsWith('SIP/2.0 ') === true;
    if (isSip) answering.add(host);
    return reached === 'trusted' && (isSip || !answering.has(host));
  };
}
