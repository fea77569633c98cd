/** Cisco Discovery Protocol, versions 1 and 2, as phones and switches send it (802.3 SNAP 00000c:2000). */
import { ByteReader, DecodeError } from './bytes.ts';
import { formatIpv4, parseIpv4 } from './ipv4.ts';
import { cleanText, uint16, uint32 } from './lldp-tlv.ts';

export const cdpDestination = '01:00:0c:cc:cc:cc';
export const cdpProtocol = '00000c:2000';

export interface CdpMessage {
  version: number;
  ttlSeconds: number;
  deviceId?: string;
  portId?: string;
  softwareVersion?: string;
  platform?: string;
  systemName?: string;
  /** 1 router, 2 and 4 bridge, 8 switch, 0x10 host, 0x80 phone. */
  capabilities?: number;
  nativeVlanId?: number;
  isFullDuplex?: boolean;
  /** IPv4 addresses only: others are skipped. */
  addresses?: string[];
  managementAddresses?: string[];
}

const types = {
  deviceId: 0x00_01,
  addresses: 0x00_02,
  portId: 0x00_03,
  capabilities: 0x00_04,
  softwareVersion: 0x00_05,
  platform: 0x00_06,
  nativeVlanId: 0x00_0a,
  duplex: 0x00_0b,
  systemName: 0x00_14,
  managementAddresses: 0x00_16,
} as const;

const mostTlvs = 64;
const mostAddresses = 16;
const textBytes = 255;

/** Takes the bytes behind the SNAP header. Throws {@link DecodeError} for a wrong version, checksum or TLV length. */
export function decodeCdp(bytes: Uint8Array): CdpMessage {
  const reader = new ByteReader(bytes);
  const version = reader.uint8();
  if (version !== 1 && version !== 2) throw new DecodeError(`CDP version ${version}`);
  const ttlSeconds = reader.uint8();
  const [told, right] = [reader.uint16(), checksum(bytes)];
  if (told !== right) throw new DecodeError(`CDP checksum is ${told}, not ${right}`, 2);
  const message: CdpMessage = { version, ttlSeconds };
  for (let count = 0; reader.remaining > 0 && count < mostTlvs; count += 1) {
    const type = reader.uint16();
    const length = reader.uint16();
    if (length < 4) throw new DecodeError(`CDP TLV of ${length} bytes`, reader.offset);
    readTlv(type, new ByteReader(reader.take(length - 4)), message);
  }
  return message;
}

export function encodeCdp(message: CdpMessage): Uint8Array {
  const utf8 = new TextEncoder();
  const rows: [number, readonly number[] | undefined][] = [
    [types.deviceId, message.deviceId === undefined ? undefined : [...utf8.encode(message.deviceId)]],
    [types.addresses, message.addresses && writeAddresses(message.addresses)],
    [types.portId, message.portId === undefined ? undefined : [...utf8.encode(message.portId)]],
    [types.capabilities, message.capabilities === undefined ? undefined : uint32.write(message.capabilities)],
    [
      types.softwareVersion,
      message.softwareVersion === undefined ? undefined : [...utf8.encode(message.softwareVersion)],
    ],
    [types.platform, message.platform === undefined ? undefined : [...utf8.encode(message.platform)]],
    [types.nativeVlanId, message.nativeVlanId === undefined ? undefined : uint16.write(message.nativeVlanId)],
    [types.duplex, message.isFullDuplex === undefined ? undefined : [message.isFullDuplex ? 1 : 0]],
    [types.systemName, message.systemName === undefined ? undefined : [...utf8.encode(message.systemName)]],
    [types.managementAddresses, message.managementAddresses && writeAddresses(message.managementAddresses)],
  ];
  const bytes = Uint8Array.from([
    message.version,
    message.ttlSeconds,
    0,
    0,
    ...rows.flatMap(([type, value]) =>
      value === undefined ? [] : [...uint16.write(type), ...uint16.write(value.length + 4), ...value],
    ),
  ]);
  bytes.set(uint16.write(checksum(bytes)), 2);
  return bytes;
}

function readTlv(type: number, reader: ByteReader, message: CdpMessage): void {
  const readText = () => cleanText(reader.take(Math.min(reader.remaining, textBytes)));
  switch (type) {
    case types.deviceId:
      message.deviceId = readText();
      break;
    case types.portId:
      message.portId = readText();
      break;
    case types.softwareVersion:
      message.softwareVersion = readText();
      break;
    case types.platform:
      message.platform = readText();
      break;
    case types.systemName:
      message.systemName = readText();
      break;
    case types.capabilities:
      message.capabilities = reader.uint32();
      break;
    case types.nativeVlanId:
      message.nativeVlanId = reader.uint16();
      break;
    case types.duplex:
      message.isFullDuplex = reader.uint8() === 1;
      break;
    case types.addresses:
      message.addresses = readAddresses(reader);
      break;
    case types.managementAddresses:
      message.managementAddresses = readAddresses(reader);
      break;
    default:
  }
}

/** NLPID of IP: protocol type 1, length 1, 0xcc. */
const ipProtocol = [1, 1, 0xcc] as const;

function readAddresses(reader: ByteReader): string[] {
  const count = reader.uint32();
  const addresses: string[] = [];
  for (let at = 0; at < count && addresses.length < mostAddresses && reader.remaining > 0; at += 1) {
    const protocolType = reader.uint8();
    const protocol = reader.take(reader.uint8());
    const address = new ByteReader(reader.take(reader.uint16()));
    const isIp = protocolType === ipProtocol[0] && protocol.length === 1 && protocol[0] === ipProtocol[2];
    if (isIp && address.remaining === 4) addresses.push(formatIpv4(address.uint32()));
  }
  return addresses;
}

function writeAddresses(addresses: readonly string[]): number[] {
  return [
    ...uint32.write(addresses.length),
    ...addresses.flatMap((address) => [...ipProtocol, 0, 4, ...uint32.write(parseIpv4(address))]),
  ];
}

/**
 * The Internet checksum with two habits of its own: an odd last byte counts as the low half of its word, and is taken
 * as signed, one too low when negative.
 */
function checksum(bytes: Uint8Array): number {
  const even = bytes.length & ~1;
  let sum = 0;
  for (let at = 0; at < even; at += 2) {
    if (at !== 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }
  const last = bytes[even];
  if (last !== undefined) sum += last < 0x80 ? last : 0xff_00 | (last - 1);
  while (sum > 0xff_ff) sum = (sum & 0xff_ff) + (sum >>> 16);
  return ~sum & 0xff_ff;
}
