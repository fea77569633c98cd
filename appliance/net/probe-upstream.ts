/** Whether a server above us takes connections, without asking it for anything. */
import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { trustIn } from './upstream-trust.ts';

export interface UpstreamTarget {
  readonly scheme: 'http' | 'https';
  /** The name that the certificate must be for. */
  readonly host: string;
  readonly port: number;
  /** PEM authorities for https. */
  readonly ca?: readonly string[];
  readonly lookup?: LookupFunction | undefined;
  readonly signal?: AbortSignal;
}

/** For https as far as a trusted certificate: a box in the way that answers for the cloud is not the cloud. Never rejects. */
export async function probeUpstream(target: UpstreamTarget, timeoutMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = open(target, () => resolve(true));
  const timer = setTimeout(() => resolve(false), timeoutMs);
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // A server that ends the handshake in its own words is there: it may want a certificate that only phones have.
    resolve(/^ERR_SSL_\w*ALERT/.test(error.code ?? ''));
  });
  socket.once('close', () => resolve(false));
  const stop = () => resolve(false);
  target.signal?.addEventListener('abort', stop);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    target.signal?.removeEventListener('abort', stop);
    socket.destroy();
  }
}

function open({ scheme, host, port, ca, lookup }: UpstreamTarget, onReached: () => void): Socket {
  const where = { host, port, family: 4, ...(lookup ? { lookup } : {}) };
  return scheme === 'http'
    ? connectTcp(where, onReached)
    : connectTls({ ...where, servername: host, secureContext: trustIn(ca).context }, onReached);
}
