/** All sockets of the engine: listeners, the connections that phones made, the connections that we made. */
import { networkInterfaces } from 'node:os';
import { formatHostPort, isIpLiteral } from '../../protocol/sip-uri.ts';
import { connectTcp, listenTcp, systemLookup, type Lookup, type StreamConnection } from '../../net/tcp.ts';
import { connectTls, listenTls, type TlsIdentity, type TlsListener } from '../../net/tls.ts';
import { openUdp } from '../../net/udp.ts';
import type { Counters } from './counters.ts';
import { inboundFlowId, type Flow, type HostPort, type Transport } from './flow.ts';
import { newNames } from './names.ts';
import { RouteError, type Route } from './route.ts';
import { startStreamFlow, type FlowEvents, type StreamFlow } from './stream-flow.ts';
import type { TimerQueue } from './timers.ts';

export interface Endpoint extends HostPort {
  readonly transport: Transport;
}

export interface TransportOptions {
  readonly listen: readonly Endpoint[];
  readonly tls?: TlsIdentity;
  readonly trust: readonly string[];
  readonly lookup?: Lookup;
  readonly timers: TimerQueue;
  readonly counters: Counters;
}

/** With the time for its name, a server that is silent at three addresses fails within 15 seconds. */
const limits = {
  connectMs: 4000,
  addresses: 3,
  inbound: 4096,
  inboundPerAddress: 64,
  outbound: 4096,
} as const;

export class TransportLayer implements AsyncDisposable {
  readonly #options: TransportOptions;
  readonly #events: FlowEvents;
  readonly #listeners: { endpoint: Endpoint; close: AsyncDisposable; flowTo?: (to: HostPort) => Flow }[] = [];
  readonly #tlsListeners: TlsListener[] = [];
  readonly #flows = new Map<string, StreamFlow>();
  readonly #opening = new Map<string, { readonly target: string; readonly flow: Promise<StreamFlow> }>();
  readonly #lookup: Lookup;
  #isClosed = false;

  constructor(options: TransportOptions, events: FlowEvents) {
    this.#options = options;
    this.#lookup = newNames(options.lookup ?? systemLookup, options.timers);
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
      await this.#listenUdp(endpoint);
      return;
    }
    const accept = (connection: StreamConnection) => this.#accept(transport, connection);
    if (transport === 'tcp') {
      const listener = await listenTcp(endpoint, accept);
      this.#listeners.push({ endpoint: { transport, ...listener.local }, close: listener });
      return;
    }
    if (this.#options.tls === undefined)
      throw new Error('a SIP listener for TLS needs a key and a certificate');
    const listener = await listenTls(endpoint, this.#options.tls, accept);
    this.#listeners.push({ endpoint: { transport, ...listener.local }, close: listener });
    this.#tlsListeners.push(listener);
  }

  /** What new connections are shown; those that are open go on with what they saw. */
  setIdentity(identity: TlsIdentity): void {
    for (const listener of this.#tlsListeners) listener.setIdentity(identity);
  }

  /** Finds the connection that is there, or makes one. Rejects with {@link RouteError}. */
  async flowFor(route: Route): Promise<Flow> {
    if (route.flow !== undefined) return await this.#namedFlow(route, route.flow);
    const isOpen = this.#openFlow(route, route.host);
    if (isOpen !== undefined) return isOpen;
    if (route.mustBeOpen) throw new RouteError(430, `no open ${route.transport} connection to that phone`);
    const addresses = await this.#addresses(route.host);
    if (route.transport === 'udp') return this.#udpFlow(addresses, route.port);
    for (const address of addresses) {
      const found = this.#openFlow(route, address);
      if (found !== undefined) return found;
    }
    return await this.#namedFlow(route, `out:${targetOf(route)}`);
  }

  flow(id: string): StreamFlow | undefined {
    return this.#flows.get(id);
  }

  closeFlow(id: string): void {
    this.#flows.get(id)?.drop();
    this.#flows.delete(id);
    this.#opening.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const flow of this.#flows.values()) flow.drop();
    this.#flows.clear();
    this.#opening.clear();
    for (const { close } of this.#listeners) await close[Symbol.asyncDispose]();
  }

  #openFlow({ transport, port }: Route, address: string): Flow | undefined {
    if (transport === 'udp') return undefined;
    const flow = this.#flows.get(inboundFlowId(transport, { address, port }));
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
      // It ends in this moment and has not been cleared away yet.
      if (this.#opening.get(id) !== known) return await this.#namedFlow(route, id);
      this.#opening.delete(id);
      this.#flows.delete(id);
    }
    if (route.transport === 'udp') throw new RouteError(503, 'a named flow is TCP or TLS');
    if (this.#opening.size >= limits.outbound) throw new RouteError(503, 'too many connections');
    const flow = this.#connect(route, id).catch((error: unknown) => {
      this.#opening.delete(id);
      this.#options.counters.add('connects_failed');
      throw new RouteError(503, `cannot connect to ${target}: ${(error as Error).message}`, { cause: error });
    });
    this.#opening.set(id, { target, flow });
    return await flow;
  }

  async #connect(route: Route, id: string): Promise<StreamFlow> {
    const addresses = await this.#addresses(route.host);
    let failure: unknown = new Error('no address');
    for (const address of addresses.slice(0, limits.addresses)) {
      try {
        const connection = await this.#dial(route, address);
        if (this.#opening.get(id)?.target !== targetOf(route)) {
          connection.destroy();
          throw new Error('closed while it was opened');
        }
        return this.#start({ id, transport: route.transport, isOutbound: true, connection });
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async #dial({ transport, host, port }: Route, address: string): Promise<StreamConnection> {
    if (transport === 'tcp') return await connectTcp({ address, port }, limits.connectMs);
    return await connectTls({ address, port, name: host, trust: this.#options.trust }, limits.connectMs);
  }

  async #addresses(host: string): Promise<readonly string[]> {
    if (isIpLiteral(host)) return [host];
    try {
      return await this.#lookup(host);
    } catch (error) {
      throw new RouteError(503, `cannot resolve ${host}`, { cause: error });
    }
  }

  #accept(transport: Transport, connection: StreamConnection): void {
    const { counters } = this.#options;
    const inbound = Array.from(this.#flows.values()).filter((flow) => !flow.isOutbound);
    const same = inbound.filter((flow) => flow.remote.address === connection.remote.address);
    if (inbound.length >= limits.inbound || same.length >= limits.inboundPerAddress) {
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
    const { timers, counters } = this.#options;
    const flow = startStreamFlow(
      { ...start, timers, counters },
      {
        onMessage: this.#events.onMessage,
        onBroken: this.#events.onBroken,
        onClosed: (closed) => {
          if (this.#flows.get(start.id) === closed) {
            this.#flows.delete(start.id);
            if (start.isOutbound) this.#opening.delete(start.id);
          }
          if (!this.#isClosed) this.#events.onClosed(closed);
        },
      },
    );
    this.#flows.set(start.id, flow);
    return flow;
  }

  async #listenUdp({ address, port }: Endpoint): Promise<void> {
    const { counters } = this.#options;
    const socket = await openUdp({ address, port });
    const bound = socket.address();
    const flowTo = (remote: HostPort): Flow => ({
      id: inboundFlowId('udp', remote),
      transport: 'udp',
      remote,
      local:
        bound.address === '0.0.0.0' ? { address: localAddressTo(remote.address), port: bound.port } : bound,
      isOutbound: false,
      isOpen: true,
      send: (bytes) => socket.post(bytes, remote),
      toPort: (other) => flowTo({ address: remote.address, port: other }),
    });
    socket.onError(() => counters.add('udp_errors'));
    socket.onDatagram((bytes, from) => {
      if (isKeepAlive(bytes) || from.port === 0) counters.add('keep_alives_received');
      else this.#events.onMessage(bytes, flowTo({ address: from.address, port: from.port }));
    });
    this.#listeners.push({ endpoint: { transport: 'udp', ...bound }, close: socket, flowTo });
  }

  #udpFlow(addresses: readonly string[], port: number): Flow {
    const address = addresses.find((candidate) => !candidate.includes(':'));
    const listener = this.#listeners.find(({ flowTo }) => flowTo !== undefined);
    if (address === undefined || listener?.flowTo === undefined)
      throw new RouteError(503, 'no UDP over IPv4 to there');
    if (listener.endpoint.address === address && listener.endpoint.port === port) {
      throw new RouteError(503, 'that is this server itself');
    }
    return listener.flowTo({ address, port });
  }
}

function targetOf({ transport, host, port }: Route): string {
  return `${transport}:${formatHostPort(host, port)}`;
}

/** Empty lines, zero bytes and STUN requests keep a NAT's mapping open and want no answer from a SIP server behind none. */
function isKeepAlive(bytes: Uint8Array): boolean {
  if (bytes.length <= 4) return bytes.every((byte) => byte === 13 || byte === 10 || byte === 0);
  return bytes.length >= 20 && (bytes[0] ?? 255) < 2 && bytes[4] === 0x21 && bytes[5] === 0x12;
}

/** Our address in the network of the peer, else the first that isn't loopback. */
function localAddressTo(remote: string): string {
  const ours = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ family }) => family === 'IPv4');
  const same = ours.find(
    ({ address, netmask }) => (bits(address) & bits(netmask)) === (bits(remote) & bits(netmask)),
  );
  return same?.address ?? ours.find(({ internal }) => !internal)?.address ?? '127.0.0.1';
}

function bits(address: string): number {
  return address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);
}
