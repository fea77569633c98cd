/** Who is told of an emergency call on the LAN: an HTTP server, a syslog server, a mail server, each nothing but a socket. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface LanEnd {
  readonly port: number;
  /** What came, one entry a message. */
  readonly heard: readonly string[];
}

/** Answers with these in turn; the last one stays. */
export async function startWebhook(statuses: readonly number[] = [200]): Promise<LanEnd> {
  const heard: string[] = [];
  const server = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const status = statuses[Math.min(heard.length, statuses.length - 1)] ?? 200;
      heard.push(body);
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heard };
}

export async function startSyslog(transport: 'udp' | 'tcp'): Promise<LanEnd> {
  const heard: string[] = [];
  if (transport === 'udp') {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.on('message', (bytes) => heard.push(bytes.toString()));
    onTestFinished(() => {
      socket.close();
    });
    return { port: socket.address().port, heard };
  }
  return {
    heard,
    port: await listen((socket) => socket.on('data', (chunk) => heard.push(chunk.toString()))),
  };
}

export interface MailOptions {
  /** Line that it answers to the first word of one; else what RFC 5321 expects. */
  readonly refuses?: Readonly<Record<string, string>>;
}

/** Plain SMTP: what came between DATA and the dot is heard. */
export async function startMailServer({ refuses = {} }: MailOptions = {}): Promise<
  LanEnd & { readonly said: readonly string[] }
> {
  const heard: string[] = [];
  const said: string[] = [];
  const replies: Readonly<Record<string, string>> = { DATA: '354 go on', QUIT: '221 bye', AUTH: '235 in' };
  const port = await listen((socket) => {
    let text = '';
    let isData = false;
    socket.write('220-mail.example\r\n220 ready\r\n');
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (;;) {
        const end = isData ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
        if (end < 0) return;
        const piece = text.slice(0, end);
        text = text.slice(end + (isData ? 5 : 2));
        if (isData) heard.push(piece);
        else said.push(piece);
        const word = isData ? 'END' : (piece.split(/[ :]/)[0] ?? '');
        socket.write(
          `${refuses[word] ?? replies[word] ?? (word === 'EHLO' ? '250-x\r\n250 AUTH PLAIN' : '250 fine')}\r\n`,
        );
        isData = word === 'DATA' && refuses[word] === undefined;
      }
    });
  });
  return { port, heard, said };
}

async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
