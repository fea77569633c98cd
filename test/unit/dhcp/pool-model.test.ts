import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pool, type Undo } from '../../../appliance/dhcp/pool.ts';
import type { LeaseState, Tenure } from '../../../appliance/store/leases.ts';

const first = 0x0a_42_00_64;
const size = 6;
const ips = Array.from({ length: size }, (_, at) => first + at);
const clients = ['80:5e:c0:00:00:01', '80:5e:c0:00:00:02', '80:5e:c0:00:00:03', 'ff00000001'];
const circuits = [null, 'aa01', 'aa02'];
const relays = [null, 0x0a_42_ff_02];
const begin = Date.UTC(2026, 0, 5);

/** What must be known: whole leases in a plain map. */
interface Known {
  readonly leases: Map<number, Tenure>;
  now: number;
  /** Addresses that were offered although somebody had them. */
  readonly stolen: number[];
}

type Step = fc.Command<Known, Pool>;

const lease = fc.record({
  ip: fc.constantFrom(...ips),
  client: fc.option(fc.constantFrom(...clients)),
  mac: fc.constantFrom(...clients.slice(0, 3), '80:5e:c0:00:00:99'),
  lasts: fc.integer({ min: 0, max: 5000 }),
  isReleased: fc.boolean(),
  circuit_id: fc.constantFrom(...circuits),
  giaddr: fc.constantFrom(...relays),
  declines: fc.integer({ min: 0, max: 40 }),
});

type Drawn = typeof lease extends fc.Arbitrary<infer T> ? T : never;

function tenureOf({ lasts, isReleased, ...drawn }: Drawn, now: number): Tenure {
  const running: LeaseState = drawn.client === null ? 'declined' : 'bound';
  const state = isReleased && drawn.client !== null ? 'released' : running;
  // Without a circuit nobody asks which relay it was.
  const giaddr = drawn.circuit_id === null ? null : drawn.giaddr;
  return { ...drawn, giaddr, state, started_at: now, expires_at: now + lasts };
}

function saved(leases: Map<number, Tenure>, tenure: Tenure): void {
  for (const [ip, { client }] of leases) if (client !== null && client === tenure.client) leases.delete(ip);
  leases.set(tenure.ip, tenure);
}

const circuitsAndRelays = circuits
  .slice(1)
  .flatMap((circuit_id) => relays.map((giaddr) => ({ circuit_id, giaddr })));

function answersOf(pool: Pool, { leases, now }: Known) {
  const bound = [...leases.values()].filter(({ state }) => state === 'bound');
  return {
    byAddress: ips.map((ip) => pool.leaseAt(ip)),
    byClient: clients.map((client) => pool.leaseOf(client)),
    miscounted: circuitsAndRelays.filter((circuit) => {
      const count = pool.countOnCircuit(circuit, now);
      const there = bound.filter(
        ({ circuit_id, giaddr }) => circuit_id === circuit.circuit_id && giaddr === circuit.giaddr,
      );
      const running = there.filter(({ expires_at }) => expires_at > now);
      // One that ended while its client was offered it again still counts.
      return count < running.length || count > there.length;
    }),
  };
}

function answersFrom({ leases }: Known): Omit<ReturnType<typeof answersOf>, 'miscounted'> {
  const all = [...leases.values()];
  return {
    byAddress: ips.map((ip) => leases.get(ip)),
    byClient: clients.map((client) => all.find((known) => known.client === client)),
  };
}

const step = (name: string, act: (known: Known, pool: Pool) => void) => ({ name, act });

const steps = [
  lease.map((drawn) =>
    step(`save ${JSON.stringify(drawn)}`, (known, pool) => {
      const tenure = tenureOf(drawn, known.now);
      pool.save(tenure, known.now);
      saved(known.leases, tenure);
    }),
  ),
  fc.array(lease, { minLength: 1, maxLength: 3 }).map((drawn) =>
    step(`save and undo ${JSON.stringify(drawn)}`, ({ now }, pool) => {
      const undos: Undo[] = drawn.map((one) => pool.save(tenureOf(one, now), now));
      for (const undo of undos.toReversed()) undo();
    }),
  ),
  fc
    .record({ client: fc.constantFrom(...clients), wanted: fc.option(fc.constantFrom(...ips)) })
    .map(({ client, wanted }) =>
      step(`offer ${client} ${wanted}`, ({ leases, now, stolen }, pool) => {
        const ip = pool.offer({ client, mac: client }, wanted ?? undefined, now);
        if (ip === undefined) return;
        const holder = leases.get(ip);
        const isOthers = holder !== undefined && holder.client !== client && holder.state !== 'released';
        if (isOthers && holder.expires_at > now) stolen.push(ip);
        for (const [own, known] of leases) if (known.client === client && own !== ip) leases.delete(own);
      }),
    ),
  fc
    .constantFrom(...clients)
    .map((client) => step(`withdraw ${client}`, ({ now }, pool) => pool.withdraw(client, now))),
  fc.integer({ min: 1, max: 70_000 }).map((ms) => step(`wait ${ms}`, (known) => void (known.now += ms))),
  fc.integer({ min: -9000, max: 9000 }).map((ms) =>
    step(`clock set by ${ms}`, (known, pool) => {
      pool.shift(ms);
      known.now += ms;
      for (const [ip, { started_at, expires_at, ...rest }] of known.leases) {
        known.leases.set(ip, { ...rest, started_at: started_at + ms, expires_at: expires_at + ms });
      }
    }),
  ),
];

test('the pool knows of every lease what a plain list of leases knows, whatever happens', () => {
  const checked = steps.map((drawn) =>
    drawn.map(({ name, act }): Step => ({
      check: () => true,
      run: (known, pool) => {
        act(known, pool);
        expect(answersOf(pool, known)).toEqual({ ...answersFrom(known), miscounted: [] });
        expect(known.stolen).toEqual([]);
      },
      toString: () => name,
    })),
  );
  fc.assert(
    fc.property(fc.commands(checked, { maxCommands: 40 }), (commands) => {
      fc.modelRun(
        () => ({ model: { leases: new Map(), now: begin, stolen: [] }, real: newPool() }),
        commands,
      );
    }),
    { numRuns: 1000 },
  );
});

function newPool(): Pool {
  return new Pool({
    ranges: [{ first, last: first + size - 1 }],
    excluded: new Set(),
    reserved: new Map([[clients[1] ?? '', first + 5]]),
    maxOffers: 3,
    countsCircuits: true,
  });
}
