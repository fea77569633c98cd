/** Whether a port could be had now. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

/** `undefined` when it is free; else the kernel's code: EADDRINUSE, EADDRNOTAVAIL, EACCES. */
export async function probePort({ protocol, address, port }: Listener): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
  if (protocol === 'tcp') {
    const server = createServer().once('error', failed);
    server.listen({ host: address, port }, () => server.close(() => resolve(undefined)));
  } else {
    const socket = createSocket('udp4').once('error', (error) => {
      socket.close();
      failed(error);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  }
  return await promise;
}
