/**
 * Looks ahead whether the next addresses are in use by something that was given its address by hand. A datagram makes the
 * kernel ask for the address by ARP, and its neighbour table says later who answered: no rights are needed, and no offer
 * waits, as it does for a server that pings first.
 */
import { readArpTable, type ArpEntry } from '../net/arp-table.ts';
import { formatIpv4 } from '../protocol/ipv4.ts';
import type { Clock } from '../world.ts';
import type { Counters } from './counters.ts';
import type { LeaseClock } from './lease-clock.ts';
import { mostOnProbation, probationMs, squattedRow } from './lease-row.ts';
import type { LeaseWriter } from './lease-writer.ts';
import type { Network } from './networks.ts';
import type { Sockets } from './socket.ts';

export interface ConflictNeeds {
  readonly clock: Clock;
  readonly networks: readonly Network[];
  readonly sockets: Pick<Sockets, 'post'>;
  readonly time: Pick<LeaseClock, 'now'>;
  readonly writer: Pick<LeaseWriter, 'take'>;
  readonly counters: Counters;
  readonly readArp?: () => ArpEntry[];
}

const everyMs = 1000;
/** Free addresses kept ready in each network, for phones that come one by one. */
const ready = 32;
/** New questions a second in each network. */
const mostAtOnce = 16;
/** Who is there answers ARP within a second. */
const answerMs = 1000;
/** The kernel remembers who was there before, and gives up on him within eight seconds of silence (arp(7)). */
const certainMs = 10_000;
/** The discard service: nothing listens there, and what does throws it away. */
const discardPort = 9;
const nothing = Uint8Array.of(0);

/** Ends when disposed of. */
export function startConflictCheck(needs: ConflictNeeds): AsyncDisposable {
  const stop = new AbortController();
  const rounds = onTheWire(needs.networks).map((network) => newRound(network, needs));
  const running = (async () => {
    while (!stop.signal.aborted) {
      const holders = holdersByAddress(needs);
      if (holders !== undefined) for (const round of rounds) round(holders);
      await needs.clock.sleep(everyMs, stop.signal).catch(() => undefined);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

/** The first network of each card: the others are behind relays, where no ARP reaches. */
function onTheWire(networks: readonly Network[]): Network[] {
  return networks.filter(({ card }, at) => networks.findIndex((other) => other.card === card) === at);
}

/** Undefined when the table can't be read: addresses are then offered unchecked, as before the first look. */
function holdersByAddress({
  readArp = readArpTable,
  counters,
}: ConflictNeeds): ReadonlyMap<string, string> | undefined {
  try {
    return new Map(readArp().map(({ ip, mac }) => [ip, mac]));
  } catch {
    counters.add('conflict_checks_failed');
    return undefined;
  }
}

function newRound(network: Network, needs: ConflictNeeds): (holders: ReadonlyMap<string, string>) => void {
  const { pool, card } = network;
  /** Address to when it was asked after, by a clock that nobody sets. */
  const asked = new Map<number, number>();
  return (holders) => {
    const now = needs.time.now();
    const roundAt = needs.clock.monotonic();
    for (const [ip, at] of asked) {
      const mac = holders.get(formatIpv4(ip));
      if (roundAt - at < (mac === undefined ? answerMs : certainMs)) continue;
      asked.delete(ip);
      if (mac === undefined) pool.setChecked(ip, now);
      // A client whose lease ended and who didn't hear of it comes back to it.
      else if (pool.isUnused(ip) && pool.leaseAt(ip)?.mac !== mac) setAside({ ip, mac }, network, needs);
    }
    const wanted = Math.min(mostAtOnce, ready - pool.checked(now) - asked.size);
    for (let count = 0; count < wanted; count += 1) {
      const ip = pool.nextUnchecked();
      // All there are have been asked after.
      if (ip === undefined || asked.has(ip)) break;
      asked.set(ip, roundAt);
      const to = { address: formatIpv4(ip), port: discardPort };
      needs.sockets.post({ bytes: nothing, to, isToClient: true, leftOut: [] }, card, card);
    }
  };
}

/** As after a DECLINE, and within the same bounds. */
function setAside(
  { ip, mac }: { ip: number; mac: string },
  { pool }: Network,
  { writer, counters, time }: ConflictNeeds,
): void {
  const now = time.now();
  if (pool.probationShare(now) >= mostOnProbation) return;
  const before = pool.leaseAt(ip);
  counters.add('addresses_found_in_use');
  const row = squattedRow({ ip, mac }, before, now);
  const change = { write: { as: 'saved', row }, forget: undefined, undo: pool.save(row, now) } as const;
  const body = { ip: formatIpv4(ip), probation_seconds: probationMs(row.declines) / 1000 };
  writer.take({ change, journal: { kind: 'in_use', mac, body } }, undefined);
}
