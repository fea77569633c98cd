/** A server of a test's own in place of the cloud's first stage, and a Yealink phone that asks it by way of the box. */
import { once } from 'node:events';
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTcp, type Socket } from 'node:net';
import { sendFixture } from './phone-http.ts';
import { address, startSite, type ProvisioningSite, type SiteOptions } from './provisioning.ts';

export const mac = '00:15:65:aa:bb:01';

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

export interface Hostile extends AsyncDisposable {
  readonly site: ProvisioningSite;
  /** The phone's own file at the first stage, over HTTPS to the box. */
  readonly ask: () => ReturnType<typeof sendFixture>;
  readonly asked: IncomingMessage[];
}

/** A first-stage server of the test's own in place of the stand-in cloud's. */
export async function hostile(
  serve: Serve | { readonly raw: (socket: Socket) => void },
  settings: Pick<SiteOptions, 'toml' | 'upstreamTimeoutSeconds'> = {},
): Promise<Hostile> {
  const asked: IncomingMessage[] = [];
  const server =
    typeof serve === 'function'
      ? createHttp((request, response) => {
          asked.push(request);
          serve(request, response);
        })
      : createTcp((socket) => {
          socket.on('error', () => undefined);
          serve.raw(socket);
        });
  const port = await portOf(server.listen(0, address));
  const site = await startSite({ network: { httpPort: port }, ...settings });
  const ca = await sendFixture({ fixture: 'yealink-ca', url: `${site.url}/gatehouse-ca.pem`, mac });
  return {
    site,
    asked,
    ask: async () =>
      sendFixture({
        fixture: 'yealink-4-mac',
        url: `https://${address}:${site.part.httpsPort}/`,
        mac,
        ca: ca.body.toString(),
      }),
    [Symbol.asyncDispose]: async () => {
      await site[Symbol.asyncDispose]();
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
    },
  };
}

export async function portOf(server: Server | ReturnType<typeof createTcp>): Promise<number> {
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return bound.port;
}
