/** Asks the name service for the servers of a route, and remembers which of them failed lately. The decisions are in `locate.ts`. */
import type { ServiceRecords } from '../../net/service-records.ts';
import type { Lookup } from '../../net/tcp.ts';
import { formatHostPort, isIpLiteral } from '../../protocol/sip-uri.ts';
import type { Flow, HostPort, Transport } from './flow.ts';
import { hops, plainHop, srvQuestions, type Hop } from './locate.ts';
import { newNames } from './names.ts';
import { RouteError, type Route } from './route.ts';
import type { Timer, TimerQueue } from './timers.ts';

export interface Server extends HostPort {
  readonly transport: Transport;
}

/** A server that failed comes last for as long. */
const failedMs = 60_000;
const limits = { hops: 8, failed: 256 } as const;

export class Locator {
  readonly #lookup: Lookup;
  readonly #records: ServiceRecords;
  readonly #timers: TimerQueue;
  readonly #failed = new Map<string, Timer>();

  constructor(ask: { lookup: Lookup; records: ServiceRecords }, timers: TimerQueue) {
    this.#lookup = newNames(ask.lookup, timers);
    this.#records = { naptr: newNames(ask.records.naptr, timers), srv: newNames(ask.records.srv, timers) };
    this.#timers = timers;
  }

  /** At least one, best first. Rejects with {@link RouteError}. */
  async servers(route: Route): Promise<readonly Server[]> {
    const plain = plainHop(route);
    const found = plain === undefined ? await this.#hops(route) : [plain];
    const answers = await Promise.allSettled(found.slice(0, limits.hops).map((hop) => this.#addresses(hop)));
    const servers = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (servers.length > 0) {
      return servers.toSorted((a, b) => Number(this.hasFailed(a)) - Number(this.hasFailed(b)));
    }
    const refused = answers.find((answer) => answer.status === 'rejected');
    throw new RouteError(503, `cannot resolve ${route.host}`, { cause: refused?.reason });
  }

  /** Nobody there, no answer, or it wants to be left alone. */
  failed(server: Server, ms: number = failedMs): void {
    const name = nameOf(server);
    this.#forget(name);
    const [oldest] = this.#failed.keys();
    if (this.#failed.size >= limits.failed && oldest !== undefined) this.#forget(oldest);
    this.#failed.set(
      name,
      this.#timers.after(ms, () => this.#forget(name)),
    );
  }

  #forget(name: string): void {
    this.#failed.get(name)?.cancel();
    this.#failed.delete(name);
  }

  /** Within the last minute, or as long as it said. */
  hasFailed(server: Server): boolean {
    return this.#failed.has(nameOf(server));
  }

  async #hops(route: Route): Promise<Hop[]> {
    const naptr = route.transport === undefined ? await orNone(this.#records.naptr(route.host)) : [];
    const questions = srvQuestions(route, naptr);
    const answers = await Promise.all(
      questions.map(async ({ transport, name }) => ({
        transport,
        records: await orNone(this.#records.srv(name)),
      })),
    );
    return hops(route, answers, Math.random);
  }

  async #addresses({ transport, host, port }: Hop): Promise<Server[]> {
    const addresses = isIpLiteral(host) ? [host] : await this.#lookup(host);
    return addresses.map((address) => ({ transport, address, port }));
  }
}

function nameOf({ transport, address, port }: Server): string {
  return `${transport}:${formatHostPort(address, port)}`;
}

/** Many name services at sites don't know these records and keep silent: addresses are tried then. */
async function orNone<T>(asked: Promise<readonly T[]>): Promise<readonly T[]> {
  return await asked.catch(() => []);
}

/** Whether a connection leads there. */
export function isServerOf({ transport, remote }: Flow, server: Server): boolean {
  return transport === server.transport && remote.address === server.address && remote.port === server.port;
}

export function isStream({ transport }: Server): boolean {
  return transport !== 'udp';
}
