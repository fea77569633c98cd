/** The status page and its JSON API, on the management address and on a Unix socket. */
import { chmodSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Config } from '../config.ts';
import { clearUnixSocket } from '../net/unix-socket.ts';
import { openStore, type Store } from '../store/store.ts';
import { version, type Part, type World } from '../world.ts';
import { openEventStream } from './event-stream.ts';
import { isLoopback, refusal, securityHeaders } from './guard.ts';
import { startLive, type Live } from './live.ts';
import { readPageFiles } from './page-files.ts';
import { fastifySchema, routes, type Asked, type Route, type Sources } from './routes.ts';
import { openViews } from './views.ts';

/** A running page; `address` is where it listens, with the port that the system chose for port 0. */
export interface WebPart extends Part {
  readonly address: { readonly address: string; readonly port: number };
}

interface Needs {
  readonly world: World;
  readonly config: Config;
  readonly store: Store;
  readonly live: Live;
  readonly sources: Sources;
  readonly counters: Counters;
}

interface Counters extends Record<string, number> {
  requests: number;
  refused: number;
  streams_refused: number;
  errors: number;
}

/** Browsers and monitors of one site; more is an attack or a mistake. */
const maxConnections = 200;

export async function startWeb(world: World, config: Config): Promise<WebPart> {
  await using opened = new AsyncDisposableStack();
  const directory = config.site.state_directory;
  const store = opened.use(openStore({ directory, part: 'web', clock: world.clock }));
  const views = openViews(config, version);
  const live = opened.use(startLive({ clock: world.clock, log: world.log, directory, views }));
  const counters: Counters = { requests: 0, refused: 0, streams_refused: 0, errors: 0 };
  const sources = { views, release: version, streams: () => live.watchers(), store };
  const needs: Needs = { world, config, store, live, sources, counters };
  const onAddress = makeServer(needs, isLoopback(config.web.address));
  opened.defer(async () => await onAddress.close());
  await onAddress.listen({ host: config.web.address, port: config.web.port });
  if (config.web.socket !== undefined) {
    const onSocket = makeServer(needs, true);
    opened.defer(async () => await onSocket.close());
    await listenOnSocket(onSocket, config.web.socket);
  }
  // A full disk is what the page is there to tell.
  await store
    .write((tx) => tx.journal({ kind: 'started', body: { release: version } }))
    .catch((error: unknown) => world.log.warn({ error: String(error) }, 'start not recorded'));
  const address = onAddress.server.address() as AddressInfo;
  const owned = opened.move();
  return {
    address: { address: address.address, port: address.port },
    health: () => {
      const trouble = live.trouble();
      return trouble === undefined
        ? { state: 'ok' }
        : { state: 'degraded', reason: `the live view waits: ${trouble}` };
    },
    counters: () => ({ ...counters, streams: live.watchers() }),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}

/** Only the group of the socket's owner may connect: the file's rights are the log-in. */
async function listenOnSocket(server: FastifyInstance, path: string): Promise<void> {
  await clearUnixSocket(path);
  await server.listen({ path });
  chmodSync(path, 0o660);
}

function makeServer(needs: Needs, personal: boolean): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: 1024,
    requestTimeout: 10_000,
    keepAliveTimeout: 30_000,
    forceCloseConnections: true,
    // Unknown query keys are refused, not dropped.
    ajv: { customOptions: { removeAdditional: false } },
    routerOptions: { maxParamLength: 64 },
    http: { maxHeaderSize: 8192 },
    frameworkErrors: (error, _request, reply) =>
      void fail(reply.headers(securityHeaders), error.statusCode ?? 400, 'This is no path of ours.'),
  });
  server.server.maxConnections = maxConnections;
  guard(server, needs);
  for (const file of readPageFiles()) {
    server.get(file.url, (request, reply) => {
      void reply.headers({ 'content-type': file.type, 'cache-control': 'no-cache', etag: file.etag });
      return request.headers['if-none-match'] === file.etag ? reply.code(304).send() : reply.send(file.body);
    });
  }
  for (const route of routes) addRoute(server, route, { needs, personal });
  return server;
}

/** Refuses foreign hosts and sites, adds the security headers, and turns every failure into JSON. */
function guard(server: FastifyInstance, { world, config, store, counters }: Needs): void {
  server.addHook('onRequest', async (request, reply) => {
    counters.requests += 1;
    void reply.headers({ ...securityHeaders, 'cache-control': 'no-store' });
    const head = {
      url: request.url,
      host: request.headers.host,
      fetchSite: request.headers['sec-fetch-site'] as string,
      method: request.method,
      contentType: request.headers['content-type'],
    };
    const refused = refusal(head, config.web.address);
    if (refused === undefined) return undefined;
    counters.refused += 1;
    if (refused === 'host') {
      const body = { host: request.headers.host ?? '', remote: request.ip };
      await store
        .write((tx) => tx.journal({ kind: 'foreign_host', body }))
        .catch((error: unknown) => {
          world.log.warn({ error: String(error) }, 'refused request not recorded');
        });
    }
    return fail(
      reply,
      403,
      refused === 'host' ? 'This is not a name of this box.' : 'Other sites may not read this.',
    );
  });
  server.setNotFoundHandler((_request, reply) => fail(reply, 404, 'There is nothing here.'));
  server.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return fail(reply, statusCode, error.message);
    counters.errors += 1;
    world.log.error({ error: error.message }, 'request failed');
    return fail(reply, 500, 'The answer could not be made; the log says why.');
  });
}

function fail(reply: FastifyReply, code: number, message: string): FastifyReply {
  return reply.code(code).send({ error: { code: String(code), message } });
}

function addRoute(
  server: FastifyInstance,
  route: Route,
  { needs, personal }: { needs: Needs; personal: boolean },
): void {
  const { answerTo, method = 'get' } = route;
  if (answerTo === undefined) {
    server.get(route.url, (_request, reply) => stream(needs, personal, reply));
    return;
  }
  server[method](route.url, { schema: fastifySchema(route) }, async (request, reply) => {
    const asked: Asked = {
      personal,
      now: needs.world.clock.now(),
      params: request.params as Asked['params'],
      query: request.query as Asked['query'],
    };
    const { code, body, headers = {} } = await answerTo(asked, needs.sources);
    if (code === 200 && route.mediaType !== undefined) void reply.type(route.mediaType);
    return reply.code(code).headers(headers).send(body);
  });
}

function stream({ live, counters }: Needs, personal: boolean, reply: FastifyReply): FastifyReply {
  if (live.isFull()) {
    counters.streams_refused += 1;
    return fail(reply, 503, 'Too many browsers are watching; close one.');
  }
  const events = openEventStream(reply, securityHeaders);
  const watching = live.watch({ personal, tell: (news) => events.tell(news) });
  void events.ended.then(() => watching[Symbol.dispose]());
  return reply;
}
