/**
 * The embedded SIP server: what a drachtio server is to drachtio-srf, in this process.
 * It owns sockets, transactions (RFC 3261, 6026) and dialogs, and speaks drachtio's control protocol to the application.
 */
import type { ServiceRecords } from '../../net/service-records.ts';
import type { Lookup } from '../../net/tcp.ts';
import type { TlsIdentity } from '../../net/tls.ts';
import type { World } from '../../world.ts';
import { Control } from './control.ts';
import type { Application } from './core.ts';
import { newCounters } from './counters.ts';
import type { DialogState } from './dialog-state.ts';
import type { Flow, Witness } from './flow.ts';
import type { Orders } from './orders.ts';
import { Stack } from './stack.ts';
import type { Endpoint } from './transport.ts';

export type { Flow, Transport, Witness } from './flow.ts';

export type EngineOptions = OwnOptions & (InSameProcess | BySocket);

export interface InSameProcess {
  /** Ready from the start. */
  readonly join: (orders: Orders) => Application;
}

interface BySocket {
  /** Where the application listens (`srf.listen({ server, secret })`): the engine connects. */
  readonly control: string;
  /** Nothing but `authenticate` is obeyed before it was given. */
  readonly secret: string;
}

interface OwnOptions {
  /** Port 0 takes any free one. */
  readonly listen: readonly Endpoint[];
  /** PEM, shown to phones. Needed when a `tls` listener is asked for. */
  readonly tls?: TlsIdentity;
  /** PEMs of authorities trusted for outbound TLS besides Node's roots. Names are always verified. */
  readonly trust: readonly string[] | undefined;
  /** How a host name becomes addresses; the system's resolver unless given. */
  readonly lookup?: Lookup;
  /** Where a domain's SIP servers are; the system's name servers are asked unless given. */
  readonly records?: ServiceRecords;
  /** Requests to phones on UDP that don't fit into one datagram are tried over TCP first. */
  readonly largeOverTcp?: boolean;
  readonly witness?: Witness;
}

export interface Engine extends AsyncDisposable {
  readonly listening: readonly Endpoint[];
  /** Counts since start, and the sizes of the tables now (`open_…`). */
  counters(): Readonly<Record<string, number>>;
  /** Why nothing can be sent or received; the embedded engine has none. */
  trouble?(): string | undefined;
  /** Of a dialog that is up, to be kept; and one that a process before us kept. A server elsewhere keeps its own. */
  dialogState?(id: string): DialogState | undefined;
  restoreDialog?(state: DialogState): void;
  /** Tells the far end of a dialog that its connection is another one now. */
  announceDialog?(id: string): void;
  /**
   * From the next request of ours on, our Contact in a dialog is the connection that it goes on over. Gives our address there; undefined
   * when there is no such connection.
   */
  relocateDialog?(id: string): string | undefined;
  /** Connections at this address of ours. */
  flowsAt?(address: string): readonly Pick<Flow, 'id' | 'remote' | 'fail'>[];
  /** When the certificates end that servers have shown last, by name, ms since 1970. */
  certificateEnds?(): ReadonlyMap<string, number>;
  /** What the `tls` listeners show to new connections. Throws when key and certificate don't fit. */
  setIdentity(identity: TlsIdentity): void;
  /** Closes the connection of that flow, inbound or outbound; nothing happens when there is none. */
  closeFlow(id: string): void;
  /** Called once for every stream flow that ends for whatever reason but {@link Engine.closeFlow}. */
  onFlowLost(listener: (flow: string) => void): Disposable;
}

const applicationMs = 5000;

/**
 * An application that is reached by socket must listen there already. Resolves when all listeners are open and the application has given the secret.
 * Throws when a port can't be had, the application can't be reached within five seconds, or its secret is wrong.
 */
export async function startEngine(world: World, options: EngineOptions): Promise<Engine> {
  const log = world.log.child({ part: 'sip', engine: true });
  const counters = newCounters();
  const needs = { ...options, trust: options.trust ?? [], clock: world.clock, log, counters };
  const stack = new Stack(needs, (orders) =>
    'join' in options
      ? options.join(orders)
      : new Control(
          { path: options.control, secret: options.secret, clock: world.clock, log, counters },
          orders,
        ),
  );
  const dispose = async () => {
    await stack.application[Symbol.asyncDispose]?.();
    await stack[Symbol.asyncDispose]();
  };
  try {
    for (const endpoint of options.listen) await stack.transport.listen(endpoint);
    await stack.application.start?.(applicationMs);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    listening: stack.transport.listening,
    counters: () => ({ ...counters.read(), ...stack.sizes() }),
    certificateEnds: () => stack.transport.certificateEnds,
    dialogState: (id) => stack.dialogState(id),
    announceDialog: (id) => stack.announceDialog(id),
    relocateDialog: (id) => stack.relocateDialog(id),
    flowsAt: (address) => stack.transport.flowsAt(address),
    restoreDialog: (state) => stack.restoreDialog(state),
    setIdentity: (identity) => stack.transport.setIdentity(identity),
    closeFlow: (id) => stack.transport.closeFlow(id),
    onFlowLost: (listener) => {
      stack.lostListeners.add(listener);
      return { [Symbol.dispose]: () => void stack.lostListeners.delete(listener) };
    },
    [Symbol.asyncDispose]: dispose,
  };
}
