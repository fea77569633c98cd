/** Which TCP ports take a connection: `node open-ports-process.ts ADDRESS PORT…` prints those that do as a JSON list. */
import { connect } from 'node:net';

const [host = '', ...ports] = process.argv.slice(2);

/** A packet filter that drops says nothing; an emulated machine takes its time. */
const silentMs = 4000;

const isOpen = async (port: number) => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  socket.setTimeout(silentMs, () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
};

const open = await Promise.all(
  ports.map(async (port) => ((await isOpen(Number(port))) ? [Number(port)] : [])),
);
console.log(JSON.stringify(open.flat()));
