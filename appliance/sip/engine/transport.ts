/** All sockets of the engine: listeners, the connections that phones made, the connections that we made. */
import { systemRecords, type ServiceRecords } from '../../net/service-records.ts';
import { connectTcp, listenTcp, systemLookup, type Lookup, type StreamConnection } from '../../net/tcp.ts';
import { connectTls, listenTls, type TlsIdentity, type TlsListener } from '../../net/tls.ts';
import type { Counters } from './counters.ts';
import { FlowOrder } from './flow-order.ts';
import {
  inboundFlowId,
  isSameParty,
  type Flow,
  type HostPort,
  type Transport,
  type Witness,
} from './flow.ts';
import { isServerOf, isStream, Locator, type Server } from './locator.ts';
import { RouteError, targetOf, type Route } from './route.ts';
import { startStreamFlow, type FlowEvents, type StreamFlow } from './stream-flow.ts';
import { Tally } from './tally.ts';
import type { TimerQueue } from './timers.ts';
import { listenUdp } from './udp-listener.ts';

export interface Endpoint extends HostPort {
  readonly transport: Transport;
  /** Shown here, in the place of what all others show, as long as the engine runs. */
  readonly tls?: TlsIdentity;
}

interface Listener {
  readonly endpoint: Endpoint;
  readonly close: AsyncDisposable;
  /** Where there are no connections. */
  readonly flowTo?: (to: HostPort) => Flow;
}

export interface TransportOptions {
  readonly listen: readonly Endpoint[];
  readonly tls?: TlsIdentity;
  readonly trust: readonly string[];
  readonly lookup?: Lookup;
  readonly records?: ServiceRecords;
  /** Requests to UDP that don't fit into one datagram are tried over TCP first. */
  readonly largeOverTcp?: boolean;
  readonly witness?: Witness;
  readonly timers: TimerQueue;
  readonly counters: Counters;
}

/** With the time for its name, a domain whose servers are silent fails within 15 seconds. */
const limits = {
  connectMs: 4000,
  servers: 3,
  /** A connection of each phone that the application takes, and of those that it is about to refuse. */
  inbound: 12_288,
  /** As many phones as may be behind one router. */
  inboundPerAddress: 512,
  outbound: 12_288,
  names: 256,
  /** Bytes, where the path's own limit isn't known (section 18.1.1). */
  datagram: 1300,
} as const;

export class TransportLayer implements AsyncDisposable {
  readonly #options: TransportOptions;
  readonly #events: FlowEvents;
  readonly #listeners: Listener[] = [];
  readonly #tlsListeners: TlsListener[] = [];
  readonly #flows = new Map<string, StreamFlow>();
  readonly order = new FlowOrder();
  /** Those that phones have made, by address. */
  readonly #inbound = new Tally();
  /** Open connections whose name leads to another server now: what still comes over them is heard. */
  readonly #older = new Set<StreamFlow>();
  readonly #opening = new Map<string, { readonly target: string; readonly flow: Promise<StreamFlow> }>();
  /** Connections of these names are being made to another server, whatever becomes of the one that is there. */
  readonly #moves = new Map<string, Promise<unknown>>();
  readonly #locator: Locator;
  /** By the name that was asked for, ms since 1970. */
  readonly certificateEnds = new Map<string, number>();
  #isClosed = false;

  constructor(options: TransportOptions, events: FlowEvents) {
    this.#options = options;
    const { lookup = systemLookup, records = systemRecords() } = options;
    this.#locator = new Locator({ lookup, records }, options.timers);
    this.#events = events;
  }

  get listening(): Endpoint[] {
    return this.#listeners.map(({ endpoint }) => endpoint);
  }

  get connections(): number {
    return this.#flows.size;
  }

  /** Rejects with one clear sentence when the port can't be had. */
  async listen(endpoint: Endpoint): Promise<void> {
    const { transport } = endpoint;
    if (transport === 'udp') {
      const { counters, witness } = this.#options;
      const { onMessage } = this.#events;
      this.#listeners.push(await listenUdp(endpoint, { counters, witness, onMessage }));
      return;
    }
    const accept = (connection: StreamConnection) => this.#accept(transport, connection);
    if (transport === 'tcp') {
      const listener = await listenTcp(endpoint, accept);
      this.#listeners.push({ endpoint: { transport, ...listener.local }, close: listener });
      return;
    }
    const identity = endpoint.tls ?? this.#options.tls;
    if (identity === undefined) throw new Error('a SIP listener for TLS needs a key and a certificate');
    const listener = await listenTls(endpoint, identity, accept);
    this.#listeners.push({ endpoint: { transport, ...listener.local }, close: listener });
    if (endpoint.tls === undefined) this.#tlsListeners.push(listener);
  }

  /** What new connections are shown; those that are open go on with what they saw. */
  setIdentity(identity: TlsIdentity): void {
    for (const listener of this.#tlsListeners) listener.setIdentity(identity);
  }

  /** Finds the connection that is there, or makes one. Rejects with {@link RouteError}. */
  async flowFor(route: Route): Promise<Flow> {
    if (route.flow !== undefined) return await this.#namedFlow(route, route.flow);
    const servers = await this.#locator.servers(route);
    const isOpen = servers.map((server) => this.#openFlow(server)).find((flow) => flow !== undefined);
    if (isOpen !== undefined) return isOpen;
    if (route.mustBeOpen) throw new RouteError(430, `no open ${route.transport} connection to that phone`);
    if (servers[0]?.transport === 'udp') return this.#udpFlow(servers);
    return await this.#namedFlow(route, `out:${targetOf(route)}`);
  }

  /** RFC 3261 section 18.1.1: another flow for what is larger than a datagram, where the policy says so and somebody is there. */
  async flowOfSize(flow: Flow, bytes: number): Promise<Flow> {
    if (flow.transport !== 'udp' || bytes <= limits.datagram) return flow;
    this.#options.counters.add('requests_larger_than_a_datagram');
    const server: Server = { transport: 'tcp', ...flow.remote };
    if (this.#options.largeOverTcp !== true || this.#locator.hasFailed(server)) return flow;
    const { address: host, port } = server;
    try {
      return await this.flowFor({ scheme: 'sip', transport: 'tcp', host, port, mustBeOpen: false });
    } catch (error) {
      if (error instanceof RouteError) return flow;
      throw error;
    }
  }

  /** Whoever is there has not answered: the next request to that domain goes to another of its servers, if there is one. */
  avoid({ transport, remote }: Flow, ms?: number): void {
    this.#locator.failed({ transport, ...remote }, ms);
  }

  /**
   * Another of the route's servers, for a request that those of `tried` refused (RFC 3263 section 4.3). A named flow leads there from
   * now on. Undefined when there is none. Rejects with {@link RouteError}.
   */
  async nextFlow(route: Route, tried: readonly Flow[]): Promise<Flow | undefined> {
    const id = route.flow ?? `out:${targetOf(route)}`;
    const move = this.#move(route, id, tried).finally(() => {
      if (this.#moves.get(id) === move) this.#moves.delete(id);
    });
    this.#moves.set(id, move);
    return await move;
  }

  async #move(route: Route, id: string, tried: readonly Flow[]): Promise<Flow | undefined> {
    const isLeft = (server: Server) =>
      !this.#locator.hasFailed(server) && !tried.some((flow) => isServerOf(flow, server));
    const servers = (await this.#locator.servers(route)).filter(isLeft);
    if (servers[0] === undefined || this.#older.size >= limits.outbound) return undefined;
    if (servers[0].transport === 'udp') return this.#udpFlow(servers);
    const target = targetOf(route);
    const flow = this.#connect(route, id, servers).catch((error: unknown) => {
      if (this.#opening.get(id) === opening) this.#opening.delete(id);
      throw new RouteError(503, `no other server of ${target}`, { cause: error });
    });
    const opening = { target, flow };
    if (!this.#opening.has(id)) this.#opening.set(id, opening);
    const other = await flow;
    this.#opening.set(id, opening);
    return other;
  }

  /** Its connection has ended. One to another server that is being made goes by its name. */
  #forget(id: string): void {
    const opening = this.#opening.get(id);
    const forget = () => {
      if (this.#opening.get(id) === opening) this.#opening.delete(id);
    };
    const move = this.#moves.get(id);
    if (move === undefined) forget();
    else void move.then(forget, forget);
  }

  /** Connections at this address of ours. */
  flowsAt(address: string): StreamFlow[] {
    return [...this.#flows.values(), ...this.#older].filter(({ local }) => local.address === address);
  }

  /** The way to whoever was at the other end of a flow that is gone: by its name, or over the next connection of the same phone. */
  again(lost: Flow): Flow | undefined {
    const { transport } = lost;
    if (transport === 'udp') return this.#udpFlow([{ transport, ...lost.remote }]);
    const named = this.#flows.get(lost.id);
    if (named?.isOpen === true || lost.isOutbound) return named;
    const isNext = (flow: Flow) => isSameParty(flow, lost) && this.order.isNext(flow, lost);
    const open = Array.from(this.#flows.values()).filter((flow) => flow.isOpen);
    return open.findLast((flow) => flow.transport === transport && isNext(flow));
  }

  closeFlow(id: string): void {
    for (const flow of [this.#flows.get(id), ...this.#older]) if (flow?.id === id) flow.drop();
    this.#flows.delete(id);
    this.#opening.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const flow of [...this.#flows.values(), ...this.#older]) flow.drop();
    this.#flows.clear();
    this.#opening.clear();
    for (const { close } of this.#listeners) await close[Symbol.asyncDispose]();
  }

  #openFlow(server: Server): Flow | undefined {
    if (server.transport === 'udp') return undefined;
    const flow = this.#flows.get(inboundFlowId(server.transport, server));
    return flow?.isOpen === true ? flow : undefined;
  }

  async #namedFlow(route: Route, id: string): Promise<Flow> {
    const target = targetOf(route);
    const known = this.#opening.get(id);
    if (known !== undefined && known.target !== target)
      throw new RouteError(503, `flow ${id} leads elsewhere`);
    if (known !== undefined) {
      const flow = await known.flow;
      if (flow.isOpen) return flow;
      await this.#moves.get(id)?.catch(() => undefined);
      // It ends in this moment and has not been cleared away yet.
      if (this.#opening.get(id) !== known) return await this.#namedFlow(route, id);
      this.#opening.delete(id);
      this.#flows.delete(id);
    }
    if (route.transport === 'udp') throw new RouteError(503, 'a named flow is TCP or TLS');
    if (this.#opening.size >= limits.outbound) throw new RouteError(503, 'too many connections');
    const flow = this.#connect(route, id).catch((error: unknown) => {
      if (this.#opening.get(id) === opening) this.#opening.delete(id);
      this.#options.counters.add('connects_failed');
      throw new RouteError(503, `cannot connect to ${target}: ${(error as Error).message}`, { cause: error });
    });
    const opening = { target, flow };
    this.#opening.set(id, opening);
    return await flow;
  }

  async #connect(route: Route, id: string, known?: readonly Server[]): Promise<StreamFlow> {
    const servers = known ?? (await this.#locator.servers(route));
    let failure: unknown = new Error('no server for TCP or TLS');
    for (const server of servers.filter(isStream).slice(0, limits.servers)) {
      let connection: StreamConnection;
      try {
        connection = await this.#dial(server, route.host);
      } catch (error) {
        this.#locator.failed(server);
        failure = error;
        continue;
      }
      if (this.#opening.get(id)?.target === targetOf(route))
        return this.#start({ id, transport: server.transport, isOutbound: true, connection });
      connection.destroy();
      throw new Error('closed while it was opened');
    }
    throw failure;
  }

  /** `name`: the domain that was asked for, whatever host its records lead to (RFC 5922 section 4). */
  async #dial({ transport, address, port }: Server, name: string): Promise<StreamConnection> {
    if (transport === 'tcp') return await connectTcp({ address, port }, limits.connectMs);
    const connection = await connectTls(
      { address, port, name, trust: this.#options.trust },
      limits.connectMs,
    );
    if (this.certificateEnds.size < limits.names)
      this.certificateEnds.set(name, connection.certificateEndsAt);
    return connection;
  }

  #accept(transport: Transport, connection: StreamConnection): void {
    const { counters } = this.#options;
    const { address } = connection.remote;
    if (this.#inbound.total >= limits.inbound || this.#inbound.of(address) >= limits.inboundPerAddress) {
      counters.add('connections_refused');
      connection.destroy();
      return;
    }
    counters.add('connections_accepted');
    this.#start({
      id: inboundFlowId(transport, connection.remote),
      transport,
      isOutbound: false,
      connection,
    });
  }

  #start(start: {
    id: string;
    transport: Transport;
    isOutbound: boolean;
    connection: StreamConnection;
  }): StreamFlow {
    const { timers, counters, witness } = this.#options;
    const { address } = start.connection.remote;
    if (!start.isOutbound) this.#inbound.add(address);
    const flow = startStreamFlow(
      { ...start, timers, counters, witness },
      {
        onMessage: this.#events.onMessage,
        onBroken: this.#events.onBroken,
        onClosed: (closed) => {
          this.order.lost(closed);
          this.#older.delete(closed);
          if (!start.isOutbound) this.#inbound.remove(address);
          if (this.#flows.get(start.id) === closed) {
            this.#flows.delete(start.id);
            if (start.isOutbound) this.#forget(start.id);
          }
          if (!this.#isClosed) this.#events.onClosed(closed);
        },
      },
    );
    this.order.opened(flow);
    const before = this.#flows.get(start.id);
    if (before?.isOpen === true) this.#older.add(before);
    this.#flows.set(start.id, flow);
    return flow;
  }

  #udpFlow(servers: readonly Server[]): Flow {
    const to = servers.find(({ transport, address }) => transport === 'udp' && !address.includes(':'));
    const listener = this.#listeners.find(({ flowTo }) => flowTo !== undefined);
    if (to === undefined || listener?.flowTo === undefined)
      throw new RouteError(503, 'no UDP over IPv4 to there');
    const { address, port } = to;
    if (listener.endpoint.address === address && listener.endpoint.port === port) {
      throw new RouteError(503, 'that is this server itself');
    }
    return listener.flowTo({ address, port });
  }
}
