/**
 * The site's cloud that takes journals: `POST /v1/journal` over TLS. What it has confirmed is on disk, each row once, by
 * (site, part, journal, seq), whatever is repeated. It can be told to fail in the ways in which clouds do.
 */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import Database from 'better-sqlite3';

export interface JournalCloudOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: { readonly key: string; readonly cert: string };
  /** SQLite file; its directory exists. */
  readonly file: string;
  /** Site's name to its bearer token. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Also takes what this says yes to; for tokens of the OpenID provider. */
  readonly acceptsToken?: (token: string, site: string) => Promise<boolean>;
}

export type JournalFailure =
  /** The rows are taken, the connection is cut before the answer. */
  | { readonly kind: 'lose-answer' }
  /** The connection is cut while the request is read. */
  | { readonly kind: 'cut-request' }
  | { readonly kind: 'cut-answer' }
  /** No answer, for ever. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string };

export interface JournalRowTaken {
  readonly site: string;
  readonly part: string;
  readonly journal: string;
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly mac: string | null;
  readonly body: string;
  readonly count: number;
}

export interface JournalCloud extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The next so many requests fail like this, in order. */
  failNext(...failures: JournalFailure[]): void;
  /** Each request of the site, as it was judged. */
  readonly requests: readonly {
    readonly at: number;
    readonly key: string;
    readonly status: number | string;
  }[];
  rows(part?: string): JournalRowTaken[];
  gaps(part?: string): { part: string; journal: string; from: number; to: number }[];
  /** How many rows came more than once, and were recognised. */
  repeats(): number;
}

interface JournalRequest {
  site: string;
  part: string;
  journal: string;
  from: number;
  to: number;
  rows: unknown[];
}

const maxRequestBytes = 4 * 1024 * 1024;

export async function startJournalCloud(options: JournalCloudOptions): Promise<JournalCloud> {
  const db = openFile(options.file);
  const failures: JournalFailure[] = [];
  const requests: { at: number; key: string; status: number | string }[] = [];
  const server = createServer({ ...options.tls, minVersion: 'TLSv1.2' }, (request, response) => {
    answer({ db, options, failures, requests }, request, response).catch((error: unknown) => {
      requests.push({ at: Date.now(), key: '', status: String(error) });
      request.destroy();
    });
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://${options.address}:${port}`,
    port,
    failNext: (...more) => void failures.push(...more),
    requests,
    rows: (part) =>
      db
        .prepare(`SELECT * FROM row WHERE part = ? OR ? IS NULL ORDER BY part, journal, seq`)
        .all(part ?? null, part ?? null) as JournalRowTaken[],
    gaps: (part) =>
      db
        .prepare(
          `SELECT part, journal, "from", "to" FROM gap WHERE part = ? OR ? IS NULL ORDER BY part, "from"`,
        )
        .all(part ?? null, part ?? null) as { part: string; journal: string; from: number; to: number }[],
    repeats: () =>
      (db.prepare('SELECT coalesce(sum(repeats), 0) AS n FROM request').get() as { n: number }).n,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      db.close();
    },
  };
}

async function listen(server: Server, { address, port }: { address: string; port: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}

function openFile(file: string): Database.Database {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(`
    CREATE TABLE IF NOT EXISTS row (
      site TEXT NOT NULL, part TEXT NOT NULL, journal TEXT NOT NULL, seq INTEGER NOT NULL,
      at INTEGER NOT NULL, kind TEXT NOT NULL, mac TEXT, body TEXT NOT NULL, count INTEGER NOT NULL, until INTEGER NOT NULL,
      PRIMARY KEY (site, part, journal, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS gap (
      site TEXT NOT NULL, part TEXT NOT NULL, journal TEXT NOT NULL, "from" INTEGER NOT NULL, "to" INTEGER NOT NULL,
      PRIMARY KEY (site, part, journal, "from", "to")
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS request (
      key TEXT PRIMARY KEY, answers INTEGER NOT NULL, repeats INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
  `);
  return db;
}

interface Standing {
  readonly db: Database.Database;
  readonly options: JournalCloudOptions;
  readonly failures: JournalFailure[];
  readonly requests: { at: number; key: string; status: number | string }[];
}

async function answer(standing: Standing, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { requests, failures } = standing;
  const key = String(request.headers['idempotency-key'] ?? '');
  const failure = failures.shift();
  const note = (status: number | string) => void requests.push({ at: Date.now(), key, status });
  if (failure?.kind === 'cut-request') {
    note(failure.kind);
    request.socket.destroy();
    return;
  }
  const body = await readBody(request);
  if (failure?.kind === 'hang') {
    note(failure.kind);
    return;
  }
  if (failure?.kind === 'status') {
    note(failure.status);
    const headers = failure.retryAfter === undefined ? {} : { 'retry-after': failure.retryAfter };
    response.writeHead(failure.status, headers).end();
    return;
  }
  const { status, message } = await judge(standing, request, body);
  note(failure === undefined ? status : failure.kind);
  if (failure?.kind === 'lose-answer') {
    request.socket.destroy();
    return;
  }
  const text = JSON.stringify(message);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
  if (failure?.kind === 'cut-answer') response.write(text.slice(0, 2), () => request.socket.destroy());
  else response.end(text);
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= maxRequestBytes) chunks.push(chunk);
  }
  return length > maxRequestBytes ? undefined : Buffer.concat(chunks);
}

type Judgement = { status: number; message: Record<string, unknown> };

async function judge(
  { db, options }: Standing,
  request: IncomingMessage,
  body: Buffer | undefined,
): Promise<Judgement> {
  if (request.url !== '/v1/journal') return { status: 404, message: { error: 'no such resource' } };
  if (request.method !== 'POST') return { status: 405, message: { error: 'POST only' } };
  if (body === undefined) return { status: 413, message: { error: `at most ${maxRequestBytes} bytes` } };
  let message: JournalRequest;
  try {
    message = JSON.parse(body.toString('utf8')) as JournalRequest;
  } catch {
    return { status: 400, message: { error: 'not JSON' } };
  }
  const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ');
  const isOwn = options.tokens[message.site] === token && token !== '';
  if (scheme !== 'Bearer' || !(isOwn || (await options.acceptsToken?.(token, message.site)) === true)) {
    return { status: 401, message: { error: 'no token of this site' } };
  }
  const { site, part, journal, from, to, rows } = message;
  const key = request.headers['idempotency-key'];
  if (key !== `${encodeURIComponent(site)}:${part}:${journal}:${from}-${to}`) {
    return { status: 400, message: { error: 'Idempotency-Key and body differ' } };
  }
  if (!isWhole(rows, from, to))
    return { status: 422, message: { error: 'rows have holes, or are not what from and to say' } };
  const repeats = take(db, { site, part, journal, key, rows });
  return { status: 200, message: { site, part, journal, to, repeats } };
}

type Shipped = { gap?: true; from?: number; to?: number; seq?: number } & Record<string, unknown>;

/** Every number from `from` to `to` once, in order, as a row or within a gap. */
function isWhole(rows: unknown, from: number, to: number): rows is Shipped[] {
  if (!Array.isArray(rows)) return false;
  let next = from;
  for (const row of rows as Shipped[]) {
    if (row.gap === true) {
      if (row.from !== next || typeof row.to !== 'number' || row.to < row.from) return false;
      next = row.to + 1;
    } else {
      if (row.seq !== next) return false;
      next += 1;
    }
  }
  return next === to + 1;
}

/** One transaction: either the whole request has its effect, once, or none of it. */
function take(
  db: Database.Database,
  {
    site,
    part,
    journal,
    key,
    rows,
  }: { site: string; part: string; journal: string; key: string; rows: Shipped[] },
): number {
  return db.transaction(() => {
    let repeats = 0;
    for (const row of rows) {
      if (row.gap === true) {
        db.prepare('INSERT OR IGNORE INTO gap VALUES (?, ?, ?, ?, ?)').run(
          site,
          part,
          journal,
          row.from,
          row.to,
        );
        continue;
      }
      const { changes } = db
        .prepare('INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
        .run(
          site,
          part,
          journal,
          row.seq,
          row['at'],
          row['kind'],
          row['mac'],
          JSON.stringify(row['body']),
          row['count'],
          row['until'],
        );
      if (changes === 0) repeats += 1;
    }
    db.prepare(
      'INSERT INTO request VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET answers = answers + 1, repeats = repeats + excluded.repeats',
    ).run(key, repeats);
    return repeats;
  })();
}
