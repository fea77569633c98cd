/** How far a TLS connection comes, and whose certificate is at its end. Sends nothing but the handshake, unless there is a question. */
import { connect as connectTcp, isIP } from 'node:net';
import { connect, rootCertificates, type TLSSocket } from 'node:tls';

export interface TlsFinding {
  /** `tcp`: no connection. `handshake`: connected, but no TLS. `certificate`: TLS, but not trusted. `trusted`: all good. */
  readonly reached: 'tcp' | 'handshake' | 'certificate' | 'trusted';
  /** The code or words of what failed. */
  readonly error?: string;
  /** Organisation, or common name, of who issued the certificate. */
  readonly issuer?: string;
  /** The first bytes of what came for the question. */
  readonly answer?: string;
}

interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** PEM, besides Node's roots. */
  readonly trust: readonly string[];
  /** Sent to who is trusted; it need not answer. */
  readonly question?: { readonly text: string; readonly timeoutMs: number };
}

/** Never rejects. The certificate is judged by us after the handshake, to be able to name who is in the way. */
export async function probeTls(
  { host, port, trust, question }: TlsTarget,
  timeoutMs: number,
): Promise<TlsFinding> {
  const { promise, resolve } = Promise.withResolvers<TlsFinding>();
  // G-7: only IPv4 leads to SIP Gateway.
  const tcp = connectTcp({ host, port, family: 4 });
  const socket = connect({
    socket: tcp,
    // The name to verify; addresses are no server names (RFC 6066).
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ca: [...rootCertificates, ...trust],
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  });
  let isConnected = false;
  const failed = (error: string) => resolve({ reached: isConnected ? 'handshake' : 'tcp', error });
  const timer = setTimeout(() => failed('TIMEOUT'), timeoutMs);
  tcp.once('connect', () => (isConnected = true));
  tcp.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
  socket.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
  socket.once('close', () => failed('closed by the other side'));
  socket.once('secureConnect', () => resolve(judged(socket)));
  try {
    const finding = await promise;
    if (question === undefined || finding.reached !== 'trusted') return finding;
    const answer = await answerOf(socket, question);
    return { ...finding, ...(answer === undefined ? {} : { answer }) };
  } finally {
    clearTimeout(timer);
    socket.destroy();
    tcp.destroy();
  }
}

async function answerOf(
  socket: TLSSocket,
  { text, timeoutMs }: NonNullable<TlsTarget['question']>,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1')));
  socket.once('close', () => resolve(undefined));
  socket.write(text);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function judged(socket: TLSSocket): TlsFinding {
  const { issuer } = socket.getPeerCertificate() as { issuer?: { O?: string; CN?: string } };
  const named = issuer?.O ?? issuer?.CN;
  const who = named === undefined ? {} : { issuer: named };
  if (socket.authorized) return { reached: 'trusted', ...who };
  return { reached: 'certificate', error: String(socket.authorizationError), ...who };
}

/** Whether anybody takes a TCP connection there; never rejects. */
export async function probeTcp(address: string, port: number, timeoutMs: number): Promise<boolean> {
  const socket = connectTcp({ host: address, port, timeout: timeoutMs });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true));
  socket.once('timeout', () => resolve(false));
  socket.on('error', () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
