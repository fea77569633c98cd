/** The 49 crafted frames of sample 10, each with what it deserves, through the same door as frames from the wire. */
import { describe, expect, it } from 'vitest';
import { decodeNeighborFrame, type Heard } from '../../../appliance/location/frames.ts';
import { hear, newNeighborTable } from '../../../appliance/location/neighbors.ts';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeEthernet } from '../../../appliance/protocol/ethernet.ts';
import { decodeLldp, type Lldpdu } from '../../../appliance/protocol/lldp.ts';
import type { Notes } from '../../../appliance/protocol/lldp-tlv.ts';
import { framesOf, readFixture } from '../../support/lldp-captures.ts';

const frames = framesOf('10-malformed-and-edge.pcap');
const expectations = readFixture('10-malformed-and-edge.expect.json') as {
  frame: number;
  name: string;
  expect: string;
}[];

/** What a frame that is not discarded must show. */
interface Shown {
  readonly heard?: Partial<Omit<Heard, 'neighbor'>> & { neighbor?: object };
  readonly lldpdu?: (lldpdu: Lldpdu) => void;
  readonly notes?: Partial<Notes>;
}

const clean: Partial<Notes> = { malformed: 0, surplus: 0, unknown: 0, unfinished: false };
const droppedTlv: Shown = { notes: { malformed: 1, unfinished: false } };

const judgements: Record<string, Shown | 'discarded'> = {
  'ok-minimal': { notes: clean, heard: { neighbor: { chassis: '02:00:00:00:00:aa', port: 'Gi1/0/1' } } },
  'ttl0-shutdown': { notes: clean, heard: { ttlSeconds: 0 } },
  'ttl-65535': { notes: clean, heard: { ttlSeconds: 65_535 } },
  'no-end-tlv': { notes: { ...clean, unfinished: true } },
  'end-nonzero-len': { notes: clean },
  'trailing-padding': { notes: clean },
  'trailing-garbage': { notes: clean },
  'missing-ttl': 'discarded',
  'missing-port': 'discarded',
  'wrong-order': 'discarded',
  'dup-chassis': 'discarded',
  'dup-ttl': 'discarded',
  'dup-sysname': { notes: { surplus: 1 }, heard: { neighbor: { systemName: 'a' } } },
  'chassis-len0': 'discarded',
  'chassis-len1': 'discarded',
  'chassis-mac-5bytes': 'discarded',
  'chassis-256': { notes: clean, heard: { neighbor: { chassis: 'A'.repeat(255) } } },
  'chassis-300': 'discarded',
  'ttl-len1': 'discarded',
  'tlv-overrun': { notes: { unfinished: true } },
  'sysname-511': { heard: { neighbor: { systemName: 'S'.repeat(255) } } },
  'sysname-nul-ctrl': { heard: { neighbor: { systemName: 'a\uFFFDb\uFFFD[31mX\uFFFD\uFFFDInjected: 1' } } },
  'sysname-html': { heard: { neighbor: { systemName: '<img src=x onerror=alert(1)>' } } },
  'sysname-badutf8': { heard: { neighbor: { systemName: '\uFFFD\uFFFD\uFFFD(' } } },
  'mgmt-len0': { ...droppedTlv, lldpdu: (lldpdu) => expect(lldpdu.managementAddresses).toBeUndefined() },
  'mgmt-addrlen-overrun': {
    ...droppedTlv,
    lldpdu: (lldpdu) => expect(lldpdu.managementAddresses).toBeUndefined(),
  },
  'mgmt-oid-overrun': {
    heard: { neighbor: { managementAddress: '10.0.0.1' } },
    lldpdu: (lldpdu) => expect(lldpdu.managementAddresses?.[0]?.oid).toHaveLength(0),
  },
  'mgmt-x40': {
    notes: { surplus: 24 },
    lldpdu: (lldpdu) => expect(lldpdu.managementAddresses).toHaveLength(16),
  },
  'org-len3': droppedTlv,
  'med-civic-overrun-lcilen': {
    lldpdu: (lldpdu) => expect(civic(lldpdu)).toEqual([{ type: 1, value: 'WA' }]),
  },
  'med-civic-ca-overrun': { lldpdu: (lldpdu) => expect(civic(lldpdu)).toEqual([{ type: 1, value: 'WA' }]) },
  'med-civic-short': { ...droppedTlv, lldpdu: (lldpdu) => expect(lldpdu.med?.locations).toBeUndefined() },
  'med-lci-15': { ...droppedTlv, lldpdu: (lldpdu) => expect(lldpdu.med?.locations).toBeUndefined() },
  'med-elin-empty': { ...droppedTlv, lldpdu: (lldpdu) => expect(lldpdu.med?.locations).toBeUndefined() },
  'med-policy-short': {
    ...droppedTlv,
    lldpdu: (lldpdu) => expect(lldpdu.med?.networkPolicies).toBeUndefined(),
  },
  'med-inv-33': { lldpdu: (lldpdu) => expect(lldpdu.med?.model).toBe('M'.repeat(32)) },
  'dot1-vlanname-overrun': {
    ...droppedTlv,
    lldpdu: (lldpdu) => expect(lldpdu.dot1?.vlanNames).toBeUndefined(),
  },
  'dot3-mdi-len2': { ...droppedTlv, lldpdu: (lldpdu) => expect(lldpdu.dot3?.mdiPower).toBeUndefined() },
  '1000-tlvs': { notes: { unfinished: true, unknown: 125 } },
  'unknown-reserved-tlv': { notes: { unknown: 1 } },
  'empty-pdu': 'discarded',
  'only-end': 'discarded',
  'one-byte': 'discarded',
  'port-mac-phone': {
    heard: { neighbor: { chassis: '192.0.2.10', port: '00:04:f2:01:02:03', mac: '00:04:f2:01:02:03' } },
  },
  'port-local-cisco': {
    heard: { neighbor: { chassis: '192.0.2.11', port: '001B54945A8B:P1', mac: '00:1b:54:94:5a:8b' } },
  },
  'vlan50-tagged': { notes: clean, heard: { neighbor: { vlan: 50 } } },
  'dst-nearest-nontpmr': { heard: { neighbor: { scope: '01:80:c2:00:00:03' } } },
  'dst-nearest-customer-bridge': { heard: { neighbor: { scope: '01:80:c2:00:00:00' } } },
  'dst-broadcast': 'discarded',
};

const isDiscarded = ({ name }: { name: string }) => judgements[name] === 'discarded';

/** Counted from 1, as in the expectations. */
function bytesOf(frame: number): Uint8Array {
  return frames[frame - 1] ?? new Uint8Array(0);
}

function civic(lldpdu: Lldpdu): unknown {
  const [location] = lldpdu.med?.locations ?? [];
  return location?.format === 'civic' ? location.elements : location;
}

describe('sample 10', () => {
  it('has a judgement for each of its frames', () => {
    expect(expectations.map(({ name }) => name)).toEqual(Object.keys(judgements));
    expect(frames).toHaveLength(expectations.length);
  });

  it.each(expectations.filter(isDiscarded))('frame $frame, $name: $expect', ({ frame }) => {
    expect(() => decodeNeighborFrame(bytesOf(frame))).toThrow(DecodeError);
  });

  it.each(expectations.filter((each) => !isDiscarded(each)))(
    'frame $frame, $name: $expect',
    ({ frame, name }) => {
      const { heard = {}, notes = {}, lldpdu } = judgements[name] as Shown;
      const decoded = decodeLldp(decodeEthernet(bytesOf(frame)).payload);
      expect(decodeNeighborFrame(bytesOf(frame))).toMatchObject(heard);
      expect(decoded.notes).toMatchObject(notes);
      lldpdu?.(decoded.lldpdu);
    },
  );

  it('a TTL of 18 hours is held for eight minutes at most, and a TTL of 0 ends the neighbour at once', () => {
    const table = newNeighborTable('eth0');
    expect(hear(table, decodeNeighborFrame(bytesOf(3)), 1000)).toMatchObject({
      kind: 'appeared',
      neighbor: { expiresAt: 481_000 },
    });
    expect(hear(table, decodeNeighborFrame(bytesOf(2)), 2000).kind).toBe('left');
    expect(table.byKey.size).toBe(0);
  });
});
