/** The API described by itself: OpenAPI 3.1, from the same table that the routes are made from. Pure. */
import type { TSchema } from '../schema.ts';
import { Failure } from './schemas.ts';

/** One way in. `answer` is JSON unless `mediaType` says otherwise. */
export interface RouteDescription {
  readonly url: string;
  /** Left out: `get`. */
  readonly method?: 'get' | 'post';
  readonly summary: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  /** JSON of an order. */
  readonly body?: TSchema;
  readonly answer?: TSchema;
  readonly mediaType?: string;
  /** Left out: whoever may read, or for orders whoever may order. `admin`: who has signed in. */
  readonly isFor?: 'everybody' | 'admin';
}

export function openApi(routes: readonly RouteDescription[], release: string): object {
  const paths = routes.map(
    (route) =>
      [route.url.replaceAll(/:(\w+)/g, '{$1}'), { [route.method ?? 'get']: describe(route) }] as const,
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse',
      version: release,
      description:
        'How this site is doing, and orders: an order needs `Content-Type: application/json` and an object. Whoever has not signed in gets 401, but on the Unix socket, and on loopback while there is no password. Names and numbers of people are left out for who may read without signing in (`web.open_reading`).',
    },
    paths: Object.fromEntries(paths),
  };
}

function describe({
  url,
  method,
  summary,
  params,
  query,
  body,
  isFor,
  answer,
  mediaType = 'application/json',
}: RouteDescription): object {
  const content = { [mediaType]: { schema: plain(answer ?? { type: 'string' }) } };
  const failure = (description: string) => ({
    description,
    content: { 'application/json': { schema: plain(Failure) } },
  });
  return {
    operationId:
      url
        .split('/')
        .filter(Boolean)
        .map((word) => word.replace(/^:/, 'by-'))
        .join('-') || 'page',
    summary,
    parameters: [...parameters(params, 'path'), ...parameters(query, 'query')],
    ...(body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: plain(body) } } } }),
    responses: {
      200: { description: summary, content },
      400: failure('A parameter is wrong.'),
      ...(isFor === 'everybody' ? {} : { 401: failure('Nobody has signed in.') }),
      403: failure('Asked under a name that is not ours, or by another site.'),
      ...(params === undefined ? {} : { 404: failure('There is no such thing here.') }),
      ...(method === 'post' ? { 409: failure('It can not be done now.') } : {}),
    },
  };
}

function parameters(schema: TSchema | undefined, where: 'path' | 'query'): object[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(property.description === undefined ? {} : { description: property.description }),
    schema: plain(property),
  }));
}

function plain(schema: object): object {
  return JSON.parse(JSON.stringify(schema)) as object;
}
