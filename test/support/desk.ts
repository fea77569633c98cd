/** An admin at the page of a box, and what became of the orders given there. */
import { connect } from 'node:net';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readOutcome, type Outcome } from '../../appliance/store/outcomes.ts';
import { until } from './command.ts';
import { temporaryDirectory } from './directory.ts';
import { ask, openNetworkPage, type NetworkPage } from './page.ts';

const password = 'correct horse battery';

export interface Desk extends NetworkPage {
  readonly port: number;
  readonly cookie: string;
  readonly post: (path: string, body: object | Uint8Array, cookie?: string) => Promise<Answered>;
  readonly signIn: () => Promise<string>;
}

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly error?: { code: string; message: string } };
}

/** A page in which the admin has just signed in. `now`: by the clock of the box, ms since 1970. */
export async function openDesk(directory = temporaryDirectory(), now?: number): Promise<Desk> {
  const page = await openNetworkPage({ directory });
  if (now !== undefined) page.clock.set(now);
  const { port } = page.web.address;
  const { headers } = await ask({ port, body: { code: page.code, password } }, '/api/setup');
  const cookieIn = (all: typeof headers) => all['set-cookie']?.[0]?.split(';')[0] ?? '';
  const cookie = cookieIn(headers);
  const post: Desk['post'] = async (path, body, as = cookie) => {
    const isBytes = body instanceof Uint8Array;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { cookie: as, 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
      body: isBytes ? new Uint8Array(body) : JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Answered['body'] };
  };
  const signIn = async () => cookieIn((await ask({ port, body: { password } }, '/api/sign-in')).headers);
  return { ...page, port, cookie, post, signIn };
}

export async function ended({ directory }: Desk, { body }: Answered): Promise<Outcome> {
  const id = String(body['order']);
  return await until(
    'the end of the order',
    () => {
      const outcome = readOutcome(directory, id);
      return outcome === undefined || outcome.state === 'running' ? undefined : outcome;
    },
    { timeoutMs: 10_000, everyMs: 10 },
  );
}

/** Sends the beginning of a piece that would be longer, and hangs up when some of it is in the file; resolves when the file is as before. */
export async function cutOff(
  { port, cookie }: Desk,
  path: string,
  { file, bytes }: { file: string; bytes: Uint8Array },
): Promise<void> {
  const size = () => (existsSync(file) ? statSync(file).size : 0);
  const before = size();
  const patience = { timeoutMs: 5000, everyMs: 5 };
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bytes.length + 1000}\r\n\r\n`;
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(head);
    socket.write(bytes);
  });
  await until('the first bytes', () => size() > before || undefined, patience);
  socket.destroy();
  await until('the file as it was', () => size() === before || undefined, patience);
}

/** Status of the answer that comes although no byte of the body was sent. */
export async function askedWithoutBody({ port }: Desk, path: string): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/octet-stream\r\nContent-Length: 4000000\r\n\r\n`;
    const socket = connect(port, '127.0.0.1', () => socket.write(head));
    socket.once('data', (bytes) => {
      resolve(bytes.toString('latin1').slice(9, 12));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

/** What is in one of the page's folders. */
export function filesIn(directory: string, folder: string): string[] {
  const path = join(directory, folder);
  return existsSync(path) ? readdirSync(path) : [];
}
