/** A connection between two halves of this process, to a library that knows sockets only: bytes go from hand to hand, not through the kernel. */
import { createServer, Socket, type Server } from 'node:net';
import type { StreamConnection } from './tcp.ts';

export interface InnerLink {
  /** Never listens; each {@link InnerLink.connect} is a `connection` of it. */
  readonly server: Server;
  readonly connect: () => StreamConnection;
}

export function newInnerLink(): InnerLink {
  const server = createServer();
  return {
    server,
    connect: () => {
      const accepted = new InnerSocket();
      const connecting = new InnerSocket();
      accepted.peer = connecting;
      connecting.peer = accepted;
      server.emit('connection', accepted);
      return connectionOf(connecting);
    },
  };
}

/** A socket that the kernel knows nothing of: drachtio-srf takes nothing else for a connection. */
class InnerSocket extends Socket {
  peer: InnerSocket | undefined;

  /** The other half has it when who writes is done, as with any socket; in order. */
  override write(data: string | Uint8Array, encoding?: unknown, done?: unknown): boolean {
    const chunk = typeof data === 'string' ? Buffer.from(data) : data;
    const written = encoding ?? done;
    process.nextTick(() => {
      if (this.destroyed) return;
      if (typeof written === 'function') written();
      this.peer?.emit('data', chunk);
    });
    return true;
  }

  override end(): this {
    process.nextTick(() => this.destroy());
    return this;
  }

  override destroy(): this {
    if (this.destroyed) return this;
    super.destroy();
    this.peer?.destroy();
    return this;
  }
}

const nowhere = { address: '', port: 0 };

function connectionOf(socket: InnerSocket): StreamConnection {
  return {
    remote: nowhere,
    local: nowhere,
    queuedBytes: 0,
    get isOpen() {
      return !socket.destroyed;
    },
    write: (bytes) => {
      if (!socket.destroyed) socket.write(bytes);
    },
    end: () => socket.end(),
    destroy: () => socket.destroy(),
    onData: (handler) => {
      socket.on('data', handler);
    },
    onClose: (handler) => {
      if (socket.destroyed) setImmediate(() => handler(undefined));
      else socket.once('close', () => handler(undefined));
    },
  };
}
