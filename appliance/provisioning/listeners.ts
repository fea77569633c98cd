/** The two listeners of each address of the box: plain for the first request, HTTPS with the site's certificate for all that follow. */
import type { TlsIdentity } from '../net/tls.ts';
import { listenHttp, type HttpRequest } from '../net/http-server.ts';
import { UpstreamError } from '../net/http-upstream.ts';
import { listenFds } from '../net/listen-fds.ts';
import { isPhoneAddress } from '../store/phone-configurations.ts';
import type { Answer, Context } from './context.ts';

/** Of a log or directory that a phone uploads. */
const mostUploadBytes = 2_097_152;

export interface Listeners extends AsyncDisposable {
  readonly ports: { readonly http: number; readonly https: number };
  /** Connections cut, since start. */
  readonly refused: () => number;
}

interface Listening {
  readonly address: string;
  readonly isFormer?: boolean;
  readonly ports: { readonly http: number; readonly https: number };
  /** By the address of ours that a phone came to. */
  readonly identityOf: (localAddress: string) => TlsIdentity;
  readonly handle: (request: HttpRequest) => Promise<Answer>;
  /** How long a request's head may take; the listener's own otherwise. */
  readonly headMs?: number | undefined;
}

export async function openListeners(context: Context, listening: Listening): Promise<Listeners> {
  const { address, ports, identityOf, handle, headMs } = listening;
  await using starting = new AsyncDisposableStack();
  const rest = {
    mostBodyBytes: mostUploadBytes,
    isKnown: knownAddresses(context),
    handle,
    onError: errorOf(context),
    ...(headMs === undefined ? {} : { headMs }),
  };
  const http = starting.use(
    await listenHttp({ on: handedOver('http', listening) ?? { address, port: ports.http }, ...rest }),
  );
  const https = starting.use(
    await listenHttp({
      on: handedOver('https', listening) ?? { address, port: ports.https },
      identity: identityOf,
      ...rest,
    }),
  );
  const open = starting.move();
  return {
    ports: { http: http.port, https: https.port },
    refused: () => http.refused() + https.refused(),
    [Symbol.asyncDispose]: async () => open.disposeAsync(),
  };
}

/** A phone has its lease there, or the cloud took who was there for one. */
function knownAddresses({ leases, store }: Context): (ip: string) => boolean {
  return (ip) => leases.byIp(ip)?.vendor !== undefined || isPhoneAddress(store.db, ip);
}

function errorOf({ counters, world }: Context): (error: unknown) => void {
  return (error) => {
    // Of a file that was already on its way to the phone.
    if (error instanceof UpstreamError) {
      counters.upstream_failures += 1;
      world.log.warn({ error: error.message }, 'file cut short');
      return;
    }
    counters.errors += 1;
    world.log.error({ error: String(error) }, 'request not answered');
  };
}

/** A socket of systemd or `with-sockets`: `provisioning-http=10.20.0.1`, or for the box's own address without one too. */
function handedOver(
  name: 'http' | 'https',
  { address, isFormer = false }: Pick<Listening, 'address' | 'isFormer'>,
): { fd: number } | undefined {
  const sockets = listenFds();
  const own = sockets.get(`provisioning-${name}=${address}`);
  if (own !== undefined || isFormer) return own === undefined ? undefined : { fd: own };
  for (const [socket, fd] of sockets) if (socket.split('=')[0] === `provisioning-${name}`) return { fd };
  return undefined;
}
