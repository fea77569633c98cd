/** Which address of this machine packets leave from. */
import { createSocket } from 'node:dgram';

/** Whether a socket can be bound there: not so at an address that the machine has no more. */
export async function isBindable(address: string): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    return await new Promise((resolve) => {
      socket.once('error', () => resolve(false));
      socket.bind({ address, port: 0, exclusive: true }, () => resolve(true));
    });
  } finally {
    socket.close();
  }
}

/** Toward somewhere, as the kernel routes now. Undefined: there is no way there. Nothing is sent. */
export async function sourceToward(address: string): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    // Any port: the kernel only looks for a route.
    return await new Promise((resolve) => {
      socket.once('error', () => resolve(undefined));
      socket.connect(9, address, (error?: Error | null) =>
        resolve(error === undefined || error === null ? socket.address().address : undefined),
      );
    });
  } finally {
    socket.close();
  }
}
