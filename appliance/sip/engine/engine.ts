/**
 * The embedded SIP server: what a drachtio server is to drachtio-srf, in this process.
 * It owns sockets, transactions (RFC 3261, 6026) and dialogs, and speaks drachtio's control protocol to the application.
 */
import type { World } from '../../world.ts';
import type { Lookup } from '../../net/tcp.ts';

export type Transport = 'udp' | 'tcp' | 'tls';

export interface Endpoint {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
}

export interface EngineOptions {
  /** Path of the Unix socket on which the application listens (`srf.listen({ server, secret })`): the engine connects. */
  readonly control: string;
  /** Made anew at every start. Nothing but `authenticate` is obeyed before it was given. */
  readonly secret: string;
  /** Port 0 takes any free one. */
  readonly listen: readonly Endpoint[];
  /** PEM, shown to phones. Needed when a `tls` listener is asked for. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** PEMs of authorities trusted for outbound TLS besides Node's roots. Names are always verified. */
  readonly trust: readonly string[] | undefined;
  /** How a host name becomes addresses; the system's resolver unless given. */
  readonly lookup?: Lookup;
}

export interface Engine extends AsyncDisposable {
  readonly listening: readonly Endpoint[];
  counters(): Readonly<Record<string, number>>;
  /** Closes the connection of that flow, inbound or outbound; nothing happens when there is none. */
  closeFlow(id: string): void;
  /** Called once for every stream flow that ends for whatever reason but {@link Engine.closeFlow}. */
  onFlowLost(listener: (flow: string) => void): Disposable;
}

/**
 * The application must listen on `control` already. Resolves when all listeners are open and the application has given the secret.
 * Throws when a port can't be had, the application can't be reached within five seconds, or its secret is wrong.
 */
export async function startEngine(_world: World, _options: EngineOptions): Promise<Engine> {
  throw new Error('not there yet');
}
