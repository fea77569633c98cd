/** LLDP data units (IEEE 802.1AB-2016 section 8): what a neighbour says of itself. */
import { ByteReader, DecodeError } from './bytes.ts';
import { dot1Oui, dot1Table, type Dot1 } from './lldp-dot1.ts';
import { dot3Oui, dot3Table, type Dot3 } from './lldp-dot3.ts';
import { checkId, checkNetworkAddress, type LldpId } from './lldp-id.ts';
import { medOui, medTable, type Med } from './lldp-med.ts';
import { opaque, readField, record, text, uint16, uint32, writeFields } from './lldp-tlv.ts';
import type { Fields, Notes, Shape, Table } from './lldp-tlv.ts';

export const lldpEtherType = 0x88_cc;

/** The three scopes of 802.1AB table 7-1; an LLDPDU to any other address is not one. */
export const lldpDestinations = {
  '01:80:c2:00:00:0e': 'nearest bridge',
  '01:80:c2:00:00:03': 'nearest non-TPMR bridge',
  '01:80:c2:00:00:00': 'nearest customer bridge',
} as const;

export interface ManagementAddress {
  /** IANA address family: 1 IPv4, 2 IPv6. */
  readonly family: number;
  readonly bytes: Uint8Array;
  /** 1 unknown, 2 ifIndex, 3 system port. */
  readonly interfaceSubtype: number;
  readonly interfaceNumber: number;
  /** BER, as sent; empty when none. */
  readonly oid: Uint8Array;
}

/** A TLV of an organisation that we don't look into (Cisco, Avaya, MUD …). */
export interface OtherTlv {
  readonly oui: number;
  readonly subtype: number;
  readonly bytes: Uint8Array;
}

/** Bits of 802.1AB table 8-4. */
export const telephoneCapability = 0x00_20;
export const bridgeCapability = 0x00_04;

const managementAddress: Shape<ManagementAddress> = {
  read: (reader) => {
    const length = reader.uint8();
    const family = reader.uint8();
    checkNetworkAddress(family, length - 1);
    const bytes = Uint8Array.from(reader.take(length - 1));
    const [interfaceSubtype, interfaceNumber] = [reader.uint8(), reader.uint32()];
    // A broken object identifier costs only itself: the address before it is what we look for.
    const told = reader.remaining === 0 ? 0 : reader.uint8();
    const oid = told > reader.remaining ? new Uint8Array(0) : Uint8Array.from(reader.take(told));
    return { family, bytes, interfaceSubtype, interfaceNumber, oid };
  },
  write: ({ family, bytes, interfaceSubtype, interfaceNumber, oid }) => [
    bytes.length + 1,
    family,
    ...bytes,
    interfaceSubtype,
    ...uint32.write(interfaceNumber),
    oid.length,
    ...oid,
  ],
};

const basicTable = {
  portDescription: { type: 4, ...text(255) },
  systemName: { type: 5, ...text(255) },
  systemDescription: { type: 6, ...text(255) },
  capabilities: { type: 7, ...record({ supported: uint16, enabled: uint16 }) },
  managementAddresses: { type: 8, most: 16, ...managementAddress },
} as const satisfies Table;

export interface Lldpdu extends Fields<typeof basicTable> {
  chassisId: LldpId;
  portId: LldpId;
  /** 0: the neighbour says goodbye. */
  ttlSeconds: number;
  dot1?: Dot1;
  dot3?: Dot3;
  med?: Med;
  others?: OtherTlv[];
}

export interface DecodedLldpdu {
  readonly lldpdu: Lldpdu;
  readonly notes: Notes;
}

const type = { end: 0, chassisId: 1, portId: 2, ttl: 3, organisation: 127 } as const;

/** More than any device sends; a frame made of empty TLVs would hold 700. */
const mostTlvs = 128;
const mostOthers = 32;

/**
 * Takes the bytes behind the EtherType. Throws {@link DecodeError} where 802.1AB section 9.2.7.7 discards the whole
 * LLDPDU: chassis ID, port ID and TTL missing, out of order, repeated or impossible. What else is broken is dropped and
 * counted in the notes.
 */
export function decodeLldp(bytes: Uint8Array): DecodedLldpdu {
  const reader = new ByteReader(bytes);
  const chassisId = readId(reader, 'chassis');
  const portId = readId(reader, 'port');
  const ttlSeconds = mandatory(reader, type.ttl).uint16();
  const lldpdu: Lldpdu = { chassisId, portId, ttlSeconds };
  const notes: Notes = { malformed: 0, surplus: 0, unknown: 0, unfinished: false };
  for (let count = 3; ; count += 1) {
    const tlv = count === mostTlvs ? undefined : nextTlv(reader);
    if (tlv === undefined) {
      notes.unfinished = true;
      break;
    }
    if (tlv.type === type.end) break;
    if (tlv.type <= type.ttl) throw new DecodeError(`TLV type ${tlv.type} repeated`, reader.offset);
    readOptional(tlv, lldpdu, notes);
  }
  return { lldpdu, notes };
}

export function encodeLldp(lldpdu: Lldpdu): Uint8Array {
  const organisations: [number, Table, object | undefined][] = [
    [dot1Oui, dot1Table, lldpdu.dot1],
    [dot3Oui, dot3Table, lldpdu.dot3],
    [medOui, medTable, lldpdu.med],
  ];
  const specific = organisations.flatMap(([oui, table, fields]) =>
    writeFields(table, fields ?? {}).map(({ type: subtype, bytes }) => ({ oui, subtype, bytes })),
  );
  const { chassisId, portId, ttlSeconds } = lldpdu;
  return Uint8Array.from([
    ...writeTlv(type.chassisId, [chassisId.subtype, ...chassisId.bytes]),
    ...writeTlv(type.portId, [portId.subtype, ...portId.bytes]),
    ...writeTlv(type.ttl, uint16.write(ttlSeconds)),
    ...writeFields(basicTable, lldpdu).flatMap((tlv) => writeTlv(tlv.type, tlv.bytes)),
    ...[...specific, ...(lldpdu.others ?? [])].flatMap((tlv) =>
      writeTlv(type.organisation, [...uint32.write(tlv.oui).slice(1), tlv.subtype, ...tlv.bytes]),
    ),
    ...writeTlv(type.end, []),
  ]);
}

interface Tlv {
  readonly type: number;
  readonly bytes: Uint8Array;
}

// 7 bits type, 9 bits length
function nextTlv(reader: ByteReader): Tlv | undefined {
  if (reader.remaining < 2) return undefined;
  const header = reader.uint16();
  const length = header & 0x1_ff;
  return length > reader.remaining ? undefined : { type: header >> 9, bytes: reader.take(length) };
}

function mandatory(reader: ByteReader, wanted: number): ByteReader {
  const start = reader.offset;
  const tlv = nextTlv(reader);
  if (tlv?.type !== wanted)
    throw new DecodeError(`TLV type ${wanted} wanted, ${tlv?.type ?? 'none'} found`, start);
  return new ByteReader(tlv.bytes);
}

function readId(reader: ByteReader, kind: 'chassis' | 'port'): LldpId {
  const inside = mandatory(reader, kind === 'chassis' ? type.chassisId : type.portId);
  const id: LldpId = { subtype: inside.uint8(), bytes: opaque.read(inside) };
  checkId(kind, id);
  return id;
}

function readOptional(tlv: Tlv, lldpdu: Lldpdu, notes: Notes): void {
  if (tlv.type !== type.organisation) {
    if (!readField(basicTable, tlv, { fields: lldpdu, notes })) notes.unknown += 1;
    return;
  }
  if (tlv.bytes.length < 4) {
    notes.malformed += 1;
    return;
  }
  const reader = new ByteReader(tlv.bytes);
  const oui = (reader.uint8() << 16) | reader.uint16();
  const inside = { type: reader.uint8(), bytes: tlv.bytes.subarray(4) };
  const isKnown =
    (oui === dot1Oui && readField(dot1Table, inside, { fields: (lldpdu.dot1 ??= {}), notes })) ||
    (oui === dot3Oui && readField(dot3Table, inside, { fields: (lldpdu.dot3 ??= {}), notes })) ||
    (oui === medOui && readField(medTable, inside, { fields: (lldpdu.med ??= {}), notes }));
  if (isKnown) return;
  const others = (lldpdu.others ??= []);
  if (others.length === mostOthers) notes.surplus += 1;
  else others.push({ oui, subtype: inside.type, bytes: Uint8Array.from(inside.bytes) });
}

function writeTlv(tlvType: number, bytes: readonly number[]): number[] {
  if (bytes.length > 0x1_ff) throw new RangeError(`TLV type ${tlvType} of ${bytes.length} bytes, 511 fit`);
  return [(tlvType << 1) | (bytes.length >> 8), bytes.length & 255, ...bytes];
}
