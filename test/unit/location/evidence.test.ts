/** Witnesses and what is made of them: which phone a table's row means, which witness wins, which place follows. */
import { describe, expect, it } from 'vitest';
import {
  bestEvidence,
  bookNeighbors,
  bookPlacements,
  bookSwitch,
  conflictingPorts,
  forgetLost,
  graceMs,
  type Book,
  type Evidence,
  type KnownPhones,
} from '../../../appliance/location/evidence.ts';
import type { LocalPort, Remote, SwitchTables } from '../../../appliance/location/lldp-mib.ts';
import { placementChange, resolvePlacement } from '../../../appliance/location/resolve.ts';
import type { LldpId } from '../../../appliance/protocol/lldp-id.ts';
import type { Neighbor } from '../../../appliance/store/neighbors.ts';

const phone = '00:15:65:aa:bb:cc';
const ip = '10.20.0.100';
const nobody: KnownPhones = { ipByMac: new Map(), macByIp: new Map(), leaseByMac: new Map() };
const known: KnownPhones = {
  ...nobody,
  ipByMac: new Map([[phone, ip]]),
  macByIp: new Map([[ip, phone]]),
};

const macId = (subtype: number, mac: string): LldpId => ({
  subtype,
  bytes: Uint8Array.from(Buffer.from(mac.replaceAll(':', ''), 'hex')),
});
const textId = (subtype: number, text: string): LldpId => ({
  subtype,
  bytes: Uint8Array.from(Buffer.from(text)),
});
const ipId = (subtype: number, address: string): LldpId => ({
  subtype,
  bytes: Uint8Array.of(1, ...address.split('.').map(Number)),
});
const port = (name: string): LocalPort => ({ id: textId(5, name), description: `desk ${name}` });
const port1 = port('Gi1/0/1');
const port2 = port('Gi1/0/2');

const remote = (more: Partial<Remote> = {}): Remote => ({
  timeMark: 1,
  localPort: port1,
  chassisId: macId(4, '02:00:00:00:00:99'),
  portId: textId(7, 'WAN'),
  systemName: '',
  isPhone: false,
  isBridge: false,
  addresses: [],
  ...more,
});
const tables = (...remotes: Remote[]): SwitchTables => ({
  chassisId: macId(4, '02:66:00:00:00:02'),
  systemName: 'access-1',
  remotes,
});

function booked(remotes: readonly Remote[], knownPhones = known): Evidence[] {
  const book: Book = new Map();
  bookSwitch(book, { switchName: 'access-1', tables: tables(...remotes), known: knownPhones }, 1000);
  return [...book.values()];
}

describe('which phone a row of the switch means', () => {
  it.each<[string, Partial<Remote>]>([
    ['its port ID is the MAC (Polycom)', { portId: macId(3, phone), chassisId: ipId(5, '192.0.2.1') }],
    ['its chassis ID is the MAC (Yealink)', { chassisId: macId(4, phone) }],
    ['the MAC stands within its port ID (Cisco)', { portId: textId(7, '001565AABBCC:P1') }],
    ['the MAC stands within its name', { systemName: 'SEP001565AABBCC' }],
    ['its chassis ID is the address that it leased', { chassisId: ipId(5, ip) }],
    ['its management address is the one that it leased', { addresses: ['fe80::1', ip] }],
  ])('%s', (_title, more) => {
    expect(booked([remote(more)])).toMatchObject([
      { mac: phone, chassis: '02:66:00:00:00:02', port: 'Gi1/0/1' },
    ]);
  });

  it('a MAC that nobody knows counts only when the device calls itself a telephone', () => {
    const stranger = { chassisId: macId(4, '02:00:00:00:00:77') };
    expect(booked([remote(stranger)], nobody)).toEqual([]);
    expect(booked([remote({ ...stranger, isPhone: true })], nobody)).toMatchObject([
      { mac: '02:00:00:00:00:77' },
    ]);
  });

  it('a PC that is named after no phone is none', () => {
    expect(booked([remote({ systemName: 'pc-17', addresses: ['10.20.0.55'] })])).toEqual([]);
  });

  it("a port is called by its name, and for Microsoft's service by its ID", () => {
    const byMac: LocalPort = { id: macId(3, '02:66:00:00:00:31'), description: 'port3' };
    expect(booked([remote({ chassisId: macId(4, phone), localPort: byMac })])).toMatchObject([
      { port: 'port3', portId: '02-66-00-00-00-31', chassisId: '02-66-00-00-00-02' },
    ]);
  });
});

const on = (localPort: LocalPort) => remote({ chassisId: macId(4, phone), localPort });

const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  mac: phone,
  source: 'snmp',
  chassis: '02:66:00:00:00:02',
  port: 'Gi1/0/1',
  portDescription: 'desk 1',
  chassisId: '02-66-00-00-00-02',
  portId: 'Gi1/0/1',
  switchName: 'access-1',
  isUplink: false,
  timeMark: 1,
  since: 1000,
  ...more,
});

describe('which witness wins', () => {
  it.each<[string, Evidence, Evidence]>([
    [
      'what is there over what is lost',
      evidence({ source: 'lldp' }),
      evidence({ lostAt: 2000, since: 1500 }),
    ],
    ["the switch over the box's own card", evidence(), evidence({ source: 'lldp', since: 9000, port: 'x' })],
    ['an edge port over an uplink', evidence(), evidence({ isUplink: true, since: 9000, port: 'x' })],
    ['the newer over the older', evidence({ since: 2000 }), evidence({ port: 'x' })],
    ["in one poll, the switch's newer row", evidence({ timeMark: 7 }), evidence({ port: 'x' })],
  ])('%s', (_title, winner, loser) => {
    expect(bestEvidence([loser, winner])).toBe(winner);
    expect(bestEvidence([winner, loser])).toBe(winner);
  });
});

it('a phone that was moved is at once on its new port, though the old row is still there', () => {
  const book: Book = new Map();
  const look = (now: number, ...remotes: Remote[]) => {
    bookSwitch(book, { switchName: 'access-1', tables: tables(...remotes), known }, now);
    return bestEvidence([...book.values()])?.port;
  };
  expect(look(1000, on(port1))).toBe('Gi1/0/1');
  expect(look(2000, on(port1), on(port2))).toBe('Gi1/0/2');
  expect(look(3000, on(port2))).toBe('Gi1/0/2');
  expect(look(4000, on(port1), on(port2))).toBe('Gi1/0/1');
});

it('a row that is gone holds for the grace and no longer', () => {
  const book: Book = new Map();
  bookSwitch(
    book,
    { switchName: 'access-1', tables: tables(remote({ chassisId: macId(4, phone) })), known },
    1000,
  );
  bookSwitch(book, { switchName: 'access-1', tables: tables(), known }, 2000);
  forgetLost(book, 2000 + graceMs - 1);
  expect(book.size).toBe(1);
  forgetLost(book, 2000 + graceMs);
  expect(book.size).toBe(0);
});

it('one switch forgetting a phone says nothing about another', () => {
  const book: Book = new Map();
  bookSwitch(
    book,
    { switchName: 'access-1', tables: tables(remote({ chassisId: macId(4, phone) })), known },
    1000,
  );
  bookSwitch(book, { switchName: 'access-2', tables: tables(), known }, 2000);
  expect([...book.values()]).toMatchObject([{ switchName: 'access-1' }]);
  expect([...book.values()][0]).not.toHaveProperty('lostAt');
});

it('placements of before a restart are evidence until their switch speaks, those of a removed switch are not', () => {
  const book: Book = new Map();
  const placement = { mac: phone, source: 'snmp', chassis: 'c', port: 'p', at: 1 } as const;
  bookPlacements(book, [{ ...placement, switchName: 'gone' }], new Set(['access-1']));
  expect(book.size).toBe(0);
  bookPlacements(book, [{ ...placement, switchName: 'access-1' }], new Set(['access-1']));
  expect([...book.values()]).toMatchObject([{ mac: phone, port: 'p', since: 1 }]);
  bookSwitch(book, { switchName: 'access-1', tables: tables(), known }, 5000);
  expect([...book.values()]).toMatchObject([{ lostAt: 5000 }]);
});

it('one MAC on two edge ports for longer than any memory of a move is a conflict', () => {
  const both = [evidence(), evidence({ port: 'Gi1/0/7', since: 5000 })];
  expect(conflictingPorts(both, 100_000)).toEqual([]);
  expect(conflictingPorts(both, 200_000)).toEqual(['access-1 Gi1/0/1', 'access-1 Gi1/0/7']);
  expect(conflictingPorts([evidence(), evidence({ isUplink: true, since: 1 })], 200_000)).toEqual([]);
});

const heard = (more: Partial<Neighbor>): Neighbor => ({
  interface: 'eth0',
  protocol: 'lldp',
  chassisSubtype: 4,
  chassis: phone,
  portSubtype: 3,
  port: phone,
  mac: phone,
  isBridge: false,
  isPhone: true,
  scope: '01:80:c2:00:00:0e',
  firstHeardAt: 0,
  heardAt: 0,
  expiresAt: 100_000,
  ...more,
});
const uplink = heard({
  chassis: 'core',
  chassisSubtype: 7,
  port: 'Gi9',
  portSubtype: 5,
  isBridge: true,
  isPhone: false,
});
const found = (...neighbors: Neighbor[]) => {
  const book: Book = new Map();
  bookNeighbors(book, { neighbors, known }, 1000);
  return [...book.values()];
};

describe("what the box's own card proves", () => {
  it('a managed switch alone locates no phone', () => {
    expect(found(uplink)).toEqual([]);
  });

  it("a phone's LLDP beside one switch puts it behind the box's own port", () => {
    expect(found(uplink, heard({}))).toMatchObject([
      { mac: phone, source: 'lldp', chassis: 'core', port: 'Gi9' },
    ]);
  });

  it('with two switches heard, or none, nothing follows', () => {
    expect(found(heard({}))).toEqual([]);
    expect(found(uplink, { ...uplink, chassis: 'other' }, heard({}))).toEqual([]);
  });

  it("a phone's CDP proves nothing: switches of other makers flood it", () => {
    expect(found(uplink, heard({ protocol: 'cdp' }))).toEqual([]);
  });
});

describe('from evidence to a place', () => {
  const wiremap = [
    { place: 'desk 301', chassis: '02-66-00-00-00-02', port: 'Gi1/0/1' },
    { place: 'floor 3', chassis: '0266.0000.0002' },
    { place: 'site', subnet: '10.0.0.0/8' },
    { place: 'building 2', subnet: '10.20.0.0/16' },
    { place: 'never', port: 'Gi1/0/9' },
  ];
  const place = (found: readonly Evidence[], address: string | undefined = ip) =>
    resolvePlacement({ mac: phone, ip: address }, { evidence: found, wiremap }, 5000);

  it('the port of the wiremap, whatever the spelling of the MAC', () => {
    expect(place([evidence()])).toMatchObject({
      place: 'desk 301',
      matched: 'port',
      source: 'snmp',
      port: 'Gi1/0/1',
    });
  });

  it('the port by its description, where the wiremap names that', () => {
    expect(place([evidence({ port: 'x', portId: 'y', portDescription: 'Gi1/0/1' })])).toMatchObject({
      place: 'desk 301',
    });
  });

  it('else the whole chassis, else the most specific subnet', () => {
    expect(place([evidence({ port: 'Gi1/0/8', portId: 'Gi1/0/8' })])).toMatchObject({
      place: 'floor 3',
      matched: 'chassis',
    });
    expect(place([evidence({ chassis: 'other' })])).toMatchObject({
      place: 'building 2',
      matched: 'subnet',
      source: 'snmp',
    });
    expect(place([])).toEqual({
      mac: phone,
      ip,
      place: 'building 2',
      matched: 'subnet',
      source: 'subnet',
      at: 5000,
    });
  });

  it('a port ID that differs in case is another port, as it is for Microsoft', () => {
    expect(place([evidence({ port: 'gi1/0/1', portId: 'gi1/0/1' })])).toMatchObject({ place: 'floor 3' });
  });

  it('nothing that a device says makes a place: without an entry there is a port and no place', () => {
    expect(place([evidence({ chassis: 'sw', port: 'Office of the CEO' })], '192.168.1.1')).not.toHaveProperty(
      'place',
    );
    expect(place([], '192.168.1.1')).toBeUndefined();
    expect(resolvePlacement({ mac: phone }, { evidence: [], wiremap }, 1)).toBeUndefined();
  });

  it('tells placed, moved, unplaced, and details that are no move', () => {
    const here = place([evidence()]);
    expect(placementChange(undefined, here)).toBe('placed');
    expect(placementChange(here, { ...here, at: 9, mac: phone, source: 'snmp' })).toBe('none');
    expect(placementChange(here, place([evidence()], '10.20.0.7'))).toBe('told');
    expect(placementChange(here, place([evidence({ port: 'Gi1/0/2' })]))).toBe('moved');
    expect(placementChange(here, undefined)).toBe('unplaced');
    expect(placementChange(undefined, undefined)).toBe('none');
  });
});

it('the grace of a row that is gone is no longer when the clock is set back', () => {
  const book: Book = new Map();
  const on = tables(remote({ chassisId: macId(4, phone) }));
  bookSwitch(book, { switchName: 'access-1', tables: on, known }, 10_000_000);
  bookSwitch(book, { switchName: 'access-1', tables: tables(), known }, 10_001_000);
  forgetLost(book, 5000);
  expect(book.size).toBe(1);
  forgetLost(book, 5000 + graceMs);
  expect(book.size).toBe(0);
});
