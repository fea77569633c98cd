import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { offerMs, Pool, type Claimant, type PoolAddresses } from '../../../appliance/dhcp/pool.ts';
import type { Tenure } from '../../../appliance/store/leases.ts';

const first = 0x0a_42_00_64;
const now = Date.UTC(2026, 0, 5);
const leaseMs = 3_600_000;

function addresses(size: number, excluded: number[] = []): PoolAddresses {
  return {
    ranges: [{ first, last: first + size - 1 }],
    excluded: new Set(excluded),
    reserved: new Map(),
    maxOffers: 4096,
    countsCircuits: true,
  };
}

/** A client whose MAC no reservation names. */
function claim(client: string, mac = '80:5e:c0:00:00:01'): Claimant {
  return { client, mac };
}

function emptyPool(size: number, excluded: number[] = []): Pool {
  return new Pool(addresses(size, excluded));
}

function row(ip: number, client: string | null, more: Partial<Tenure> = {}): Tenure {
  return {
    ip,
    client,
    mac: '80:5e:c0:00:00:01',
    started_at: now,
    expires_at: now + leaseMs,
    state: 'bound',
    circuit_id: null,
    giaddr: null,
    declines: 0,
    ...more,
  };
}

/** Offers and binds; undefined when the pool is empty. */
function bind(pool: Pool, client: string, at = now): number | undefined {
  const ip = pool.offer(claim(client), undefined, at);
  if (ip !== undefined) pool.save(row(ip, client, { expires_at: at + leaseMs }), at);
  return ip;
}

test('every address is given once, and then none', () => {
  const pool = emptyPool(50);
  const given = Array.from({ length: 50 }, (_, at) => bind(pool, `client ${at}`));
  expect(new Set(given).size).toBe(50);
  expect(bind(pool, 'one more')).toBeUndefined();
  expect(pool.isExhausted(now)).toBe(true);
});

test('an offered address is not offered to somebody else, and an offer not taken ends', () => {
  const pool = emptyPool(1);
  expect(pool.offer(claim('a'), undefined, now)).toBe(first);
  expect(pool.offer(claim('b'), undefined, now)).toBeUndefined();
  expect(pool.offer(claim('a'), undefined, now)).toBe(first);
  expect(pool.offer(claim('b'), undefined, now + offerMs + 1)).toBe(first);
});

test('an address of an offer withdrawn is free at once', () => {
  const pool = emptyPool(1);
  pool.offer(claim('a'), undefined, now);
  pool.withdraw('a', now);
  expect(pool.offer(claim('b'), undefined, now)).toBe(first);
});

describe('a returning phone', () => {
  test('gets its address long after its lease ended', () => {
    const pool = emptyPool(10);
    const ip = bind(pool, 'a');
    bind(pool, 'b');
    expect(pool.offer(claim('a'), undefined, now + 100 * leaseMs)).toBe(ip);
  });

  test('gets the same address from an empty database', () => {
    expect(bind(emptyPool(100), 'a')).toBe(bind(emptyPool(100), 'a'));
  });

  test('gets the address that it asks for when that is free, else another', () => {
    const pool = emptyPool(10);
    expect(pool.offer(claim('a'), first + 7, now)).toBe(first + 7);
    expect(pool.offer(claim('b'), first + 7, now)).not.toBe(first + 7);
    expect(pool.offer(claim('c'), first - 1, now)).toBeDefined();
  });

  test('is offered its own address even when it asks for another', () => {
    const pool = emptyPool(10);
    const ip = bind(pool, 'a') ?? 0;
    const other = ip === first + 5 ? first + 6 : first + 5;
    expect(pool.offer(claim('a'), other, now)).toBe(ip);
  });
});

test('when nothing fresh is left the address whose lease ended first goes to a new client', () => {
  const pool = emptyPool(3);
  const given = ['a', 'b', 'c'].map((client, at) => bind(pool, client, now + at * 1000));
  expect(pool.offer(claim('d'), undefined, now + leaseMs - 1)).toBeUndefined();
  expect(pool.offer(claim('d'), undefined, now + leaseMs + 500)).toBe(given[0]);
});

test('an ended lease is found behind longer ones given before it', () => {
  const pool = emptyPool(2);
  pool.save(row(first, 'long', { expires_at: now + 100 * leaseMs }), now);
  pool.save(row(first + 1, 'short', { expires_at: now + 1000 }), now);
  expect(pool.offer(claim('new'), undefined, now + 2000)).toBe(first + 1);
});

test('a declined address goes to nobody until its probation ends', () => {
  const pool = emptyPool(1);
  pool.save(row(first, null, { state: 'declined', expires_at: now + 1000 }), now);
  expect(pool.offer(claim('a'), undefined, now)).toBeUndefined();
  expect(pool.isOpenTo(first, claim('a'), now)).toBe(false);
  expect(pool.offer(claim('a'), undefined, now + 1001)).toBe(first);
});

test('the box, its network and routers inside the pool are never given', () => {
  const pool = emptyPool(3, [first, first + 2]);
  expect(pool.offer(claim('a'), first, now)).toBe(first + 1);
  expect(pool.offer(claim('b'), first + 2, now)).toBeUndefined();
  expect(pool.isOpenTo(first, claim('a'), now)).toBe(false);
});

test('a new address ends what the client had before', () => {
  const pool = emptyPool(2);
  pool.save(row(first, 'a'), now);
  pool.save(row(first + 1, 'a'), now);
  expect(pool.leaseAt(first)).toBeUndefined();
  expect(pool.offer(claim('b'), undefined, now)).toBe(first);
});

test('a client whose ended address was offered to another has the new one only', () => {
  const pool = emptyPool(4);
  const before = bind(pool, 'e');
  const later = now + leaseMs;
  expect(pool.offer(claim('a'), before, later)).toBe(before);
  const after = bind(pool, 'e', later);
  expect(after).not.toBe(before);
  const ofClient = [0, 1, 2, 3].filter((at) => pool.leaseAt(first + at)?.client === 'e');
  expect(ofClient.map((at) => first + at)).toEqual([after]);
});

test('what could not be committed is undone', () => {
  const pool = emptyPool(2);
  pool.save(row(first, 'a'), now);
  const undo = pool.save(row(first + 1, 'a'), now);
  undo();
  expect(pool.leaseAt(first)?.client).toBe('a');
  expect(pool.leaseAt(first + 1)).toBeUndefined();
  expect(pool.offer(claim('a'), undefined, now)).toBe(first);
});

test('leases of a database come back, those outside the pool left alone', () => {
  const rows = [row(first, 'a'), row(first + 1, 'b', { expires_at: now - 1 }), row(first + 500, 'c')];
  const pool = emptyPool(10);
  for (const known of rows) pool.remember(known, now);
  expect(pool.bound).toBe(1);
  expect(pool.offer(claim('a'), undefined, now)).toBe(first);
  expect(pool.offer(claim('b'), undefined, now)).toBe(first + 1);
  expect(pool.leaseAt(first + 500)).toBeUndefined();
});

test('a lease held and running is never open to another, whatever clients do', () => {
  const steps = fc.array(
    fc.record({
      client: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      what: fc.constantFrom('offer', 'take', 'release', 'decline', 'undo', 'wait'),
      wanted: fc.option(fc.integer({ min: first, max: first + 4 }), { nil: undefined }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (done) => {
      const pool = emptyPool(4);
      let time = now;
      for (const { client, what, wanted } of done) {
        if (what === 'wait') time += leaseMs / 3;
        const ip =
          what === 'offer' || what === 'take'
            ? pool.offer(claim(client), wanted, time)
            : pool.leaseOf(client)?.ip;
        if (ip === undefined || what === 'offer' || what === 'wait') continue;
        if (what === 'take' || what === 'undo') {
          const undo = pool.save(row(ip, client, { expires_at: time + leaseMs }), time);
          if (what === 'undo') undo();
        }
        if (what === 'release') pool.save(row(ip, client, { state: 'released', expires_at: time }), time);
        if (what === 'decline')
          pool.save(row(ip, null, { state: 'declined', expires_at: time + leaseMs }), time);
        const held = [0, 1, 2, 3]
          .map((at) => pool.leaseAt(first + at))
          .filter((lease) => lease?.state === 'bound');
        const clients = held.map((lease) => lease?.client);
        expect(new Set(clients).size).toBe(clients.length);
        for (const lease of held) {
          if (lease === undefined || lease.expires_at <= time) continue;
          const others = ['a', 'b', 'c', 'd', 'e', 'f'].filter((other) => other !== lease.client);
          expect(others.filter((other) => pool.isOpenTo(lease.ip, claim(other), time))).toEqual([]);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('the last addresses of a pool of 100,000 are given as easily as the first', () => {
  const pool = emptyPool(100_000);
  // A search for each would make five thousand million steps, and the test's own limit ends it.
  for (let at = 0; at < 100_000; at += 1) bind(pool, `client ${at}`);
  expect(pool.bound).toBe(100_000);
  expect(pool.free).toBe(0);
});
