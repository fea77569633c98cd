/** A host with two servers, of which the first doesn't want the request (RFC 3263 section 4.3). */
import { expect, it } from 'vitest';
import type { Lookup } from '../../appliance/net/tcp.ts';
import type { Transport } from '../../appliance/sip/engine/engine.ts';
import { answerTo, startSipEnd, until, type SipEnd, type TestRequest } from '../support/sip-end.ts';

const away = { headers: { 'Retry-After': '60' } };

interface Pool {
  readonly box: SipEnd;
  readonly first: SipEnd;
  readonly second: SipEnd;
  /** The host by name, which leads to both. */
  readonly host: string;
  /** Of requests that the two have seen. */
  readonly seen: () => [number, number];
  /** Asks through the box; gives the status that its application hears. */
  readonly ask: (options?: { method?: string; proxy?: string }) => Promise<number>;
}

const both: Lookup = async () => await Promise.resolve(['127.0.0.1', '127.0.0.2']);

async function openPool(transport: Transport, lookup = both): Promise<Pool> {
  const first = await startSipEnd([transport]);
  const port = first.port(transport);
  const second = await startSipEnd([], { listen: [{ transport, address: '127.0.0.2', port }] });
  const box = await startSipEnd(['udp'], { lookup });
  const host = `pool.example:${port};transport=${transport}`;
  return {
    box,
    first,
    second,
    host,
    seen: () => [requestsOf(first), requestsOf(second)],
    ask: async ({ method = 'OPTIONS', ...options } = {}) =>
      (await answerTo(await box.srf.request(`sip:x@${host}`, { method, ...options }))).status,
  };
}

function requestsOf({ engine }: SipEnd): number {
  return engine.counters()['requests_received'] ?? 0;
}

it.each(['udp', 'tcp'] as const)(
  'over %s the next server takes what the first one sends away with 503',
  async (transport) => {
    const { box, first, second, ask, seen } = await openPool(transport);
    first.srf.options((_req, res) => res.send(503));
    second.srf.options((_req, res) => res.send(200));
    await expect(ask()).resolves.toBe(200);
    expect(seen()).toEqual([1, 1]);
    expect(box.engine.counters()['requests_tried_elsewhere']).toBe(1);
  },
);

it('what goes there is the same request: Call-ID, From tag and number are kept, the branch is new', async () => {
  const { first, second, ask } = await openPool('udp');
  const heard: string[][] = [];
  const note = (req: TestRequest) =>
    heard.push(['Call-ID', 'From', 'CSeq', 'Via'].map((name) => req.get(name)));
  first.srf.options((req, res) => {
    note(req);
    res.send(503);
  });
  second.srf.options((req, res) => {
    note(req);
    res.send(200);
  });
  await ask();
  expect(heard[1]?.slice(0, 3)).toEqual(heard[0]?.slice(0, 3));
  expect(heard[1]?.[3]).not.toBe(heard[0]?.[3]);
});

it('a server that closes its connection with the 503 is left for the next one all the same', async () => {
  const looked: string[] = [];
  const { box, first, second, ask, seen } = await openPool('tcp', async (name) => {
    looked.push(name);
    if (looked.length > 1)
      await until(() => box.engine.counters()['open_connections'] === 0, 'the connection to be closed');
    return ['127.0.0.1', '127.0.0.2'];
  });
  first.srf.options((req, res) => {
    res.send(503);
    void until(() => first.engine.counters()['responses_sent'] === 1, 'the 503').then(() =>
      first.engine.closeFlow(`in:tcp:127.0.0.1:${req.source_port}`),
    );
  });
  second.srf.options((_req, res) => res.send(200));
  await expect(ask()).resolves.toBe(200);
  expect(seen()).toEqual([1, 1]);
});

it('a domain that prefers UDP may have its next server on TCP', async () => {
  const first = await startSipEnd(['udp']);
  const second = await startSipEnd(['tcp']);
  first.srf.options((_req, res) => res.send(503));
  second.srf.options((_req, res) => res.send(200));
  const ports: Record<string, number> = { udp: first.port('udp'), tcp: second.port('tcp') };
  const named = { order: 1, flags: 's' };
  const box = await startSipEnd(['udp'], {
    lookup: async () => await Promise.resolve(['127.0.0.1']),
    records: {
      naptr: async () =>
        await Promise.resolve([
          { ...named, preference: 1, service: 'SIP+D2U', replacement: 'udp' },
          { ...named, preference: 2, service: 'SIP+D2T', replacement: 'tcp' },
        ]),
      srv: async (name) =>
        await Promise.resolve([{ priority: 1, weight: 1, name: 'host', port: ports[name] ?? 0 }]),
    },
  });
  const answer = await answerTo(await box.srf.request('sip:x@pool.example', { method: 'OPTIONS' }));
  expect(answer.status).toBe(200);
});

it('a server that names a time is left alone for as long', async () => {
  const { first, second, ask, seen } = await openPool('udp');
  first.srf.options((_req, res) => res.send(503, away));
  second.srf.options((_req, res) => res.send(200));
  await ask();
  await expect(ask()).resolves.toBe(200);
  expect(seen()).toEqual([1, 2]);
});

it('when all of them send it away, the application hears the last 503', async () => {
  const { box, first, second, host } = await openPool('tcp');
  first.srf.options((_req, res) => res.send(503));
  second.srf.options((_req, res) => res.send(503, away));
  const answer = await answerTo(await box.srf.request(`sip:x@${host}`, { method: 'OPTIONS' }));
  expect([answer.status, answer.get('Retry-After')]).toEqual([503, '60']);
});

it.each([500, 486, 480])('a %i is an answer, and nobody else is asked', async (status) => {
  const { first, ask, seen } = await openPool('udp');
  first.srf.options((_req, res) => res.send(status));
  await expect(ask()).resolves.toBe(status);
  expect(seen()).toEqual([1, 0]);
});

it('a call that rings somewhere is not taken elsewhere', async () => {
  const { first, ask, seen } = await openPool('udp');
  first.srf.invite((_req, res) => {
    res.send(180);
    res.send(503);
  });
  await expect(ask({ method: 'INVITE' })).resolves.toBe(503);
  expect(seen()[1]).toBe(0);
});

it("a phone's registration moves with its connection, and what the first server still sends over the old one is heard", async () => {
  const { box, first, second, host, ask, seen } = await openPool('tcp');
  const proxy = `sip:${host};flow=phone-1`;
  let isAway = false;
  let phone = '';
  first.srf.register((req, res) => {
    phone = `sip:x@127.0.0.1:${req.source_port};transport=tcp`;
    res.send(isAway ? 503 : 200);
  });
  second.srf.register((_req, res) => res.send(200));
  const flows: string[] = [];
  box.srf.options((req, res) => {
    flows.push(req.get('X-Gatehouse-Flow'));
    res.send(200);
  });
  await expect(ask({ method: 'REGISTER', proxy })).resolves.toBe(200);
  isAway = true;
  await expect(ask({ method: 'REGISTER', proxy })).resolves.toBe(200);
  await expect(ask({ method: 'REGISTER', proxy })).resolves.toBe(200);
  expect(seen()).toEqual([2, 2]);
  const knock = await answerTo(await first.srf.request(phone, { method: 'OPTIONS' }));
  expect(knock.status).toBe(200);
  expect(flows).toEqual(['phone-1']);
  box.engine.closeFlow('phone-1');
  await until(() => first.engine.counters()['open_connections'] === 0, 'the old connection to be closed');
});

it('a connection that is wanted no more before it is open says nothing of the servers', async () => {
  const [asked, found] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { box, first, second, host, ask, seen } = await openPool('tcp', async () => {
    asked.resolve();
    await found.promise;
    return await both('');
  });
  first.srf.options((_req, res) => res.send(503));
  second.srf.options((_req, res) => res.send(200));
  const early = ask({ proxy: `sip:${host};flow=phone-1` });
  await asked.promise;
  box.engine.closeFlow('phone-1');
  found.resolve();
  await expect(early).resolves.toBe(503);
  await expect(ask()).resolves.toBe(200);
  expect(seen()).toEqual([1, 1]);
});
