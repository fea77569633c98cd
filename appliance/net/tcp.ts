/** Stream sockets, TCP and Unix: the listeners and connections that parts use, so that `node:net` is imported here only. */
import { rm } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { listenOnUnixSocket } from './unix-socket.ts';

export type { Server } from 'node:net';

/** Addresses of a host name, best first. Rejects when there are none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

export interface HostPort {
  /** Without brackets, and IPv4 never written as IPv6. */
  readonly address: string;
  readonly port: number;
}

/** One open connection. Handlers are set once, before the next turn of the event loop. */
export interface StreamConnection {
  readonly remote: HostPort;
  readonly local: HostPort;
  /** Bytes given to {@link StreamConnection.write} that the network hasn't taken. */
  readonly queuedBytes: number;
  readonly isOpen: boolean;
  write(bytes: Uint8Array): void;
  /** Sends what was written, then closes; a second later at the latest. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  onData(handler: (chunk: Uint8Array) => void): void;
  /** Called once, with the error if there was one. */
  onClose(handler: (error: Error | undefined) => void): void;
}

export interface StreamListener extends AsyncDisposable {
  readonly local: HostPort;
}

export type OnConnection = (connection: StreamConnection) => void;

export const systemLookup: Lookup = async (hostname) => {
  if (isIP(hostname) !== 0) return [hostname];
  const found = await lookup(hostname, { all: true, order: 'ipv4first' });
  return found.map(({ address }) => address);
};

/** One address of a host, IPv4 where it has one. Rejects when nobody knows the name. */
export async function firstAddress(host: string): Promise<string> {
  const addresses = await systemLookup(host);
  return addresses.find((address) => !address.includes(':')) ?? addresses[0] ?? host;
}

/** Rejects with one clear sentence when the port can't be had. Disposing it closes the connections that it accepted too. */
export async function listenTcp(at: HostPort, onConnection: OnConnection): Promise<StreamListener> {
  return listening(createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }), at, {
    event: 'connection',
    onConnection,
  });
}

/** Rejects when nobody is there within `timeoutMs`. */
export async function connectTcp(to: HostPort, timeoutMs: number): Promise<StreamConnection> {
  const socket = connect({ host: to.address, port: to.port, noDelay: true, keepAlive: true });
  await opened(socket, 'connect', timeoutMs);
  return streamConnection(socket);
}

/**
 * A server on a Unix socket that only this user may open (0600); one left by a killed process is replaced. Node removes the file
 * at close. Rejects when the path can't be used.
 */
export async function listenUnix(path: string): Promise<Server> {
  await rm(path, { force: true });
  const server = createServer();
  await listenOnUnixSocket(server, path, 0o600);
  return server;
}

export async function connectUnix(path: string, timeoutMs: number): Promise<StreamConnection> {
  const socket = connect({ path });
  await opened(socket, 'connect', timeoutMs);
  return streamConnection(socket);
}

/** Those in the middle of a TLS handshake included; beyond it the kernel's answer is a reset. */
const maxConnections = 16_384;
/**
 * In handshakes too, so that one machine that begins them without end keeps nobody out: as many phones as may be behind one router,
 * four times over.
 */
const mostOfAddress = 2048;

/** For `tls.ts`, whose servers and sockets are these with another first event. */
export async function listening(
  server: Server,
  at: HostPort,
  accepted: { readonly event: 'connection' | 'secureConnection'; readonly onConnection: OnConnection },
): Promise<StreamListener> {
  const { event, onConnection } = accepted;
  const sockets = new Set<Socket>();
  const ofAddress = new Map<string, number>();
  server.maxConnections = maxConnections;
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    const others = ofAddress.get(remoteAddress) ?? 0;
    ofAddress.set(remoteAddress, others + 1);
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      const left = (ofAddress.get(remoteAddress) ?? 1) - 1;
      if (left > 0) ofAddress.set(remoteAddress, left);
      else ofAddress.delete(remoteAddress);
    });
    if (others >= mostOfAddress) socket.destroy();
    socket.on('error', () => undefined);
  });
  server.on(event, (socket: Socket) => {
    // A peer that is gone already has no address.
    if (socket.destroyed || socket.remoteAddress === undefined) socket.destroy();
    else onConnection(streamConnection(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, at)));
    server.listen({ host: at.address, port: at.port }, resolve);
  });
  // Running out of descriptors is reported here; the listener goes on.
  server.on('error', () => undefined);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
  return {
    local: { address: address.address, port: address.port },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

export async function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)),
      timeoutMs,
    );
    socket.once(event, () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error('closed by the peer before it was open'));
    });
  });
}

export function streamConnection(socket: Socket): StreamConnection {
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  return {
    remote: { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 },
    local: { address: plainAddress(socket.localAddress), port: socket.localPort ?? 0 },
    get queuedBytes() {
      return socket.writableLength;
    },
    get isOpen() {
      return socket.writable;
    },
    write: (bytes) => {
      if (socket.writable) socket.write(bytes);
    },
    end: () => {
      socket.end();
      setTimeout(() => socket.destroy(), 1000).unref();
    },
    destroy: () => {
      socket.destroy();
    },
    onData: (handler) => {
      socket.on('data', handler);
    },
    onClose: (handler) => {
      if (socket.destroyed) setImmediate(() => handler(failure));
      else socket.once('close', () => handler(failure));
    },
  };
}

/** IPv4 as IPv4, also where the kernel shows it inside IPv6. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}

function listenError(cause: NodeJS.ErrnoException, { address, port }: HostPort): Error {
  const name = `TCP ${address}:${port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `${name} is in use: another program listens there (\`ss -ltnp\` names it)`,
    EADDRNOTAVAIL: `${name} can't be opened: no card of this machine has that address`,
    EACCES: `${name} can't be opened: this user may not listen below port 1024`,
  };
  return new Error(reasons[cause.code ?? ''] ?? `${name} can't be opened (${cause.code ?? cause.message})`, {
    cause,
  });
}
