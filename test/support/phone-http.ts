/** Sends one of `test/fixtures/phones/*.http` over a plain or TLS connection, byte for byte, and reads the answer. */
import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

const fixtures = join(import.meta.dirname, '../fixtures/phones');

/** What phones' TLS stacks offer; Node's own first choice, which is safe from quantum computers, is in none of them. */
export const phoneGroups = 'X25519:P-256:P-384';

export interface FixtureRequest {
  /** File name without `.http`, such as `yealink-4-mac`. */
  readonly fixture: string;
  /** Provisioning URL: its path becomes `{{base}}` and `{{path}}`. */
  readonly url: string;
  readonly mac: string;
  /** For `{{file}}`, where the phone asks for what it was named before. */
  readonly file?: string;
  /** PEM, what the phone trusts besides nothing; a connection to another server fails. */
  readonly ca?: string;
  readonly timeoutMs?: number;
  /** Address to come from, where the machine has several. */
  readonly from?: string;
  /** Where names lead, where nobody answers for them. */
  readonly names?: NamesLead;
  /** What a phone that has it uses again. */
  readonly open?: OpenConnections;
}

/** By host and port. */
export interface OpenConnections {
  readonly sockets: Map<string, Socket>;
  readonly sessions: Map<string, Buffer>;
}

/** Every host that is named, and not an address, is here. */
export interface NamesLead {
  readonly host: string;
  readonly httpPort: number;
  readonly httpsPort: number;
}

export interface PhoneAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** The bytes as they go out. */
export function fixtureBytes({ fixture, url, mac, file = '' }: FixtureRequest): Buffer {
  const target = urlParts(url);
  const plain = mac.replaceAll(/[:.-]/g, '').toLowerCase();
  const base = target.path.endsWith('/') ? target.path : `${target.path}/`;
  const values: Record<string, string> = {
    host: target.port === (target.isSecure ? 443 : 80) ? target.host : `${target.host}:${target.port}`,
    base,
    path: target.path,
    file,
    mac: plain,
    MAC: plain.toUpperCase(),
    'mac:': (plain.match(/../g) ?? []).join(':'),
  };
  const text = readFileSync(join(fixtures, `${fixture}.http`), 'latin1');
  return Buffer.from(
    text.replaceAll(/\{\{([\w:]+)\}\}/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`${fixture}.http: no placeholder "${name}"`);
      return value;
    }),
    'latin1',
  );
}

/** Rejects when the server is not trusted, the answer is cut short, or nothing comes in time. */
export async function sendFixture(request: FixtureRequest): Promise<PhoneAnswer> {
  return sendBytes(fixtureBytes(request), request);
}

export async function sendBytes(
  bytes: Uint8Array,
  {
    url,
    ca,
    timeoutMs = 30_000,
    from,
    names,
    open,
  }: Pick<FixtureRequest, 'url' | 'ca' | 'timeoutMs' | 'from' | 'names' | 'open'>,
): Promise<PhoneAnswer> {
  const { isSecure, host: name, port: namedPort } = urlParts(url);
  const { host, port } =
    names === undefined || isIP(name) !== 0
      ? { host: name, port: namedPort }
      : { host: names.host, port: isSecure ? names.httpsPort : names.httpPort };
  const origin = from === undefined ? {} : { localAddress: from };
  const where = `${host}:${port}`;
  const connect = (): Socket => {
    if (!isSecure) return connectTcp({ host, port, ...origin });
    const session = open?.sessions.get(where);
    const serverName = isIP(name) === 0 ? { servername: name } : {};
    return connectTls({
      host,
      port,
      ...origin,
      ca: ca ?? [],
      session,
      ecdhCurve: phoneGroups,
      ...serverName,
    }).on('session', (fresh: Buffer) => open?.sessions.set(where, fresh));
  };
  const idle = open?.sockets.get(where);
  open?.sockets.delete(where);
  // One that breaks while nobody asks is no error.
  const socket = idle?.writable === true ? idle : connect().on('error', () => undefined);
  let isReusable = false;
  try {
    const answer = await exchange(socket, bytes, timeoutMs);
    isReusable = open !== undefined && !/^connection: close/im.test(Buffer.from(bytes).toString('latin1'));
    isReusable &&= answer.headers.get('connection') !== 'close' && answer.headers.has('content-length');
    if (isReusable) open?.sockets.set(where, socket);
    return answer;
  } finally {
    if (!isReusable) socket.destroy();
  }
}

async function exchange(socket: Socket, bytes: Uint8Array, timeoutMs: number): Promise<PhoneAnswer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const end = (answer: PhoneAnswer | Error) => {
      socket.setTimeout(0);
      socket.off('timeout', onTimeout).off('error', end);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      if (answer instanceof Error) reject(answer);
      else resolve(answer);
    };
    const settle = (isEnd: boolean) => {
      const answer = parseAnswer(received, isEnd);
      if (answer !== undefined) end(answer);
      else if (isEnd) end(new Error(`connection ended after ${received.length} bytes of an answer`));
    };
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      settle(false);
    };
    const onEnd = () => settle(true);
    const onTimeout = () => end(new Error(`no answer within ${timeoutMs} ms`));
    socket.setTimeout(timeoutMs);
    socket.on('timeout', onTimeout).on('error', end);
    socket.on('data', onData).on('end', onEnd).on('close', onEnd);
    socket.write(bytes);
  });
}

export function urlParts(url: string): { isSecure: boolean; host: string; port: number; path: string } {
  const [, scheme, host, port, path = ''] = /^(https?):\/\/([^/:]+)(?::(\d+))?(\/.*)?$/.exec(url) ?? [];
  if (scheme === undefined || host === undefined)
    throw new Error(`"${url}" is not a URL that a phone can use`);
  const isSecure = scheme === 'https';
  return {
    isSecure,
    host,
    port: port === undefined ? (isSecure ? 443 : 80) : Number(port),
    path: path === '' ? '/' : path,
  };
}

function parseAnswer(received: Buffer, isEnd: boolean): PhoneAnswer | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...headerLines] = received.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = new Map(
    headerLines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const rest = received.subarray(headEnd + 4);
  const length = headers.get('content-length');
  if (headers.get('transfer-encoding') === 'chunked') {
    const body = unchunk(rest);
    return body && { status, headers, body };
  }
  if (length === undefined)
    return isEnd || status === 204 || status === 304 ? { status, headers, body: rest } : undefined;
  return rest.length >= Number(length)
    ? { status, headers, body: rest.subarray(0, Number(length)) }
    : undefined;
}

function unchunk(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    if (size === 0) return Buffer.concat(parts);
    if (bytes.length < lineEnd + 2 + size + 2) return undefined;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
