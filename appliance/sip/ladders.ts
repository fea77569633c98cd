/**
 * Keeps the ladders of calls and of failed registrations. Crossing the wire a message is only noted; once a second what belongs
 * to a ladder is masked and written, all else is let go. While somebody calls for help nothing is written.
 */
import { newTokenBuckets } from '../net/token-buckets.ts';
import { failedRegistrationId, type FailedRegistration } from '../store/failed-registrations.ts';
import { repeat, type World } from '../world.ts';
import type { Witness } from './engine/engine.ts';
import { newLegs, type Leg, type Seen } from './ladder-legs.ts';
import { newLadderWriter } from './ladder-writer.ts';

export interface Ladders extends AsyncDisposable {
  /** For the engine; undefined when none are kept. */
  readonly witness: Witness | undefined;
  /** A call that somebody beside the caller knows of, with the legs that it has; their messages so far belong to it too. */
  begin(call: string, legs: readonly Leg[]): void;
  /** One leg more of a call that has begun; of others it is nothing yet. */
  join(call: string, leg: Leg): void;
  /** A registration was just answered so, on these legs. */
  failed(registration: Omit<FailedRegistration, 'id' | 'at'>, legs: readonly Leg[]): void;
  counters(): Record<string, number>;
}

interface LaddersOptions {
  readonly directory: string;
  /** 0: none are kept. */
  readonly days: number;
  /** Nothing may be written now: somebody calls for help. */
  readonly isHeld: () => boolean;
  /** The call goes on. */
  readonly isLive: (call: string) => boolean;
  readonly onError: (error: unknown) => void;
}

const everyMs = 1000;
/** Messages noted and not looked at yet; beyond it new ones are not. */
const mostNoted = 8192;
/** Waiting to be looked at, of each kind. */
const mostAsked = 1000;
/** Bytes of a message; a larger one is no datagram of a pcap. */
const mostBytes = 65_000;
/** Beyond so many a second new calls have no ladder, and cost no more than being noted. */
const mostCalls = { burst: 100, perSecond: 5 };
const mostRegistrations = { burst: 30, perSecond: 1 };

export function openLadders(world: World, options: LaddersOptions): Ladders {
  if (options.days === 0) return noLadders;
  const { clock } = world;
  const counters = { ladder_messages_lost: 0, ladder_messages_unreadable: 0, ladders_skipped: 0 };
  const legs = newLegs();
  const budget = { calls: newTokenBuckets(mostCalls), registrations: newTokenBuckets(mostRegistrations) };
  const writer = newLadderWriter(world, options, counters);
  const kept = new Set<string>();
  let noted: Seen[] = [];
  let joined: { readonly ladder: string; readonly leg: Leg }[] = [];
  let failed: FailedRegistration[] = [];
  let wanted: { readonly ladder: string; readonly legs: readonly Leg[] }[] = [];
  let last = 0;
  const flush = () => {
    if (options.isHeld()) return;
    const now = clock.now();
    const [seen, joins, takes, registrations] = [noted, joined, wanted, failed];
    [noted, joined, wanted, failed] = [[], [], [], []];
    const held = joins.flatMap(({ ladder, leg }) => legs.join(ladder, leg));
    const coming = legs.assign(seen);
    const taken = takes.flatMap(({ ladder, legs: of }) => legs.take(ladder, of));
    legs.sweep(options.isLive, now);
    for (const call of kept) if (!options.isLive(call)) kept.delete(call);
    writer.write({ messages: [...held, ...coming, ...taken], failed: registrations }, now);
  };
  const running = repeat(world.clock, everyMs, { work: flush, onError: options.onError });
  return {
    witness: (direction, bytes, flow) => {
      if (noted.length >= mostNoted || bytes.length > mostBytes) {
        counters.ladder_messages_lost += 1;
        return;
      }
      last = Math.max(last + 1, clock.now() * 1000);
      noted.push({ at: last, isSent: direction === 'sent', bytes, flow });
    },
    begin: (call, of) => {
      if (joined.length < mostAsked && budget.calls.take('', clock.now())) {
        kept.add(call);
        for (const leg of of) joined.push({ ladder: call, leg });
      } else counters.ladders_skipped += 1;
    },
    join: (call, leg) => {
      if (kept.has(call)) joined.push({ ladder: call, leg });
    },
    failed: (registration, of) => {
      const at = clock.now();
      if (failed.length >= mostAsked || !budget.registrations.take('', at)) return;
      const id = failedRegistrationId(registration.phone);
      failed.push({ ...registration, id, at });
      wanted.push({ ladder: id, legs: of });
    },
    counters: () => counters,
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      flush();
    },
  };
}

const noLadders: Ladders = {
  witness: undefined,
  begin: () => undefined,
  join: () => undefined,
  failed: () => undefined,
  counters: () => ({}),
  [Symbol.asyncDispose]: async () => undefined,
};
