/** Lines of text over a Unix socket: how parts in different processes ask each other. */
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { isListenedOn, listenOnUnixSocket } from './unix-socket.ts';

export interface LinePeer {
  /** Without its end. A peer that doesn't read is cut off. */
  send(line: string): void;
}

export interface LineServer extends AsyncDisposable {
  /** To all who are connected. */
  broadcast(line: string): void;
}

export interface LineConnection extends LinePeer, AsyncDisposable {}

interface LineHandlers {
  readonly onLine: (line: string) => void;
  readonly onClose: () => void;
}

/** Longer lines end the connection. */
const maxLineChars = 1024 * 1024;
/** What may wait for a slow reader. */
const maxQueuedBytes = 8 * 1024 * 1024;

/**
 * Owner and group may connect (0660). A socket left by a killed process is replaced; one that somebody answers on is not:
 * then it throws, as it does when the path can't be used.
 */
export async function serveLines(
  path: string,
  onLine: (line: string, peer: LinePeer) => void,
): Promise<LineServer> {
  if (await isListenedOn(path)) throw new Error(`${path}: another process serves there already`);
  await rm(path, { force: true });
  const peers = new Map<Socket, LinePeer>();
  const server = createServer((socket) => {
    const peer = linePeer(socket);
    peers.set(socket, peer);
    readLines(socket, { onLine: (line) => onLine(line, peer), onClose: () => peers.delete(socket) });
  });
  await listenOnUnixSocket(server, path, 0o660);
  return {
    broadcast: (line) => {
      for (const peer of peers.values()) peer.send(line);
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of peers.keys()) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** Rejects when nobody is there. */
export async function connectLines(path: string, handlers: LineHandlers): Promise<LineConnection> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  readLines(socket, handlers);
  return {
    ...linePeer(socket),
    [Symbol.asyncDispose]: async () => {
      if (socket.closed) return;
      const closed = new Promise((resolve) => {
        socket.once('close', resolve);
      });
      socket.destroy();
      await closed;
    },
  };
}

function linePeer(socket: Socket): LinePeer {
  /** Lines that were sent together go in one write. */
  let together = '';
  const flush = () => {
    const text = together;
    together = '';
    if (socket.destroyed) return;
    socket.write(text);
    if (socket.writableLength > maxQueuedBytes) socket.destroy();
  };
  return {
    send: (line) => {
      if (together === '') process.nextTick(flush);
      together += `${line}\n`;
    },
  };
}

function readLines(socket: Socket, { onLine, onClose }: LineHandlers): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (!socket.destroyed) onLine(line);
    if (rest.length > maxLineChars) socket.destroy();
  });
  // 'close' follows, and says all that matters.
  socket.on('error', () => socket.destroy());
  socket.once('close', onClose);
}
