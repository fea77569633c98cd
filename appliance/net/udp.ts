/** UDP sockets: made here, or handed over as a descriptor and then bound to one card by whoever made it. */
import { createSocket, type Socket } from 'node:dgram';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface UdpPort extends AsyncDisposable {
  /** Where this socket listens. */
  address(): Endpoint;
  /** Resolves when the kernel took the datagram; rejects when it didn't (no route, no buffer, socket closed). */
  send(bytes: Uint8Array, to: Endpoint): Promise<void>;
  /** Sends without waiting. What the kernel refuses goes to `onError` handlers. */
  post(bytes: Uint8Array, to: Endpoint): void;
  /** One handler; the bytes are its own to keep. The first datagrams before it is set wait for it. */
  onDatagram(handler: (bytes: Uint8Array, from: Endpoint) => void): void;
  /** Errors that belong to no call: an ICMP answer, a card that went, a posted datagram that was refused. */
  onError(handler: (error: Error) => void): void;
}

/** Datagrams kept for a handler that is not set yet. */
const maxEarly = 256;

type Where =
  | { readonly fd: number }
  | {
      readonly address: string;
      readonly port: number;
      /** Datagrams to multicast groups leave by the card of `address`. */
      readonly sendsToGroups?: boolean;
      /** Others may have that port too (SO_REUSEADDR): what is broadcast comes to all of them. */
      readonly isShared?: boolean;
    }
  /** Only what is sent to a multicast group, on the card with the address `on`. */
  | { readonly group: string; readonly port: number; readonly on: string };

/**
 * Rejects with one clear sentence when the port is taken, the address is not ours, or the descriptor is no UDP socket.
 * IPv4, and broadcast is allowed.
 */
export async function openUdp(where: Where): Promise<UdpPort> {
  const socket = createSocket({ type: 'udp4', reuseAddr: 'isShared' in where && where.isShared, lookup });
  try {
    await bind(socket, where);
  } catch (error) {
    socket.close();
    throw bindError(error, where);
  }
  return new OpenPort(socket);
}

/** Addresses here are always numeric: asking the resolver for each datagram would cost more than sending it. */
function lookup(
  host: string,
  _options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, host, 4);
}

/** A class, since there are four a call. */
class OpenPort implements UdpPort {
  readonly #socket: Socket;
  readonly #own: Endpoint;
  readonly #errorHandlers: ((error: Error) => void)[] = [];
  /** Node reads from bind on, whoever listens. */
  #early: [Uint8Array, Endpoint][] | undefined;
  #isClosed = false;

  constructor(socket: Socket) {
    const { address, port } = socket.address();
    this.#socket = socket;
    this.#own = { address, port };
    socket.on('error', this.#failed);
    socket.on('message', this.#keepEarly);
  }

  address(): Endpoint {
    return this.#own;
  }

  async send(bytes: Uint8Array, to: Endpoint): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      if (this.#isClosed) reject(new Error(`UDP socket ${this.#own.address}:${this.#own.port} is closed`));
      else
        this.#socket.send(bytes, to.port, to.address, (error) =>
          error === null ? resolve() : reject(error),
        );
    });
  }

  post(bytes: Uint8Array, to: Endpoint): void {
    if (this.#isClosed) return;
    // Datagrams may say that they come from there. Node throws for it, which nobody here waits for.
    if (to.port === 0) this.#failed(new Error(`nothing can be sent to port 0 of ${to.address}`));
    else this.#socket.send(bytes, to.port, to.address, this.#failed);
  }

  onDatagram(handler: (bytes: Uint8Array, from: Endpoint) => void): void {
    this.#socket.removeAllListeners('message');
    this.#socket.on('message', handler);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const [bytes, from] of early) handler(bytes, from);
  }

  onError(handler: (error: Error) => void): void {
    this.#errorHandlers.push(handler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await new Promise<void>((resolve) => {
      this.#socket.close(resolve);
    });
  }

  readonly #failed = (error: Error | null) => {
    if (error !== null) for (const handler of this.#errorHandlers) handler(error);
  };

  readonly #keepEarly = (bytes: Uint8Array, from: Endpoint) => {
    this.#early ??= [];
    if (this.#early.length < maxEarly) this.#early.push([bytes, from]);
  };
}

async function bind(socket: Socket, where: Where): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    const done = () => {
      socket.off('error', reject);
      resolve();
    };
    if ('fd' in where) socket.bind({ fd: where.fd }, done);
    else socket.bind({ address: nameOf(where), port: where.port, exclusive: true }, done);
  });
  if ('group' in where) {
    socket.addMembership(where.group, where.on);
    socket.setMulticastInterface(where.on);
  } else if ('address' in where) {
    socket.setBroadcast(true);
    if (where.sendsToGroups === true) socket.setMulticastInterface(where.address);
  }
}

function nameOf(where: Exclude<Where, { fd: number }>): string {
  return 'group' in where ? where.group : where.address;
}

function bindError(cause: unknown, where: Where): Error {
  const { code } = cause as NodeJS.ErrnoException;
  if ('fd' in where) {
    return new Error(
      `descriptor ${where.fd}, handed over as a UDP socket, is none (${code ?? String(cause)})`,
      { cause },
    );
  }
  const name = `UDP ${nameOf(where)}:${where.port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `${name} is in use: another program listens there (\`ss -lunp\` names it)`,
    EADDRNOTAVAIL: `${name} can't be opened: no card of this machine has that address`,
    EACCES: `${name} can't be opened: ports below 1024 need a socket handed over by systemd or systemd/with-sockets`,
  };
  return new Error(reasons[code ?? ''] ?? `${name} can't be opened (${code ?? String(cause)})`, { cause });
}
