import { assert, array, integer, property, record } from 'fast-check';
import { expect, it } from 'vitest';
import type { NaptrRecord, SrvRecord } from '../../../appliance/net/service-records.ts';
import { hops, plainHop, srvQuestions } from '../../../appliance/sip/engine/locate.ts';
import { Locator } from '../../../appliance/sip/engine/locator.ts';
import { parseRoute, RouteError } from '../../../appliance/sip/engine/route.ts';
import { TimerQueue } from '../../../appliance/sip/engine/timers.ts';
import { fakeClock } from '../../support/clock.ts';

const srv = (name: string, priority: number, weight = 0): SrvRecord => ({
  name,
  priority,
  weight,
  port: 5070,
});
const naptr = (order: number, service: string, replacement: string): NaptrRecord => ({
  order,
  preference: 10,
  flags: 's',
  service,
  replacement,
});
const first = () => 0;

it.each([
  ['sip:192.0.2.7', ['udp', '192.0.2.7', 5060]],
  ['sips:[2001:db8::7]', ['tls', '2001:db8::7', 5061]],
  ['sip:example.com:5080', ['udp', 'example.com', 5080]],
  ['sip:example.com:5080;transport=tcp', ['tcp', 'example.com', 5080]],
] as const)('%s needs no records', (uri, [transport, host, port]) => {
  expect(plainHop(parseRoute(uri))).toEqual({ transport, host, port });
});

it.each([
  ['sip:example.com;transport=tcp', ['_sip._tcp.example.com']],
  ['sip:example.com;transport=tls', ['_sips._tcp.example.com']],
  ['sips:example.com', ['_sips._tcp.example.com']],
  ['sip:example.com', ['_sips._tcp.example.com', '_sip._tcp.example.com', '_sip._udp.example.com']],
])('without NAPTR records %s asks for %j', (uri, names) => {
  expect(plainHop(parseRoute(uri))).toBeUndefined();
  expect(srvQuestions(parseRoute(uri), []).map(({ name }) => name)).toEqual(names);
});

it('NAPTR records say which transport a domain prefers, as far as it is one of ours and safe enough', () => {
  const records = [
    naptr(50, 'SIP+D2U', '_sip._udp.b.example'),
    naptr(10, 'SIP+D2S', '_sip._sctp.a.example'),
    { ...naptr(50, 'SIPS+D2T', '_sips._tcp.c.example'), preference: 20 },
    { ...naptr(1, 'SIP+D2T', 'x.example'), flags: 'u' },
  ];
  const asked = (uri: string) => srvQuestions(parseRoute(uri), records).map(({ name }) => name);
  expect(asked('sip:example.com')).toEqual(['_sip._udp.b.example', '_sips._tcp.c.example']);
  expect(asked('sips:example.com')).toEqual(['_sips._tcp.c.example']);
});

it('servers come by priority, and within one as their weights were drawn', () => {
  const answers = [
    { transport: 'tls' as const, records: [srv('c', 20), srv('a', 10, 1), srv('b', 10, 9), srv('d', 20)] },
  ];
  const order = (random: () => number) =>
    hops(parseRoute('sips:example.com'), answers, random).map(({ host }) => host);
  expect(order(first)).toEqual(['a', 'b', 'c', 'd']);
  expect(order(() => 0.99)).toEqual(['b', 'a', 'c', 'd']);
  const draws = Array.from({ length: 1000 }, (_, at) => order(() => at / 1000)[0]);
  expect(draws.filter((host) => host === 'a')).toHaveLength(100);
});

it('a domain without records is its own server, and one that says it has none has none', () => {
  const route = parseRoute('sip:example.com;transport=tls');
  expect(hops(route, [{ transport: 'tls', records: [] }], first)).toEqual([
    { transport: 'tls', host: 'example.com', port: 5061 },
  ]);
  expect(hops(route, [{ transport: 'tls', records: [srv('', 0)] }], first)).toEqual([]);
});

it('whatever priorities and weights: each server once, in the order of priorities', () => {
  const records = array(
    record({ priority: integer({ min: 0, max: 3 }), weight: integer({ min: 0, max: 65_535 }) }),
    { maxLength: 12 },
  );
  assert(
    property(records, (given) => {
      const named = given.map(({ priority, weight }, at) => srv(`h${at}`, priority, weight));
      const found = hops(parseRoute('sips:x'), [{ transport: 'tls', records: named }], Math.random);
      const hosts = found.map(({ host }) => host);
      const priorities = hosts.map((host) => named.find(({ name }) => name === host)?.priority ?? 9);
      expect(priorities).toEqual(priorities.toSorted((a, b) => a - b));
      expect(named.every(({ name }) => hosts.includes(name)) || given.length === 0).toBe(true);
      expect(new Set(hosts).size).toBe(hosts.length);
    }),
  );
});

async function lookup(host: string): Promise<string[]> {
  if (host.startsWith('gone')) throw new Error('no such name');
  return await Promise.resolve([`10.0.0.${host.length}`]);
}

function newLocator(records: readonly SrvRecord[]) {
  const clock = fakeClock();
  const timers = new TimerQueue(clock, (error) => {
    throw error;
  });
  const locator = new Locator(
    { lookup, records: { naptr: async () => [], srv: async () => await Promise.resolve(records) } },
    timers,
  );
  const addresses = async () =>
    (await locator.servers(parseRoute('sips:example.com'))).map(({ address }) => address);
  return { clock, locator, addresses };
}

it('a server that failed comes last for a minute', async () => {
  const { clock, locator, addresses } = newLocator([srv('a', 1), srv('bb', 2)]);
  expect(await addresses()).toEqual(['10.0.0.1', '10.0.0.2']);
  locator.failed({ transport: 'tls', address: '10.0.0.1', port: 5070 });
  expect(await addresses()).toEqual(['10.0.0.2', '10.0.0.1']);
  await clock.advance(61_000);
  expect(await addresses()).toEqual(['10.0.0.1', '10.0.0.2']);
});

it('a server whose name leads nowhere is passed over, and a domain of such servers can’t be reached', async () => {
  expect(await newLocator([srv('gone', 1), srv('bb', 2)]).addresses()).toEqual(['10.0.0.2']);
  await expect(newLocator([srv('gone', 1)]).addresses()).rejects.toThrow(RouteError);
  await expect(newLocator([srv('', 0)]).addresses()).rejects.toThrow(RouteError);
});
