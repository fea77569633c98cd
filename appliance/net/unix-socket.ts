/** Unix sockets left behind by a process that is gone. */
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
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

async function isListenedOn(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
