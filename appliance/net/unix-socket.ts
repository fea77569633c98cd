/** Unix sockets: those left behind by a process that is gone, and listening with the right permissions from the first moment. */
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';

/**
 * Makes way for listening on `path`: the directory is there, and a socket that nobody listens on any more is gone.
 * Rejects when somebody does, and when the path is something else than a socket.
 */
export async function clearUnixSocket(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present === undefined) return;
  if (!present.isSocket())
    throw new Error(`${path} is there and is no socket: move it away or choose another path`);
  if (await isListenedOn(path)) {
    throw new Error(`${path} is in use: another program listens there; is Gatehouse running twice?`);
  }
  unlinkSync(path);
}

/** 0600: this user only; 0660: its group too. Rejects when the path can't be used. */
export async function listenOnUnixSocket(server: Server, path: string, mode: 0o600 | 0o660): Promise<void> {
  // The mask closes the gap between bind and chmod.
  const mask = process.umask(0o777 & ~mode);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (cause) => reject(new Error(`cannot listen on ${path}`, { cause })));
  });
  // Running out of descriptors is reported here; the listener goes on.
  server.on('error', () => undefined);
  await chmod(path, mode);
}

export async function isListenedOn(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
