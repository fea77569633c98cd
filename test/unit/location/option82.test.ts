/** Option 82 as a witness: whom the settings believe, what follows, and what it is worth beside others. */
import { describe, expect, it } from 'vitest';
import { bestEvidence, bookLeases, type Book, type Evidence } from '../../../appliance/location/evidence.ts';
import { leaseEvidence, type TrustedRelay } from '../../../appliance/location/option82.ts';
import { resolvePlacement } from '../../../appliance/location/resolve.ts';
import type { WiremapEntry } from '../../../appliance/location/wiremap.ts';
import type { HeldAddress } from '../../../appliance/store/address-holders.ts';

const phone = '00:15:65:aa:bb:cc';
const ip = '10.20.0.100';
const relay = '10.20.0.1';
const hex = (text: string) => ({ hex: Buffer.from(text).toString('hex'), text });
const circuitId = { hex: '000400140105' };
const remoteId = { hex: '0006001b54aa0001' };
const chassis = '00:1b:54:aa:00:01';

const lease = (more: Partial<HeldAddress>): HeldAddress => ({
  mac: phone,
  ip,
  evidence: 'leased',
  state: 'bound',
  startedAt: 0,
  expiresAt: 1_000_000,
  sent: {},
  ...more,
});
const relayed = lease({ giaddr: relay, circuitId, remoteId });
const snooped = lease({ circuitId, remoteId });

function evidenceOf(held: HeldAddress, ...trusted: TrustedRelay[]): Evidence | undefined {
  const [found] = leaseEvidence({ leaseByMac: new Map([[phone, held]]) }, trusted, 1000);
  return found;
}

describe('whom the settings believe', () => {
  it.each<[string, HeldAddress, TrustedRelay[]]>([
    ['a relay that they name', relayed, [{ relay }]],
    ['the relay for a switch that both name', relayed, [{ relay, remote_id: '001b.54aa.0001' }]],
    ['a snooping switch by its MAC, however spelled', snooped, [{ remote_id: '00-1B-54-AA-00-01' }]],
    ['a snooping switch by its bytes', snooped, [{ remote_id: '0x0006001B54AA0001' }]],
    ['a snooping switch by its name', { ...snooped, remoteId: hex('access-1') }, [{ remote_id: 'access-1' }]],
    ['any of several', snooped, [{ relay }, { remote_id: chassis }]],
  ])('%s', (_title, held, trusted) => {
    expect(evidenceOf(held, ...trusted)).toMatchObject({ mac: phone, source: 'option82', port: '1/5' });
  });

  it.each<[string, HeldAddress, TrustedRelay[]]>([
    ['nobody, where they name nobody', relayed, []],
    ['no other relay', relayed, [{ relay: '10.20.0.2' }]],
    ['no device that writes the option itself', snooped, [{ relay }]],
    ['no device behind another relay that calls itself the switch', relayed, [{ remote_id: chassis }]],
    ['no other switch behind the relay', relayed, [{ relay, remote_id: 'access-1' }]],
    ['no switch without a name', lease({ circuitId }), [{ remote_id: chassis }]],
    ['no name without a port', lease({ remoteId, giaddr: relay }), [{ relay }]],
    ['no entry that names neither', snooped, [{}]],
  ])('%s', (_title, held, trusted) => {
    expect(evidenceOf(held, ...trusted)).toBeUndefined();
  });
});

describe('how the switch is called', () => {
  it('by its remote-id, for Microsoft with dashes', () => {
    expect(evidenceOf(relayed, { relay })).toMatchObject({ chassis, chassisId: '00-1B-54-AA-00-01' });
  });

  it('as the entry calls it, where the remote-id is not what its LLDP says', () => {
    const named = { relay, chassis: '001b54aa0002', name: 'second floor' };
    expect(evidenceOf(relayed, named)).toMatchObject({
      chassis: '00:1b:54:aa:00:02',
      chassisId: '00-1B-54-AA-00-02',
      switchName: 'second floor',
    });
  });

  it("by the relay's address, where there is no remote-id", () => {
    expect(evidenceOf(lease({ giaddr: relay, circuitId }), { relay })).toMatchObject({ chassis: relay });
  });
});

describe('which place follows', () => {
  const wiremap: WiremapEntry[] = [
    { place: 'desk 301', chassis, port: 'Gi1/0/3', circuit_id: '00:04:00:14:01:05' },
    { place: 'desk 302', chassis, port: 'ge-0/0/5' },
    { place: 'desk 303', chassis, circuit_id: 'desk 17' },
    { place: 'desk 304', chassis, port: '1/5' },
    { place: 'floor 3', chassis },
  ];
  const place = (circuit: Pick<HeldAddress, 'circuitId'>) => {
    const found = evidenceOf({ ...relayed, ...circuit }, { relay });
    return resolvePlacement({ mac: phone, ip }, { evidence: found ? [found] : [], wiremap }, 5000);
  };

  it('that of the circuit-id, with what the entry calls the port', () => {
    expect(place({ circuitId })).toMatchObject({
      place: 'desk 301',
      matched: 'port',
      source: 'option82',
      port: 'Gi1/0/3',
      portId: 'Gi1/0/3',
    });
  });

  it('that of the port by any of its spellings', () => {
    expect(place({ circuitId: hex('ge-0/0/5.0:VLAN20') })).toMatchObject({
      place: 'desk 302',
      port: 'ge-0/0/5',
    });
  });

  it("that of the admin's own text on the switch", () => {
    expect(place({ circuitId: { hex: `0107${hex('desk 17').hex}` } })).toMatchObject({
      place: 'desk 303',
      port: 'desk 17',
    });
  });

  it('else that of the whole switch, which an entry for one circuit is not', () => {
    expect(place({ circuitId: { hex: '0003' } })).toMatchObject({
      place: 'floor 3',
      matched: 'chassis',
      port: '0003',
    });
  });

  it('no entry by circuit-id for a port that another witness names', () => {
    const found = evidenceOf(relayed, { relay });
    const { circuitId: _circuit, ...rest } = found as Evidence;
    const snmp = { ...rest, source: 'snmp', port: 'Gi1/0/9', portId: 'Gi1/0/9' } as const;
    expect(resolvePlacement({ mac: phone }, { evidence: [snmp], wiremap }, 1)?.place).toBe('floor 3');
  });
});

describe('what it is worth', () => {
  const option82 = evidenceOf(relayed, { relay }) as Evidence;
  const snmp: Evidence = { ...option82, source: 'snmp', port: 'Gi1/0/3', since: 1 };
  it.each<[string, Evidence, Evidence]>([
    ["less than the switch's own table", snmp, option82],
    [
      "more than a table's uplink, behind which the phone is",
      option82,
      { ...snmp, isUplink: true, since: 9000 },
    ],
    ["more than what the box's own card hears", option82, { ...option82, source: 'lldp', since: 9000 }],
    ['more than a table that no longer has the phone', option82, { ...snmp, lostAt: 2000 }],
  ])('%s', (_title, winner, loser) => {
    expect(bestEvidence([loser, winner])).toBe(winner);
    expect(bestEvidence([winner, loser])).toBe(winner);
  });

  it('a lease on another port replaces it at once, and its end ends it after the grace', () => {
    const book: Book = new Map();
    const look = (now: number, ...held: HeldAddress[]) => {
      const leaseByMac = new Map(held.map((one) => [one.mac, one]));
      bookLeases(book, leaseEvidence({ leaseByMac }, [{ relay }], now), now);
      return bestEvidence([...book.values()]);
    };
    expect(look(1000, relayed)?.port).toBe('1/5');
    expect(look(2000, { ...relayed, circuitId: { hex: '000400140106' } })?.port).toBe('1/6');
    expect(look(3000)).toMatchObject({ port: '1/6', lostAt: 3000 });
  });
});
