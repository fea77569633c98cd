/** Keeps watch over the hosts of the cloud that phones are led to; the decisions are in `outage.ts`. */
import type { World } from '../world.ts';
import { newReach, noteSign, type Reach, type SignSource } from './outage.ts';

interface Named {
  readonly host: string;
}

export interface CloudReach<Host extends Named> {
  /** Phones are served from the store; decided by what is known. */
  isOutage(host: Host): boolean;
  /** By a sign of the last seconds, so it may wait for a probe. */
  answers(host: Host): Promise<boolean>;
  succeeded(host: Host): void;
  /** A request failed: true when a probe says the same, and it is an outage. `reason` is one word for the page. */
  failed(host: Host, reason: string): Promise<boolean>;
  /** Hosts that are not well. */
  unwell(): { readonly host: string; readonly reason: string }[];
  /** Probes until aborted. */
  watch(signal: AbortSignal): Promise<void>;
}

interface Needs<Host extends Named> {
  readonly world: Pick<World, 'clock'>;
  /** Watched when all is well, too. */
  readonly always: readonly Host[];
  readonly probe: (host: Host) => Promise<boolean>;
  readonly onChange: (host: string, isOutage: boolean) => void;
  /** The admin says that the cloud is away. */
  readonly isForced: boolean;
}

interface Watched<Host extends Named> {
  readonly host: Host;
  reach: Reach;
  reason: string;
  running?: Promise<boolean>;
}

/** A sign this old is news still. */
const freshMs = 5000;
const doubtMs = 5000;
const calmMs = 30_000;

export function newCloudReach<Host extends Named>({
  world,
  always,
  probe,
  onChange,
  isForced,
}: Needs<Host>): CloudReach<Host> {
  const { clock } = world;
  const known = new Map<string, Watched<Host>>();
  const of = (host: Host) => {
    const entry: Watched<Host> = known.get(host.host) ?? { host, reach: newReach, reason: 'unreachable' };
    known.set(host.host, entry);
    return entry;
  };
  let failedAt = -Infinity;
  const note = (host: Host, source: SignSource, isGood: boolean) => {
    const entry = of(host);
    const { isOutage } = entry.reach;
    if (!isGood) failedAt = clock.monotonic();
    entry.reach = noteSign(entry.reach, source, { isGood, at: clock.monotonic() });
    if (entry.reach.isOutage !== isOutage) onChange(host.host, !isOutage);
  };
  /** One at a time a host, however many phones wait for it. */
  const probeOnce = async (host: Host): Promise<boolean> => {
    const entry = of(host);
    entry.running ??= probe(host)
      .then((isGood) => {
        note(host, 'probe', isGood);
        return isGood;
      })
      .finally(() => delete entry.running);
    return entry.running;
  };
  const unwell = () => Array.from(known.values()).filter(isUnwell);
  return {
    isOutage: (host) => isForced || of(host).reach.isOutage,
    answers: async (host) => {
      const { isOutage, newest } = of(host).reach;
      if (isForced || isOutage) return false;
      // What another host has just failed at may be the line that they share.
      const isNews = newest !== undefined && clock.monotonic() - newest.at <= freshMs && newest.at > failedAt;
      return isNews ? newest.isGood : probeOnce(host);
    },
    succeeded: (host) => note(host, 'request', true),
    failed: async (host, reason) => {
      of(host).reason = reason;
      note(host, 'request', false);
      await probeOnce(host);
      return of(host).reach.isOutage;
    },
    unwell: () => unwell().map(({ host, reason }) => ({ host: host.host, reason })),
    watch: async (signal) => {
      let probedAt = -Infinity;
      for (; !signal.aborted; await clock.sleep(doubtMs, signal).catch(() => undefined)) {
        // Turned to at the first doubt, not when a long sleep has ended.
        if (unwell().length === 0 && clock.monotonic() - probedAt < calmMs) continue;
        probedAt = clock.monotonic();
        const others = unwell().filter(({ host }) => !always.some((other) => other.host === host.host));
        await Promise.all([...always, ...others.map(({ host }) => host)].map(probeOnce));
      }
    },
  };
}

function isUnwell({ reach }: { readonly reach: Reach }): boolean {
  return reach.isOutage || reach.newest?.isGood === false;
}
