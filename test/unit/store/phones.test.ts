import { describe, expect, it } from 'vitest';
import type { Posture } from '../../../appliance/store/phone-stage.ts';
import type { PhoneFacts } from '../../../appliance/store/phones.ts';
import {
  binding,
  call,
  configuration,
  ip,
  lease,
  mac,
  minute,
  now,
  other,
  phonesOf,
  placement,
} from '../../support/phone-facts.ts';

const walk: PhoneFacts = {
  leases: [lease()],
  configurations: [configuration()],
  firmwares: [],
  bindings: [binding()],
  placements: [placement()],
  calls: [call()],
  movedBack: [],
  tasks: [],
};

/** Title, what is known, posture, stage. */
const stages: [string, Partial<PhoneFacts>, Posture, string][] = [
  ['a lease that has run out leaves a phone seen', { leases: [lease({ expiresAt: now })] }, 'full', 'seen'],
  ['a released lease leaves a phone seen', { leases: [lease({ state: 'released' })] }, 'full', 'seen'],
  ['a lease makes it leased', { leases: [lease()] }, 'full', 'leased'],
  [
    'our own overlay is no configuration',
    { leases: [lease()], configurations: [configuration({ stage: 0 })] },
    'full',
    'leased',
  ],
  [
    'a refusal is no configuration',
    { leases: [lease()], configurations: [configuration({ status: 403 })] },
    'full',
    'leased',
  ],
  [
    'an answer of the cloud makes it configured',
    { leases: [lease()], configurations: [configuration({ stage: 1 })] },
    'full',
    'configured',
  ],
  [
    'a fixed address needs no lease',
    { configurations: [configuration()], bindings: [binding()] },
    'full',
    'registered',
  ],
  [
    'a late registration still counts',
    { ...walk, calls: [], placements: [], bindings: [binding({ state: 'late' })] },
    'full',
    'registered',
  ],
  [
    'a lost registration does not',
    { ...walk, calls: [], bindings: [binding({ state: 'lost' })] },
    'full',
    'configured',
  ],
  [
    'a registration that has run out upstream does not',
    { ...walk, calls: [], bindings: [binding({ expiresAt: now })] },
    'full',
    'configured',
  ],
  [
    'a place does not hide that it is not registered',
    { ...walk, calls: [], bindings: [] },
    'full',
    'configured',
  ],
  ['a place after registration makes it placed', { ...walk, calls: [] }, 'full', 'placed'],
  ['a call that is up makes it in call', walk, 'full', 'in call'],
  ['a ringing call does not', { ...walk, calls: [call({ state: 'ringing' })] }, 'full', 'placed'],
  [
    'in assist the place follows the lease',
    { leases: [lease()], placements: [placement()] },
    'assist',
    'placed',
  ],
  [
    'in provision the place follows the configuration',
    { leases: [lease()], placements: [placement()] },
    'provision',
    'leased',
  ],
];

describe('the stage of a phone', () => {
  it.each(stages)('%s', (...[, facts, posture, stage]) => {
    expect(phonesOf(facts, posture).map((phone) => phone.stage)).toEqual([stage]);
  });

  it('comes with the time of every step that holds', () => {
    expect(phonesOf(walk)[0]?.reached).toEqual({
      leased: now - minute,
      configured: now - minute,
      registered: now - minute,
      placed: now - minute,
      'in call': now - 1000,
    });
  });
});

const direct = (posture: Posture) => ({
  leases: [lease()],
  configurations: [configuration({ stage: 1, posture, at: now - 10 * minute })],
  placements: [placement()],
});

describe('a phone that goes to the cloud by itself', () => {
  it('after its first request is not waited for: its walk has the steps that the box can see', () => {
    const [phone] = phonesOf(direct('assist'));
    expect(phone).toMatchObject({ stage: 'placed', posture: 'assist' });
    expect(phone?.problem).toMatch(/to the cloud by itself after its first request/);
  });

  it('with its calls only says so', () => {
    const [phone] = phonesOf(direct('provision'));
    expect(phone).toMatchObject({ stage: 'placed', posture: 'provision' });
    expect(phone?.problem).toMatch(/its registration and calls do not/);
  });

  it('is no trouble where the settings want no more', () => {
    const [phone] = phonesOf(direct('provision'), 'provision');
    expect(phone?.posture).toBe('provision');
    expect(phone?.problem).toBeUndefined();
  });

  it('counts as led through the box once it registers here', () => {
    expect(phonesOf({ ...direct('assist'), bindings: [binding()] })[0]).toMatchObject({
      stage: 'placed',
      posture: 'full',
    });
  });
});

describe('the phone list', () => {
  it('joins what every part knows by MAC', () => {
    expect(phonesOf(walk)).toMatchObject([
      {
        mac,
        ip,
        vendor: 'yealink',
        vendorName: 'Yealink',
        model: 'SIP-T46S',
        firmware: '66.86.0.15',
        aor: 'sip:+49301@example.com',
        place: 'room 301',
        switchName: 'first floor',
        port: 'Gi1/0/3',
      },
    ]);
  });

  it('is sorted by MAC and has one row a phone', () => {
    const facts = {
      leases: [
        lease({ mac: other, ip: '10.66.0.101' }),
        lease(),
        lease({ ip: '10.66.0.105', state: 'released' }),
      ],
    };
    expect(phonesOf(facts).map((phone) => [phone.mac, phone.ip])).toEqual([
      [mac, ip],
      [other, '10.66.0.101'],
    ]);
  });

  it('leaves out devices that have shown nothing of a phone', () => {
    const stranger = { mac: '02:00:00:00:00:01', ip: '10.66.0.150' };
    const { vendor: _vendor, ...plainLease } = lease(stranger);
    expect(phonesOf({ leases: [plainLease], placements: [placement(stranger)] })).toEqual([]);
    expect(phonesOf({ leases: [plainLease], bindings: [binding(stranger)] })).toHaveLength(1);
  });

  it('has phones that another server gave their address, and says which they have', () => {
    const relayed = lease({ evidence: 'relayed', server: '10.9.0.1', ackedAt: now - minute });
    expect(phonesOf({ leases: [relayed] })).toMatchObject([{ mac, ip, vendor: 'yealink', stage: 'leased' }]);
    const before = lease({ ip: '10.66.0.90', ackedAt: now - 10 * minute, expiresAt: now + 600 * minute });
    expect(phonesOf({ leases: [relayed, before] })[0]?.ip).toBe(ip);
  });

  it("believes a lease more than a device's own word for who has an address", () => {
    const informed = lease({ mac: other, evidence: 'informed', ackedAt: now });
    const { mac: _mac, ...nameless } = binding();
    const [phone] = phonesOf({ leases: [informed, lease({ ackedAt: now - minute })], bindings: [nameless] });
    expect(phone).toMatchObject({ mac, aor: 'sip:+49301@example.com' });
  });

  it('has no row for a stranger that uses one of our addresses without a lease', () => {
    const stranger = '02:00:00:00:00:99';
    const { vendor: _vendor, ...squatted } = lease({ mac: stranger, inUseBy: stranger, state: 'declined' });
    expect(phonesOf({ leases: [squatted] })).toEqual([]);
  });

  it('says of a phone that does so that it has no lease, and not that it refused one', () => {
    const { vendor: _vendor, ...squatted } = lease({ inUseBy: mac, state: 'declined' });
    expect(phonesOf({ leases: [squatted] })).toMatchObject([
      { mac, ip, stage: 'seen', problem: expect.stringMatching(/^It uses 10\.66\.0\.100 without a lease/) },
    ]);
    const own = lease({ ip: '10.66.0.101' });
    expect(phonesOf({ leases: [squatted, own] })).toMatchObject([{ ip: '10.66.0.101', stage: 'leased' }]);
    expect(phonesOf({ leases: [{ ...squatted, expiresAt: now }] })).toEqual([]);
  });

  it('finds the phone of a registration by its address when SIP did not name it', () => {
    const { mac: _mac, ...nameless } = binding();
    expect(phonesOf({ leases: [lease()], bindings: [nameless] })[0]).toMatchObject({
      mac,
      aor: 'sip:+49301@example.com',
    });
  });

  it('believes the lease that holds, not who had the address before', () => {
    const { mac: _mac, ...nameless } = binding();
    const before = configuration({ mac: other, at: now - 60 * minute });
    const rows = phonesOf({ leases: [lease()], configurations: [before], bindings: [nameless] });
    expect(rows.find((phone) => phone.mac === mac)?.aor).toBeDefined();
    expect(rows.find((phone) => phone.mac === other)?.aor).toBeUndefined();
  });

  it('shows the registration that works when an adapter has several', () => {
    const bindings = [
      binding({ aor: 'sip:1@x', state: 'lost' }),
      binding({ aor: 'sip:2@x' }),
      binding({ aor: 'sip:3@x', state: 'late' }),
    ];
    expect(phonesOf({ leases: [lease()], bindings })[0]?.aor).toBe('sip:2@x');
  });
});

const old = now - 6 * minute;
const { place: _place, ...portOnly } = placement();
/** Title, what is known, words of the problem. */
const problems: [string, Partial<PhoneFacts>, RegExp | undefined][] = [
  ['a phone on its way has none', { leases: [lease()] }, undefined],
  ['a phone that has come all the way has none', walk, undefined],
  [
    'an address in use elsewhere',
    { leases: [lease({ state: 'declined' })] },
    /another device .* uses the same/,
  ],
  [
    'a refused configuration',
    { leases: [lease()], configurations: [configuration({ status: 403 })] },
    /status 403/,
  ],
  [
    'a phone that never asks needs a factory reset',
    { leases: [lease({ startedAt: old })] },
    /factory settings/,
  ],
  [
    'a phone that does not register',
    { leases: [lease()], configurations: [configuration({ at: old })] },
    /does not register/,
  ],
  ['a lost registration', { ...walk, bindings: [binding({ state: 'lost' })] }, /lost/],
  [
    'a lost registration while its registrar is out of reach',
    { ...walk, bindings: [binding({ state: 'lost' })], isRegistrarAway: true },
    /^The cloud is out of reach: phones here can call it, nobody outside can\.$/,
  ],
  [
    'the same of a phone that does not come any more',
    { ...walk, bindings: [binding({ state: 'lost', localExpiresAt: now })], isRegistrarAway: true },
    /lost/,
  ],
  ['a late registration', { ...walk, bindings: [binding({ state: 'late' })] }, /in time/],
  ['a port without a place', { ...walk, placements: [portOnly] }, /add it to location\.wiremap/],
  [
    'a registered phone without a place',
    { ...walk, placements: [], bindings: [binding({ registeredAt: old })] },
    /emergency call .* without a location/,
  ],
];

describe('what keeps a phone from the next step', () => {
  it.each(problems)('%s', (_title, facts, words) => {
    expect(phonesOf(facts)[0]?.problem ?? 'none').toMatch(words ?? /^none$/);
  });
});
