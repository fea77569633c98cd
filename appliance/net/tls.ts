/** TLS over TCP, both ends. A server that we connect to is verified by name against authorities, always: there is no switch. */
import { isIP } from 'node:net';
import { connect, createSecureContext, createServer, rootCertificates, type SecureContext } from 'node:tls';
import { sipDomainMismatch } from './sip-domain.ts';
import { listening, opened, streamConnection } from './tcp.ts';
import { groups } from './upstream-trust.ts';
import type { HostPort, OnConnection, StreamConnection, StreamListener } from './tcp.ts';

/** PEM. */
export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

export interface TlsPeer extends HostPort {
  /** The name, or the address, that the certificate must be for. */
  readonly name: string;
  /** PEMs of authorities trusted besides Node's roots. */
  readonly trust: readonly string[];
}

export interface TlsListener extends StreamListener {
  /** A new certificate for new connections. Throws when key and certificate don't fit. */
  setIdentity(identity: TlsIdentity): void;
}

const oldest = 'TLSv1.2';

/** `onConnection` is called after the handshake; one that isn't done in ten seconds is dropped. */
export async function listenTls(
  at: HostPort,
  identity: TlsIdentity,
  onConnection: OnConnection,
): Promise<TlsListener> {
  const server = createServer({
    key: identity.key,
    cert: identity.cert,
    minVersion: oldest,
    handshakeTimeout: 10_000,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  });
  const listener = await listening(server, at, { event: 'secureConnection', onConnection });
  return {
    ...listener,
    setIdentity: ({ key, cert }) => server.setSecureContext({ key, cert, minVersion: oldest }),
  };
}

const contexts = new Map<string, SecureContext>();
const mostContexts = 8;

/** One for all connections with the same trust: reading Node's roots takes some 20 ms and a megabyte each time. */
function contextFor(trust: readonly string[]): SecureContext {
  const key = trust.join('\n');
  let context = contexts.get(key);
  if (context === undefined) {
    if (contexts.size >= mostContexts) contexts.clear();
    context = createSecureContext({
      ca: [...rootCertificates, ...trust],
      minVersion: oldest,
      ecdhCurve: groups,
    });
    contexts.set(key, context);
  }
  return context;
}

export interface TlsConnection extends StreamConnection {
  /** Of the peer's own, ms since 1970. */
  readonly certificateEndsAt: number;
}

/** Rejects when the certificate isn't trusted or is for another name, or nobody answers within `timeoutMs`. */
export async function connectTls(peer: TlsPeer, timeoutMs: number): Promise<TlsConnection> {
  const socket = connect({
    host: peer.address,
    port: peer.port,
    // Node verifies against `servername`, and against `host` when there is none. Addresses are no server names (RFC 6066).
    ...(isIP(peer.name) === 0 ? { servername: peer.name } : { host: peer.address }),
    secureContext: contextFor(peer.trust),
    rejectUnauthorized: true,
    checkServerIdentity: sipDomainMismatch,
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
  await opened(socket, 'secureConnect', timeoutMs);
  const certificateEndsAt = Date.parse(socket.getPeerCertificate().valid_to);
  return Object.assign(streamConnection(socket), { certificateEndsAt });
}
