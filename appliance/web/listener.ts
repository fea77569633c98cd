/** One way to the page: who asks is known first, then each path answers. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import { shareConnections } from '../net/shared-connections.ts';
import type { TlsIdentity } from '../net/tls.ts';
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import { accessOf, bearerIn, tokenIn, type Access } from './access.ts';
import { compileWhenAsked } from './compile-when-asked.ts';
import { openEventStream } from './event-stream.ts';
import { fateInClear, refusal, securityHeaders } from './guard.ts';
import type { Live } from './live.ts';
import { pageFor, pagePaths, readPageFiles, type PageFile } from './page-files.ts';
import { fastifySchema, routes, type Asked, type Route, type Sources } from './routes.ts';

export type PageServer = FastifyInstance;

export interface ServerNeeds {
  readonly world: World;
  readonly config: Config;
  readonly store: Store;
  readonly live: Live;
  readonly sources: Sources;
  readonly counters: Counters;
  readonly metricsToken: string | undefined;
}

export interface Counters extends Record<string, number> {
  requests: number;
  refused: number;
  streams_refused: number;
  errors: number;
}

interface Way {
  readonly isSocket: boolean;
  readonly isLoopback: boolean;
  /** HTTPS, with this. */
  readonly identity?: TlsIdentity;
  /** Plain HTTP leads there, but for who asks on loopback. */
  readonly securePort?: number;
}

/**
 * Browsers and monitors of one site; more is an attack or a mistake. Whoever waits for nothing gives way to the next one, so that a machine
 * that takes all it gets keeps nobody out. Behind one address may be a proxy with all of them.
 */
const connections = { most: 200, mostPerAddress: 64, fewPerAddress: 32, isKnown: () => false };
/** Each ends at once; only a flood between two turns of the event loop gets so far. */
const mostBeyond = 50;
const handshakeMs = 10_000;

/** Foreign hosts are told at this rate at most: whoever makes names up must not fill the journal. */
const foreignHostRate = { burst: 30, perSecond: 0.1 };

export function makeServer(needs: ServerNeeds, way: Way): PageServer {
  const { identity } = way;
  const server = fastify({
    logger: false,
    bodyLimit: 1024,
    requestTimeout: 10_000,
    keepAliveTimeout: 30_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 64 },
    ...(identity === undefined
      ? { http: { maxHeaderSize: 8192 } }
      : {
          https: { ...identity, minVersion: 'TLSv1.2', handshakeTimeout: handshakeMs, maxHeaderSize: 8192 },
        }),
    frameworkErrors: (error, _request, reply) =>
      void fail(reply.headers(securityHeaders), error.statusCode ?? 400, 'This is no path of ours.'),
  }) as unknown as FastifyInstance;
  server.server.maxConnections = connections.most + mostBeyond;
  if (!way.isSocket) shareConnections(server.server, connections, () => (needs.counters.refused += 1));
  compileWhenAsked(server);
  guard(server, needs, way);
  // Pieces of files: the route takes them as they come, once it is known who sends them.
  server.addContentTypeParser('application/octet-stream', (_request, body, done) => done(null, body));
  const { admin } = needs.sources;
  const accessFor = (request: FastifyRequest): Access => {
    const token = tokenIn(request.headers.cookie, identity !== undefined);
    return accessOf({
      ...way,
      hasPassword: admin.hasPassword(),
      openReading: needs.config.web.open_reading,
      session: admin.sessions.of(token),
      viewer: admin.viewers.isIn(token) ? token : undefined,
    });
  };
  addPages(server, needs, accessFor);
  for (const route of routes) addRoute(server, route, { needs, way, accessFor });
  return server;
}

function addPages(
  server: PageServer,
  { config }: ServerNeeds,
  accessFor: (request: FastifyRequest) => Access,
): void {
  const files = readPageFiles();
  answerNothing(server, files);
  const send = (request: FastifyRequest, reply: FastifyReply, name: string) => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`page/${name} is missing`);
    void reply.headers({ 'content-type': file.type, 'cache-control': 'no-cache', etag: file.etag });
    return request.headers['if-none-match'] === file.etag ? reply.code(304).send() : reply.send(file.body);
  };
  for (const name of files.keys())
    if (!name.endsWith('.html')) server.get(`/page/${name}`, (request, reply) => send(request, reply, name));
  for (const url of ['/', '/sign-in', ...pagePaths])
    server.get(url, (request, reply) => send(request, reply, pageFor(url, accessFor(request), config)));
}

/** People who mistype a path are shown the way back; programs get JSON. */
function answerNothing(server: PageServer, files: ReadonlyMap<string, PageFile>): void {
  server.setNotFoundHandler(async (request, reply) => {
    const wantsPage = request.method === 'GET' && /\btext\/html\b/.test(request.headers.accept ?? '');
    if (!wantsPage || request.url.startsWith('/api')) return fail(reply, 404, 'There is nothing here.');
    return await reply.code(404).type('text/html; charset=utf-8').send(files.get('nothing.html')?.body);
  });
}

/** Refuses foreign hosts and sites, adds the security headers, and turns every failure into JSON. */
function guard(server: PageServer, { world, config, store, counters }: ServerNeeds, way: Way): void {
  const told = newTokenBucket(foreignHostRate);
  server.addHook('onRequest', async (request, reply) => {
    counters.requests += 1;
    void reply.headers({ ...securityHeaders, 'cache-control': 'no-store' });
    const head = {
      url: request.url,
      host: request.headers.host,
      fetchSite: request.headers['sec-fetch-site'] as string,
      origin: request.headers.origin,
      method: request.method,
      contentType: request.headers['content-type'],
    };
    const refused = refusal(head, config.web);
    if (refused === undefined) return leadToSecure(request, reply, way);
    counters.refused += 1;
    if (refused === 'host' && takeToken(told, world.clock.now())) {
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
      refused === 'host'
        ? 'This is not a name of this box: call it by its address, or name it in web.names.'
        : 'Other sites may not read this.',
    );
  });
  server.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return fail(reply, statusCode, error.message);
    counters.errors += 1;
    world.log.error({ error: error.message }, 'request failed');
    return fail(reply, 500, 'The answer could not be made; the log says why.');
  });
}

function leadToSecure(
  request: FastifyRequest,
  reply: FastifyReply,
  { securePort }: Way,
): FastifyReply | undefined {
  if (securePort === undefined) return undefined;
  const { ip: remote, method, url } = request;
  const fate = fateInClear({ remote, method, url });
  if (fate === 'refused') return fail(reply, 403, 'This box takes orders over HTTPS only.');
  return fate === 'led' ? reply.redirect(`https://${request.hostname}:${securePort}${url}`, 302) : undefined;
}

function fail(reply: FastifyReply, code: number, message: string): FastifyReply {
  return reply.code(code).send({ error: { code: String(code), message } });
}

interface Serving {
  readonly needs: ServerNeeds;
  readonly way: Way;
  readonly accessFor: (request: FastifyRequest) => Access;
}

function addRoute(server: PageServer, route: Route, { needs, way, accessFor }: Serving): void {
  const { answerTo, method = 'get', bodyLimit } = route;
  const schema = fastifySchema(route);
  const known = new WeakMap<FastifyRequest, Access>();
  // Before a byte of what a stranger sends is read.
  const onRequest = async (
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply | undefined> => {
    const access = accessFor(request);
    known.set(request, access);
    if (isAllowed(route, access) || (route.url === '/metrics' && isToken(needs.metricsToken, request)))
      return undefined;
    needs.counters.refused += 1;
    return reply.code(401).send({ error: { code: access.wants, message: 'Sign in first.' } });
  };
  const options = { schema, onRequest, ...(bodyLimit === undefined ? {} : { bodyLimit }) };
  server[method](route.url, options, async (request, reply) => {
    if (answerTo === undefined) return stream({ needs, accessFor }, request, reply);
    const access = known.get(request) ?? accessFor(request);
    const asked: Asked = {
      personal: access.personal,
      access,
      remote: way.isSocket ? 'socket' : request.ip,
      isSecure: way.identity !== undefined,
      now: needs.world.clock.now(),
      params: request.params as Asked['params'],
      query: request.query as Asked['query'],
      body: request.body,
    };
    const { code, body, headers = {} } = await answerTo(asked, needs.sources);
    if (code === 200 && route.mediaType !== undefined) void reply.type(route.mediaType);
    return reply.code(code).headers(headers).send(body);
  });
}

function isAllowed({ isFor, method }: Route, access: Access): boolean {
  if (isFor === 'everybody') return true;
  if (isFor === 'admin') return access.session !== undefined;
  return method === 'post' ? access.mayOrder : access.mayRead;
}

function isToken(token: string | undefined, request: FastifyRequest): boolean {
  const given = bearerIn(request.headers.authorization);
  if (token === undefined || given === undefined) return false;
  const [a, b] = [token, given].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

function stream(
  { needs: { live, counters }, accessFor }: Pick<Serving, 'needs' | 'accessFor'>,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (request.method === 'HEAD') return reply.type('text/event-stream').send();
  const access = accessFor(request);
  if (live.isFull(access)) {
    counters.streams_refused += 1;
    return fail(reply, 503, 'Too many browsers are watching; close one.');
  }
  const { personal } = access;
  // Whoever signed out, or whose session is over, sees nothing new soon after.
  const isWelcome = () => {
    const { mayRead, personal: isPersonal } = accessFor(request);
    return mayRead && isPersonal === personal;
  };
  const events = openEventStream(reply, { headers: securityHeaders, isWelcome });
  const watching = live.watch({ personal, tell: (news) => events.tell(news) });
  void events.ended.then(() => watching[Symbol.dispose]());
  return reply;
}
