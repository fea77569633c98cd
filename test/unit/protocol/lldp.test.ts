/** LLDP data units in both directions: written out by hand, and by chance. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLldp, encodeLldp, type Lldpdu } from '../../../appliance/protocol/lldp.ts';
import type { MedLocation } from '../../../appliance/protocol/lldp-med-location.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const text = (value: string) => Uint8Array.from(Buffer.from(value));
const chassisId = { subtype: 4, bytes: bytes('0200000000aa') };
const portId = { subtype: 5, bytes: text('Gi1/0/1') };
const base = { chassisId, portId, ttlSeconds: 120 };
const head = '0207 04 0200000000aa 0408 05 4769312f302f31 0602 0078';

const rows: [title: string, lldpdu: Lldpdu, hex: string][] = [
  ['the three mandatory TLVs', base, `${head} 0000`],
  ['a goodbye', { ...base, ttlSeconds: 0 }, '0207 04 0200000000aa 0408 05 4769312f302f31 0602 0000 0000'],
  [
    'a phone that is known by its address and its port by its MAC',
    {
      chassisId: { subtype: 5, bytes: bytes('01 c000020a') },
      portId: { subtype: 3, bytes: bytes('0004f2010203') },
      ttlSeconds: 120,
    },
    '0206 05 01c000020a 0407 03 0004f2010203 0602 0078 0000',
  ],
  [
    'names, capabilities and a management address with its object identifier',
    {
      ...base,
      portDescription: 'Desk 1',
      systemName: 'sw1',
      systemDescription: 'Lab',
      capabilities: { supported: 0x9c, enabled: 0x04 },
      managementAddresses: [
        { family: 1, bytes: bytes('c6336401'), interfaceSubtype: 2, interfaceNumber: 2, oid: bytes('2b06') },
      ],
    },
    `${head} 0806 4465736b2031 0a03 737731 0c03 4c6162 0e04 009c0004 100e 05 01 c6336401 02 00000002 02 2b06 0000`,
  ],
  [
    'what a switch says of VLANs',
    {
      ...base,
      dot1: {
        portVlanId: 10,
        protocolVlans: [{ flags: 6, id: 50 }],
        vlanNames: [{ id: 50, name: 'voice' }],
        protocolIdentities: [bytes('88cc')],
        vidUsageDigest: 0xdead_beef,
        managementVlanId: 99,
        linkAggregation: { status: 3, portId: 7 },
      },
    },
    `${head} fe06 0080c2 01 000a fe07 0080c2 02 06 0032 fe0c 0080c2 03 0032 05 766f696365 fe07 0080c2 04 02 88cc
     fe08 0080c2 05 deadbeef fe06 0080c2 06 0063 fe09 0080c2 07 03 00000007 0000`,
  ],
  [
    'data centre bridging',
    {
      ...base,
      dot1: {
        etsConfiguration: {
          flags: 0x83,
          priorities: [0, 1, 2, 3, 4, 5, 6, 7],
          bandwidthPercent: [50, 50, 0, 0, 0, 0, 0, 0],
          algorithms: [2, 2, 0, 0, 0, 0, 0, 0],
        },
        priorityFlowControl: { flags: 0x88, enabled: 8 },
        applications: [{ priority: 3, selector: 1, protocol: 0x8906 }],
      },
    },
    `${head} fe19 0080c2 09 83 01234567 3232000000000000 0202000000000000 fe06 0080c2 0b 88 08 fe08 0080c2 0c 00 61 8906 0000`,
  ],
  [
    'what a switch says of its port, with the power of 802.3bt',
    {
      ...base,
      dot3: {
        macPhy: { autoNegotiation: 3, advertised: 0x6c01, mauType: 30 },
        mdiPower: {
          support: 7,
          pair: 1,
          powerClass: 5,
          at: { typeSourcePriority: 0x52, requested: 129, allocated: 129 },
          bt: {
            requestedA: 1,
            requestedB: 2,
            allocatedA: 3,
            allocatedB: 4,
            status: 5,
            systemSetup: 6,
            maxAvailable: 7,
            autoclass: 8,
            powerDownHigh: 9,
            powerDownLow: 10,
          },
        },
        maxFrameSize: 1522,
        energyEfficiency: { transmit: 17, receive: 17, fallback: 17, echoTransmit: 17, echoReceive: 17 },
      },
    },
    `${head} fe09 00120f 01 03 6c01 001e fe1d 00120f 02 07 01 05 52 0081 0081 0001 0002 0003 0004 0005 06 0007 08 09 000a
     fe06 00120f 04 05f2 fe0e 00120f 05 0011 0011 0011 0011 0011 0000`,
  ],
  [
    'what a phone says of itself and of its voice VLAN',
    {
      ...base,
      med: {
        capabilities: { capabilities: 0x3f, class: 3 },
        networkPolicies: [
          { application: 1, isUnknown: false, isTagged: true, vlanId: 50, priority: 5, dscp: 46 },
        ],
        extendedPower: { type: 1, source: 1, priority: 2, power: 65 },
        hardwareRevision: '96.0',
        manufacturer: 'Yealink',
        assetId: 'RM301',
      },
    },
    `${head} fe07 0012bb 01 003f 03 fe08 0012bb 02 01 40 65 6e fe07 0012bb 04 52 0041 fe08 0012bb 05 39362e30
     fe0b 0012bb 09 5965616c696e6b fe09 0012bb 0b 524d333031 0000`,
  ],
  [
    'three locations: coordinates, civic address, number to call back',
    {
      ...base,
      med: {
        locations: [
          {
            format: 'coordinate',
            latitudeDegrees: 47.5,
            latitudeResolution: 34,
            longitudeDegrees: -122.25,
            longitudeResolution: 34,
            altitudeType: 1,
            altitude: 30.5,
            altitudeResolution: 30,
            datum: 1,
          },
          {
            format: 'civic',
            what: 2,
            country: 'US',
            elements: [
              { type: 1, value: 'WA' },
              { type: 27, value: '3' },
            ],
          },
          { format: 'elin', elin: '14255550100' },
        ],
      },
    },
    `${head} fe15 0012bb 03 01 885f000000 8b0b800000 1780001e80 01 fe10 0012bb 03 02 0a 02 5553 01 02 5741 1b 01 33
     fe10 0012bb 03 03 3134323535353530313030 0000`,
  ],
  [
    'a TLV of an organisation that we do not look into',
    { ...base, others: [{ oui: 0x00_01_42, subtype: 1, bytes: bytes('0102') }] },
    `${head} fe06 000142 01 0102 0000`,
  ],
];

describe('both directions', () => {
  it.each(rows)('%s', (_title, lldpdu, hex) => {
    expect(Buffer.from(encodeLldp(lldpdu)).toString('hex')).toBe(hex.replaceAll(/\s/g, ''));
    const { lldpdu: decoded, notes } = decodeLldp(bytes(hex));
    expect(decoded).toEqual(lldpdu);
    expect(notes).toEqual({ malformed: 0, surplus: 0, unknown: 0, unfinished: false });
  });
});

const word = (most: number) =>
  fc.stringMatching(/^[ -~]*$/, { maxLength: most }).map((value) => value.slice(0, most));
const u8 = fc.nat(255);
const u16 = fc.nat(0xff_ff);
const u32 = fc.nat(0xff_ff_ff_ff);
const idBytes = fc.uint8Array({ minLength: 1, maxLength: 255 });
const fraction = (bits: number, point: number) =>
  fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }).map((value) => value / 2 ** point);
const location: fc.Arbitrary<MedLocation> = fc.oneof(
  fc.record({
    format: fc.constant('coordinate' as const),
    latitudeDegrees: fraction(34, 25),
    latitudeResolution: fc.nat(63),
    longitudeDegrees: fraction(34, 25),
    longitudeResolution: fc.nat(63),
    altitudeType: fc.nat(15),
    altitude: fraction(30, 8),
    altitudeResolution: fc.nat(63),
    datum: u8,
  }),
  fc.record({
    format: fc.constant('civic' as const),
    what: u8,
    country: fc.constantFrom('US', 'DE', 'GB'),
    elements: fc.array(fc.record({ type: u8, value: word(20) }), { maxLength: 8 }),
  }),
  fc.record({ format: fc.constant('elin' as const), elin: word(25).filter((value) => value !== '') }),
);
const anyLldpdu: fc.Arbitrary<Lldpdu> = fc.record(
  {
    chassisId: fc.oneof(
      fc.record({ subtype: fc.constant(4), bytes: fc.uint8Array({ minLength: 6, maxLength: 6 }) }),
      fc.record({ subtype: fc.constantFrom(1, 2, 3, 6, 7), bytes: idBytes }),
    ),
    portId: fc.record({ subtype: fc.constantFrom(1, 2, 5, 6, 7), bytes: idBytes }),
    ttlSeconds: u16,
    portDescription: word(255),
    systemName: word(255),
    systemDescription: word(255),
    capabilities: fc.record({ supported: u16, enabled: u16 }),
    managementAddresses: fc.array(
      fc.record({
        family: fc.constant(1),
        bytes: fc.uint8Array({ minLength: 4, maxLength: 4 }),
        interfaceSubtype: u8,
        interfaceNumber: u32,
        oid: fc.uint8Array({ maxLength: 128 }),
      }),
      { minLength: 1, maxLength: 16 },
    ),
    med: fc.record(
      {
        capabilities: fc.record({ capabilities: u16, class: u8 }),
        networkPolicies: fc.array(
          fc.record({
            application: u8,
            isUnknown: fc.boolean(),
            isTagged: fc.boolean(),
            vlanId: fc.nat(4095),
            priority: fc.nat(7),
            dscp: fc.nat(63),
          }),
          { minLength: 1, maxLength: 16 },
        ),
        locations: fc.array(location, { minLength: 1, maxLength: 3 }),
        extendedPower: fc.record({ type: fc.nat(3), source: fc.nat(3), priority: fc.nat(15), power: u16 }),
        model: word(32).filter((value) => value !== ''),
      },
      { requiredKeys: ['capabilities'] },
    ),
    others: fc.array(
      fc.record({ oui: fc.constant(0x00_01_42), subtype: u8, bytes: fc.uint8Array({ maxLength: 507 }) }),
      {
        minLength: 1,
        maxLength: 32,
      },
    ),
  },
  { requiredKeys: ['chassisId', 'portId', 'ttlSeconds'] },
);

it('whatever is written is read again as it was', () => {
  fc.assert(
    fc.property(anyLldpdu, (lldpdu) => {
      expect(decodeLldp(encodeLldp(lldpdu)).lldpdu).toEqual(lldpdu);
    }),
    { numRuns: 400 },
  );
});
