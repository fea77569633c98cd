/** Whether a SIP server answers OPTIONS (RFC 3261 section 11); whatever it says, it is there. */
import { randomBytes } from 'node:crypto';
import { optionsPing } from '../protocol/sip-options.ts';
import { formatHostPort } from '../protocol/sip-uri.ts';
import { connectTcp, firstAddress, type StreamConnection } from './tcp.ts';
import { connectTls } from './tls.ts';
import { openUdp } from './udp.ts';

export interface SipTarget {
  /** Name or address; over TLS it must prove to be this. */
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** PEM, besides Node's roots. */
  readonly trust: readonly string[];
  /** Ours, to be answered at. */
  readonly from: string;
}

/** The first line of the answer, such as `SIP/2.0 200 OK`. Rejects when there is none in time. */
export async function probeSip(target: SipTarget, timeoutMs: number): Promise<string> {
  const address = await firstAddress(target.host);
  const answered = Promise.withResolvers<string>();
  const timer = setTimeout(() => answered.reject(new Error('no answer')), timeoutMs);
  const heard = (bytes: Uint8Array) => {
    const [line = ''] = Buffer.from(bytes).toString('latin1').split('\r\n');
    if (line.startsWith('SIP/2.0 ')) answered.resolve(line.slice(0, 100));
  };
  // Closed early by the far end, or refused: told by whichever comes first.
  answered.promise.catch(() => undefined);
  try {
    if (target.transport === 'udp') {
      await using socket = await openUdp({ address: '0.0.0.0', port: 0 });
      socket.onDatagram(heard);
      await socket.send(options(target, socket.address().port), { address, port: target.port });
      return await answered.promise;
    }
    const connection = await connected(target, address, timeoutMs);
    connection.onData(heard);
    connection.onClose(() => answered.reject(new Error('closed without an answer')));
    connection.write(options(target, connection.local.port));
    return await answered.promise.finally(() => connection.destroy());
  } finally {
    clearTimeout(timer);
  }
}

async function connected(target: SipTarget, address: string, timeoutMs: number): Promise<StreamConnection> {
  const { host: name, port, transport, trust } = target;
  return transport === 'tls'
    ? await connectTls({ address, port, name, trust }, timeoutMs)
    : await connectTcp({ address, port }, timeoutMs);
}

function options({ host, port, transport, from }: SipTarget, ownPort: number): Uint8Array {
  const ping = optionsPing({
    to: formatHostPort(host, port),
    from: `gatehouse@${from}`,
    via: `${transport.toUpperCase()} ${from}:${ownPort}`,
    word: randomBytes(8).toString('hex'),
  });
  return Buffer.from(ping);
}
