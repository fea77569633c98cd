/** Hands one mail to a mail server: RFC 5321, with STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954) where the settings ask for them. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect, rootCertificates } from 'node:tls';

export interface MailServer {
  /** Name or address; with TLS it must prove to be this. */
  readonly host: string;
  readonly port: number;
  readonly tls: 'none' | 'starttls' | 'tls';
  readonly account?: { readonly username: string; readonly password: string };
  /** PEM, besides Node's roots. */
  readonly trust: readonly string[];
}

/** As the settings name one. */
interface MailSettings {
  readonly port: number;
  readonly tls: MailServer['tls'];
  readonly username?: string;
  readonly secret_file?: string;
}

/** The password is read each time: a file that was put right helps at once. */
export function mailServer(
  host: string,
  { port, tls, username, secret_file: file }: MailSettings,
  trust: readonly string[],
): MailServer {
  const account =
    username === undefined || file === undefined
      ? {}
      : { account: { username, password: readFileSync(file, 'utf8').trim() } };
  return { host, port, tls, trust, ...account };
}

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
  /** The whole message with its header, lines ended by CR LF, none beginning with a dot. */
  readonly message: string;
}

/** For the whole exchange. */
const timeoutMs = 20_000;
const maxAnswerChars = 8192;

/** Resolves with what the server said when it took the mail. Rejects with a sentence that says how far it came. */
export async function sendMail(server: MailServer, envelope: Envelope): Promise<string> {
  return await inSession(server, async (say) => {
    await say(`MAIL FROM:<${envelope.from}>`, 250);
    for (const address of envelope.to) await say(`RCPT TO:<${address}>`, 250);
    await say('DATA', 354);
    return await say(`${envelope.message}.`, 250);
  });
}

/** As far as a mail would come without one: connected, encrypted, signed in. Rejects as {@link sendMail}. */
export async function tryMailServer(server: MailServer): Promise<void> {
  await inSession(server, async () => '');
}

type Say = (line: string, expected: number) => Promise<string>;

async function inSession(server: MailServer, work: (say: Say) => Promise<string>): Promise<string> {
  let socket = await opened(server);
  // One timer for all that can hang, whatever the server does meanwhile.
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs);
  try {
    let say = talkOn(socket);
    await say('', 220);
    await say(hello(), 250);
    if (server.tls === 'starttls') {
      await say('STARTTLS', 220);
      socket = await encrypted(server, socket);
      say = talkOn(socket);
      await say(hello(), 250);
    }
    if (server.account !== undefined) {
      const { username, password } = server.account;
      const plain = Buffer.from(`\0${username}\0${password}`).toString('base64');
      await say(`AUTH PLAIN ${plain}`, 235);
    }
    const last = await work(say);
    await say('QUIT', 221).catch(() => undefined);
    return last;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function opened({ host, port, tls, trust }: MailServer): Promise<Socket> {
  const socket =
    tls === 'tls'
      ? connect({ host, port, ca: [...rootCertificates, ...trust], minVersion: 'TLSv1.2', ...named(host) })
      : connectPlain({ host, port });
  await ready(socket, tls === 'tls' ? 'secureConnect' : 'connect');
  return socket;
}

async function encrypted({ host, trust }: MailServer, plain: Socket): Promise<Socket> {
  plain.removeAllListeners('data');
  const socket = connect({
    socket: plain,
    host,
    ca: [...rootCertificates, ...trust],
    minVersion: 'TLSv1.2',
    ...named(host),
  });
  await ready(socket, 'secureConnect');
  return socket;
}

/** Addresses are no server names (RFC 6066). */
function named(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

async function ready(socket: Socket, event: string): Promise<void> {
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no connection in time')));
  await once(socket, event);
  socket.on('error', () => undefined);
}

/** Sends a line and reads a reply of one or more lines (section 4.2). What the server says beyond it is a fault. */
function talkOn(socket: Socket): Say {
  let text = '';
  let wake: (() => void) | undefined;
  let ended: Error | undefined;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (text.length > maxAnswerChars) socket.destroy(new Error('too long an answer'));
    wake?.();
  });
  socket.on('error', (error) => {
    ended = error;
    wake?.();
  });
  socket.on('close', () => {
    ended ??= new Error('the server closed the connection');
    wake?.();
  });
  return async (line, expected) => {
    if (line !== '') socket.write(`${line}\r\n`);
    let reply: RegExpExecArray | null;
    while ((reply = /^(?:\d{3}-[^\n]*\n)*(\d{3})(?: ([^\n]*))?\n/.exec(text)) === null) {
      if (ended !== undefined) throw ended;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    text = text.slice(reply[0].length);
    const [, code = '', words = ''] = reply;
    // What we said may hold a password: only its first word is told.
    const said = line === '' ? 'the greeting' : line.length > 80 ? 'the mail' : (line.split(/[ :]/)[0] ?? '');
    if (Number(code) !== expected) throw new Error(`${code} ${words.trim().slice(0, 200)} to ${said}`);
    return `${code} ${words.trim()}`.slice(0, 200);
  };
}

/** Names with what a server could take for the end of the line stay out. */
function hello(): string {
  return `EHLO ${hostname().replaceAll(/[^\w.-]/g, '') || 'gatehouse'}`;
}
