/** The two listeners of an address: plain for the first request, HTTPS with the site's certificate for all that follow. */
import type { ServerIdentity } from '../net/authority.ts';
import { listenHttp, type HttpRequest } from '../net/http-server.ts';
import { UpstreamError } from '../net/http-upstream.ts';
import { listenFds } from '../net/listen-fds.ts';
import { isPhoneAddress } from '../store/phone-configurations.ts';
import type { Answer, Context } from './context.ts';

/** Of a log or directory that a phone uploads. */
const mostUploadBytes = 2_097_152;

export interface Listeners extends AsyncDisposable {
  readonly ports: { readonly http: number; readonly https: number };
  readonly setIdentity: (identity: ServerIdentity) => void;
  /** Connections cut, since start. */
  readonly refused: () => number;
}

interface Listening {
  readonly address: string;
  readonly ports: { readonly http: number; readonly https: number };
  readonly identity: ServerIdentity;
  readonly handle: (request: HttpRequest) => Promise<Answer>;
  /** How long a request's head may take; the listener's own otherwise. */
  readonly headMs?: number | undefined;
}

export async function openListeners(context: Context, listening: Listening): Promise<Listeners> {
  const { address, ports, identity, handle, headMs } = listening;
  await using starting = new AsyncDisposableStack();
  const rest = {
    mostBodyBytes: mostUploadBytes,
    isKnown: knownAddresses(context),
    handle,
    onError: errorOf(context),
    ...(headMs === undefined ? {} : { headMs }),
  };
  const http = starting.use(
    await listenHttp({ on: handedOver('http') ?? { address, port: ports.http }, ...rest }),
  );
  const https = starting.use(
    await listenHttp({ on: handedOver('https') ?? { address, port: ports.https }, identity, ...rest }),
  );
  const open = starting.move();
  return {
    ports: { http: http.port, https: https.port },
    setIdentity: https.setIdentity,
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

/** A socket of systemd or `with-sockets`, by the name `provisioning-http` or `provisioning-https`. */
function handedOver(name: 'http' | 'https'): { fd: number } | undefined {
  for (const [socket, fd] of listenFds()) if (socket.split('=')[0] === `provisioning-${name}`) return { fd };
  return undefined;
}
