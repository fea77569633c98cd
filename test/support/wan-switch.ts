/** The way to the cloud on loopback: ports and names that lead to the cloud until they are cut. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type LookupFunction, type Socket } from 'node:net';
import { address, loopbackLookup } from './provisioning-site.ts';

export interface WanSwitch extends AsyncDisposable {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Names are only known while there is a way. */
  readonly lookup: LookupFunction;
  /** Something went through, and nothing is under way. */
  isQuiet(): boolean;
  /** What is open breaks, and nothing new gets through. */
  cut(): void;
  restore(): void;
}

interface Targets {
  readonly httpPort: number;
  readonly httpsPort: number;
}

export async function startWanSwitch({ httpPort, httpsPort }: Targets): Promise<WanSwitch> {
  const open = new Set<Socket>();
  let isCut = false;
  let wasUsed = false;
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => undefined).once('close', () => open.delete(socket));
  };
  const join = (near: Socket, far: Socket) => {
    keep(far);
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  };
  const lead = async (port: number) => {
    const server = createServer((near) => {
      keep(near);
      wasUsed = true;
      if (isCut) near.destroy();
      else join(near, connect({ host: address, port }));
    });
    await once(server.listen(0, address), 'listening');
    return server;
  };
  const servers = await Promise.all([lead(httpPort), lead(httpsPort)]);
  const [http = 0, https = 0] = servers.map((server) => (server.address() as AddressInfo).port);
  const breakAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    httpPort: http,
    httpsPort: https,
    lookup: (name, options, callback) => {
      if (isCut) callback(Object.assign(new Error('no name service'), { code: 'EAI_AGAIN' }), '');
      else loopbackLookup(name, options, callback);
    },
    isQuiet: () => wasUsed && open.size === 0,
    cut: () => {
      isCut = true;
      breakAll();
    },
    restore: () => {
      isCut = false;
    },
    [Symbol.asyncDispose]: async () => {
      breakAll();
      for (const server of servers) await once(server.close(), 'close');
    },
  };
}
