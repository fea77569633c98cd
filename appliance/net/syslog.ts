/** One message to a syslog server: over UDP (RFC 5426) or TCP with counted frames (RFC 6587 section 3.4.1). */
import { connectTcp, firstAddress } from './tcp.ts';
import { openUdp } from './udp.ts';

interface SyslogTarget {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
}

const timeoutMs = 5000;

/** Over TCP it resolves once the server's side of the connection took all bytes; over UDP nobody knows. */
export async function sendSyslog({ host, port, transport }: SyslogTarget, message: string): Promise<void> {
  const bytes = Buffer.from(message);
  const address = await firstAddress(host);
  if (transport === 'udp') {
    await using socket = await openUdp({ address: '0.0.0.0', port: 0 });
    await socket.send(bytes, { address, port });
    return;
  }
  const connection = await connectTcp({ address, port }, timeoutMs);
  const closed = Promise.withResolvers<void>();
  connection.onClose((error) => (error === undefined ? closed.resolve() : closed.reject(error)));
  connection.onData(() => undefined);
  connection.write(Buffer.concat([Buffer.from(`${bytes.length} `), bytes]));
  connection.end();
  await closed.promise;
}
