/** The Location Information Service behind Set-CsOnlineLis… : upserts by natural key (facts/cloud.md 3). */
import { refusal } from './json-service.ts';
import type { JsonAnswer, JsonRequest, Route } from './json-service.ts';

type Row = Readonly<Record<string, unknown>>;

export interface LisState {
  /** What the service holds, by kind and natural key. */
  readonly tables: Readonly<Record<LisKind, Map<string, Row>>>;
}

export type LisKind =
  | 'civicAddresses'
  | 'locations'
  | 'subnets'
  | 'switches'
  | 'ports'
  | 'wirelessAccessPoints';

/** Kinds that are put by query, and the parameter that is their key. */
const byQuery = { subnets: 'subnet', switches: 'chassisId', wirelessAccessPoints: 'bssid' } as const;
const byId = { civicAddresses: 'civicAddressId', locations: 'locationId' } as const;

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const dashedMac = /^[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}$/;

export function newLis(): LisState {
  const kinds: LisKind[] = [
    'civicAddresses',
    'locations',
    'subnets',
    'switches',
    'ports',
    'wirelessAccessPoints',
  ];
  return {
    tables: Object.fromEntries(kinds.map((kind) => [kind, new Map()])) as unknown as LisState['tables'],
  };
}

export function lisRoutes({ tables }: LisState): Route[] {
  const kinds = Object.keys(tables) as LisKind[];
  return [
    ...kinds.flatMap((kind) => listRoutes(kind, tables[kind])),
    ...portRoutes(tables.ports),
    ...(Object.keys(byQuery) as (keyof typeof byQuery)[]).flatMap((kind) => queryRoutes(kind, tables[kind])),
    ...(Object.keys(byId) as (keyof typeof byId)[]).flatMap((kind) => documentRoutes(kind, tables[kind])),
  ];
}

function listRoutes(kind: LisKind, table: Map<string, Row>): Route[] {
  const all = ({ query }: JsonRequest): JsonAnswer => ({
    status: 200,
    body: [...table.values()].filter((row) => [...query].every(([name, value]) => row[name] === value)),
  });
  return [
    { method: 'GET', path: `/Skype.Ncs/${kind}`, answer: all },
    { method: 'GET', path: `/Skype.Ncs/${kind}/filters`, answer: all },
  ];
}

/** Subnets, switches and access points: everything in the query, no body, the key in the path too. */
function queryRoutes(kind: keyof typeof byQuery, table: Map<string, Row>): Route[] {
  const name = byQuery[kind];
  const path = `/Skype.Ncs/${kind}/{key}`;
  return [
    ...keyRoutes(path, table),
    {
      method: 'PUT',
      path,
      answer: ({ parameters, query, body }) => {
        const [key, locationId] = [query.get(name) ?? '', query.get('locationId') ?? ''];
        if (body !== undefined) return refusal(400, 'BadRequest', 'No body is expected.');
        if (key !== parameters['key']) return refusal(400, 'BadRequest', `${name} in path and query differ.`);
        if (!guid.test(locationId)) return refusal(400, 'BadRequest', 'locationId is not a GUID.');
        const problem = badKey(kind, key);
        if (problem !== undefined) return refusal(400, 'BadRequest', problem);
        table.set(key, { [name]: key, locationId, description: query.get('description') ?? '' });
        return { status: 200, body: table.get(key) };
      },
    },
  ];
}

function badKey(kind: keyof typeof byQuery, key: string): string | undefined {
  if (kind === 'subnets' && !/^\d{1,3}(\.\d{1,3}){3}$|^[0-9a-f:]+$/i.test(key)) {
    return 'Subnet is a network address without a mask.';
  }
  if (
    kind === 'wirelessAccessPoints' &&
    !/^[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){4}-([0-9A-Fa-f]{2}|[0-9A-Fa-f]?\*)$/.test(key)
  ) {
    return 'BSSID is nn-nn-nn-nn-nn-nn, the last one or two characters may be *.';
  }
  // What is meant as a MAC must be spelled as LIS compares it; other names are taken word for word.
  const isMac = /^([0-9A-Fa-f]{2}[:.]){5}[0-9A-Fa-f]{2}$/.test(key);
  return isMac && !dashedMac.test(key) ? 'A MAC is written nn-nn-nn-nn-nn-nn.' : undefined;
}

/** Ports: two keys, in a body when put and in the query otherwise. */
function portRoutes(table: Map<string, Row>): Route[] {
  return [
    {
      method: 'PUT',
      path: '/Skype.Ncs/ports',
      answer: ({ body }) => {
        const { chassisId, portId, locationId, description = '' } = (body ?? {}) as Row;
        if (
          typeof chassisId !== 'string' ||
          typeof portId !== 'string' ||
          chassisId === '' ||
          portId === ''
        ) {
          return refusal(400, 'BadRequest', 'chassisId and portId are required.');
        }
        if (typeof locationId !== 'string' || !guid.test(locationId))
          return refusal(400, 'BadRequest', 'locationId is not a GUID.');
        table.set(portKey(chassisId, portId), { chassisId, portId, locationId, description });
        return { status: 200, body: table.get(portKey(chassisId, portId)) };
      },
    },
    { method: 'GET', path: '/Skype.Ncs/ports/query', answer: (request) => found(table, portKeyOf(request)) },
    {
      method: 'DELETE',
      path: '/Skype.Ncs/ports/query',
      answer: (request) => removed(table, portKeyOf(request)),
    },
  ];
}

function portKeyOf({ query }: JsonRequest): string {
  return portKey(query.get('chassisId'), query.get('portId'));
}

function portKey(chassisId: unknown, portId: unknown): string {
  return JSON.stringify([chassisId, portId]);
}

/** Addresses and places: JSON documents with names of their own (`cityOrTown`, `postalOrZipCode`, `country` …). */
function documentRoutes(kind: keyof typeof byId, table: Map<string, Row>): Route[] {
  const name = byId[kind];
  const put = ({ parameters, body }: JsonRequest): JsonAnswer => {
    const row = (body ?? {}) as Row;
    const id = parameters['key'] ?? (typeof row[name] === 'string' ? row[name] : crypto.randomUUID());
    if (kind === 'locations' && !guid.test(String(row['civicAddressId']))) {
      return refusal(400, 'BadRequest', 'civicAddressId is required.');
    }
    if (kind === 'civicAddresses' && !/^[A-Z]{2}$/.test(String(row['country']))) {
      return refusal(400, 'BadRequest', 'country is an ISO 3166 alpha-2 code.');
    }
    table.set(id, { ...row, [name]: id });
    return { status: 200, body: table.get(id) };
  };
  const path = `/Skype.Ncs/${kind}`;
  return [
    ...keyRoutes(`${path}/{key}`, table),
    { method: 'POST', path, answer: put },
    { method: 'PUT', path: `${path}/{key}`, answer: put },
  ];
}

function keyRoutes(path: string, table: Map<string, Row>): Route[] {
  return [
    { method: 'GET', path, answer: ({ parameters }) => found(table, parameters['key'] ?? '') },
    { method: 'DELETE', path, answer: ({ parameters }) => removed(table, parameters['key'] ?? '') },
  ];
}

function found(table: Map<string, Row>, key: string): JsonAnswer {
  const row = table.get(key);
  return row === undefined ? refusal(404, 'NotFound', 'There is no such entry.') : { status: 200, body: row };
}

function removed(table: Map<string, Row>, key: string): JsonAnswer {
  return table.delete(key) ? { status: 204 } : refusal(404, 'NotFound', 'There is no such entry.');
}
