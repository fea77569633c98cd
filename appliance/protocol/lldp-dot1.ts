/** Organisationally specific TLVs of IEEE 802.1 (OUI 00-80-C2): VLANs, link aggregation, data centre bridging (802.1Q annex D). */
import { DecodeError, type ByteReader } from './bytes.ts';
import { cleanText, record, uint16, uint32, uint8, type Fields, type Shape, type Table } from './lldp-tlv.ts';

export const dot1Oui = 0x00_80_c2;

/** One length byte, then so many bytes. */
const shortBytes: Shape<Uint8Array> = {
  read: (reader) => Uint8Array.from(reader.take(reader.uint8())),
  write: (value) => [value.length, ...value],
};

/** A VLAN name has at most 32 bytes. */
const vlanName: Shape<string> = {
  read: (reader) => {
    const length = reader.uint8();
    if (length > 32) throw new DecodeError(`VLAN name of ${length} bytes`, reader.offset);
    return cleanText(reader.take(length));
  },
  write: (value) => {
    const bytes = [...new TextEncoder().encode(value)].slice(0, 32);
    return [bytes.length, ...bytes];
  },
};

const eightBytes: Shape<number[]> = { read: (reader) => [...reader.take(8)], write: (value) => value };

/** Eight 4-bit numbers, by priority. */
const priorities: Shape<number[]> = {
  read: (reader) => Array.from(reader.take(4)).flatMap((byte) => [byte >> 4, byte & 15]),
  write: (value) => [0, 2, 4, 6].map((at) => ((value[at] ?? 0) << 4) | (value[at + 1] ?? 0)),
};

// 1 bit willing, 1 bit credit based shaper, 3 bits reserved, 3 bits traffic classes (ETS); recommendations leave them 0
const ets = record({ flags: uint8, priorities, bandwidthPercent: eightBytes, algorithms: eightBytes });

const mostApplications = 16;

/** One reserved byte, then rows of 3 bits priority, 2 bits reserved, 3 bits selector, 16 bits protocol. */
const applications: Shape<{ priority: number; selector: number; protocol: number }[]> = {
  read: (reader) => {
    reader.skip(1);
    const rows = [];
    while (reader.remaining > 0 && rows.length < mostApplications) rows.push(application(reader));
    return rows;
  },
  write: (rows) => [
    0,
    ...rows.flatMap(({ priority, selector, protocol }) => [
      (priority << 5) | selector,
      ...uint16.write(protocol),
    ]),
  ],
};

function application(reader: ByteReader): { priority: number; selector: number; protocol: number } {
  const first = reader.uint8();
  return { priority: first >> 5, selector: first & 7, protocol: reader.uint16() };
}

export const dot1Table = {
  portVlanId: { type: 1, ...uint16 },
  protocolVlans: { type: 2, most: 16, ...record({ flags: uint8, id: uint16 }) },
  vlanNames: { type: 3, most: 32, ...record({ id: uint16, name: vlanName }) },
  protocolIdentities: { type: 4, most: 16, ...shortBytes },
  vidUsageDigest: { type: 5, ...uint32 },
  managementVlanId: { type: 6, ...uint16 },
  linkAggregation: { type: 7, ...record({ status: uint8, portId: uint32 }) },
  etsConfiguration: { type: 9, ...ets },
  etsRecommendation: { type: 10, ...ets },
  priorityFlowControl: { type: 11, ...record({ flags: uint8, enabled: uint8 }) },
  applications: { type: 12, ...applications },
} as const satisfies Table;

export type Dot1 = Fields<typeof dot1Table>;
