/** A JSON API over TLS made of a table of routes, for the stand-in cloud: bounded bodies, bearer tokens, Microsoft's errors. */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServiceOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: { readonly key: string; readonly cert: string };
}

/** Who asks: what a good access token says. */
export interface Caller {
  readonly clientId: string;
  /** Application permissions, and directory roles. */
  readonly roles: readonly string[];
}

export interface JsonRequest {
  readonly caller: Caller;
  /** Path parameters by name, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Parsed JSON; `undefined` without a body. */
  readonly body: unknown;
  /** `https://host:port` as the client wrote it. */
  readonly origin: string;
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/v1/things/{id}`. */
  readonly path: string;
  readonly answer: (request: JsonRequest) => JsonAnswer;
}

export interface JsonService extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The next so many requests are answered so instead. */
  failNext(...answers: JsonAnswer[]): void;
  readonly requests: readonly { readonly method: string; readonly target: string; readonly status: number }[];
}

export type CheckToken = (token: string, audience: string) => Promise<Caller | undefined>;

const maxBodyBytes = 1024 * 1024;

/** An error in the form that Graph and the Teams configuration API share. */
export function refusal(status: number, code: string, message: string): JsonAnswer {
  return { status, body: { error: { code, message } } };
}

export async function startJsonService(
  options: ServiceOptions,
  routes: readonly Route[],
  { audience, checkToken }: { audience: string; checkToken: CheckToken },
): Promise<JsonService> {
  const failures: JsonAnswer[] = [];
  const requests: { method: string; target: string; status: number }[] = [];
  const judge = async (request: IncomingMessage): Promise<JsonAnswer> => {
    const body = await readBody(request);
    if (body === undefined) return refusal(413, 'PayloadTooLarge', 'The request is too large.');
    const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ');
    const caller = scheme === 'Bearer' ? await checkToken(token, audience) : undefined;
    if (caller === undefined)
      return refusal(
        401,
        'InvalidAuthenticationToken',
        'Access token is missing, expired or for another audience.',
      );
    return failures.shift() ?? dispatch(routes, request, { caller, body });
  };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const answer = await judge(request).catch((error: unknown) =>
      refusal(500, 'InternalServerError', String(error)),
    );
    requests.push({ method: request.method ?? '', target: request.url ?? '', status: answer.status });
    write(response, answer);
  };
  const server = createServer(
    { ...options.tls, minVersion: 'TLSv1.2' },
    (request, response) => void serve(request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://${options.address}:${port}`,
    port,
    requests,
    failNext: (...answers) => void failures.push(...answers),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function dispatch(
  routes: readonly Route[],
  request: IncomingMessage,
  { caller, body }: { caller: Caller; body: string },
): JsonAnswer {
  const origin = `https://${request.headers.host ?? ''}`;
  const url = new URL(request.url ?? '/', origin);
  const onPath = routes.flatMap((route) => {
    const parameters = matched(route.path, url.pathname);
    return parameters === undefined ? [] : [{ route, parameters }];
  });
  const found = onPath.find(({ route }) => route.method === request.method);
  if (found === undefined) {
    return onPath.length > 0
      ? refusal(405, 'MethodNotAllowed', `${request.method} is not allowed here.`)
      : refusal(404, 'ResourceNotFound', `Resource not found for the segment '${url.pathname}'.`);
  }
  let parsed: unknown;
  try {
    parsed = body === '' ? undefined : JSON.parse(body);
  } catch {
    return refusal(400, 'BadRequest', 'Unable to read JSON request payload.');
  }
  const { parameters } = found;
  return found.route.answer({
    caller,
    parameters,
    query: url.searchParams,
    headers: request.headers,
    body: parsed,
    origin,
  });
}

/** `undefined`: another path. Fixed words win over parameters by their place in the table. */
function matched(pattern: string, path: string): Record<string, string> | undefined {
  const [words, given] = [pattern.split('/'), path.split('/')];
  if (words.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, word] of words.entries()) {
    const value = given[at] ?? '';
    const name = /^\{(\w+)\}$/.exec(word)?.[1];
    if (name === undefined && word !== value) return undefined;
    if (name !== undefined) parameters[name] = decodeURIComponent(value);
  }
  return parameters;
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= maxBodyBytes) chunks.push(chunk);
  }
  return length > maxBodyBytes ? undefined : Buffer.concat(chunks).toString('utf8');
}

function write(response: ServerResponse, { status, headers, body }: JsonAnswer): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { ...(text === '' ? {} : { 'content-type': 'application/json' }), ...headers });
  response.end(text);
}
