/** Which address of this machine packets to somewhere leave from, as the kernel routes them now. */
import { createSocket } from 'node:dgram';

/** Undefined: there is no way there. Nothing is sent. */
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
