/** DHCP messages: RFC 2131, options of any length by RFC 3396, option overload by RFC 2132 section 9.3. */
import { ByteReader, DecodeError, joined } from './bytes.ts';

/** Raw options by code, in wire order; several of one code are joined (RFC 3396). */
export type RawOptions = ReadonlyMap<number, Uint8Array>;

/** Addresses are unsigned 32-bit numbers, 0 is "none". */
export interface DhcpMessage {
  readonly op: 'request' | 'reply';
  /** Hardware type; 1 is Ethernet. */
  readonly htype: number;
  readonly hops: number;
  readonly xid: number;
  /** Seconds since the client began. */
  readonly secs: number;
  /** Bit 15 asks for a broadcast answer. */
  readonly flags: number;
  readonly ciaddr: number;
  readonly yiaddr: number;
  readonly siaddr: number;
  readonly giaddr: number;
  /** As many bytes as hlen says, at most 16. */
  readonly chaddr: Uint8Array;
  /** Server host name and boot file up to the first NUL; empty when they carried options. */
  readonly sname: Uint8Array;
  readonly file: Uint8Array;
  readonly options: RawOptions;
}

/** Operation codes of messages (option 53). */
export const messageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

export type MessageType = keyof typeof messageType;

export const broadcastFlag = 0x8000;
/** What every client takes when it doesn't say more (RFC 2131 section 2): 576 bytes less the IP and UDP headers. */
export const defaultMaxBytes = 548;

/** More than any card carries in one frame: what comes in pieces is nobody's who has no address yet, and would be kept for long. */
const longestBytes = 9000;
const magicCookie = 0x63_82_53_63;
const chaddrLength = 16;
const snameLength = 64;
const fileLength = 128;
const chaddrAt = 28;
const snameAt = chaddrAt + chaddrLength;
const fileAt = snameAt + snameLength;
const cookieAt = fileAt + fileLength;
const optionsAt = cookieAt + 4;
/** BOOTP relays and clients drop less (RFC 1542 section 2.1). */
const minimumBytes = 300;

const pad = 0;
const overload = 52;
const relayAgentInformation = 82;
const end = 255;

/** Throws {@link DecodeError} and nothing else. Views into `bytes` are returned: copy what is kept. */
export function decodeMessage(bytes: Uint8Array): DhcpMessage {
  if (bytes.length > longestBytes) throw new DecodeError(`a message of ${bytes.length} bytes`, longestBytes);
  const reader = new ByteReader(bytes);
  const op = reader.uint8();
  if (op !== 1 && op !== 2) throw new DecodeError(`operation ${op}`, 0);
  const htype = reader.uint8();
  const hlen = reader.uint8();
  if (hlen > chaddrLength) throw new DecodeError(`hardware address of ${hlen} bytes`, 2);
  const hops = reader.uint8();
  const xid = reader.uint32();
  const secs = reader.uint16();
  const flags = reader.uint16();
  const ciaddr = reader.uint32();
  const yiaddr = reader.uint32();
  const siaddr = reader.uint32();
  const giaddr = reader.uint32();
  reader.skip(chaddrLength + snameLength + fileLength);
  if (reader.uint32() !== magicCookie) throw new DecodeError('no DHCP magic cookie', cookieAt);
  const options = new Map<number, Uint8Array>();
  readArea(options, reader);
  const areas = options.get(overload)?.[0] ?? 0;
  options.delete(overload);
  const isFileUsed = (areas & 1) !== 0;
  const isSnameUsed = (areas & 2) !== 0;
  if (isFileUsed) readArea(options, new ByteReader(bytes.subarray(fileAt, cookieAt)));
  if (isSnameUsed) readArea(options, new ByteReader(bytes.subarray(snameAt, fileAt)));
  options.delete(overload);
  return {
    op: op === 1 ? 'request' : 'reply',
    htype,
    hops,
    xid,
    secs,
    flags,
    ciaddr,
    yiaddr,
    siaddr,
    giaddr,
    chaddr: bytes.subarray(chaddrAt, chaddrAt + hlen),
    sname: isSnameUsed ? empty : textAt(bytes, snameAt, snameLength),
    file: isFileUsed ? empty : textAt(bytes, fileAt, fileLength),
    options,
  };
}

const empty = new Uint8Array(0);

/** code, length, value; pad and end have no length. A missing end is forgiven: the area's own end is clear. */
function readArea(options: Map<number, Uint8Array>, reader: ByteReader): void {
  while (reader.remaining > 0) {
    const code = reader.uint8();
    if (code === end) return;
    if (code === pad) continue;
    const value = reader.take(reader.uint8());
    const before = options.get(code);
    options.set(code, before === undefined ? value : joined(before, value));
  }
}

/** Up to the first NUL. */
function textAt(bytes: Uint8Array, from: number, length: number): Uint8Array {
  let at = from;
  while (at < from + length && bytes[at] !== 0) at += 1;
  return at === from ? empty : bytes.subarray(from, at);
}

export interface EncodedMessage {
  readonly bytes: Uint8Array;
  /** Codes of options that found no room within `maxBytes`. */
  readonly leftOut: readonly number[];
}

/**
 * Options go out in the map's order, most wanted first: into the options field, then into `file` and `sname` where these are
 * empty. Option 82 has room before all others and goes out last of the options field, where relays look for it (RFC 3046).
 * Throws a RangeError for a `chaddr` over 16, an `sname` over 64 or a `file` over 128 bytes.
 */
export function encodeMessage(message: DhcpMessage, maxBytes = defaultMaxBytes): EncodedMessage {
  let size = optionsAt + 1;
  for (const value of message.options.values()) size += encodedLength(value.length);
  if (size <= maxBytes) {
    const bytes = newBytes(message, size);
    let at = optionsAt;
    for (const [code, value] of message.options) at = writeOption(bytes, at, [code, value]);
    bytes[at] = end;
    return { bytes, leftOut: [] };
  }
  return encodeOverloaded(message, maxBytes);
}

/** A value over 255 bytes has a head a piece (RFC 3396). */
function encodedLength(length: number): number {
  return length + 2 * Math.max(1, Math.ceil(length / 255));
}

function newBytes(message: DhcpMessage, size: number): Buffer {
  const { chaddr, sname, file } = message;
  if (chaddr.length > chaddrLength || sname.length > snameLength || file.length > fileLength) {
    throw new RangeError('chaddr, sname or file is too long');
  }
  // Of the pool: memory of its own for each costs more than filling it.
  const bytes = Buffer.allocUnsafe(Math.max(minimumBytes, size)).fill(0);
  bytes[0] = message.op === 'request' ? 1 : 2;
  bytes[1] = message.htype;
  bytes[2] = chaddr.length;
  bytes[3] = message.hops;
  bytes.writeUInt32BE(message.xid, 4);
  bytes.writeUInt16BE(message.secs, 8);
  bytes.writeUInt16BE(message.flags, 10);
  bytes.writeUInt32BE(message.ciaddr, 12);
  bytes.writeUInt32BE(message.yiaddr, 16);
  bytes.writeUInt32BE(message.siaddr, 20);
  bytes.writeUInt32BE(message.giaddr, 24);
  bytes.set(chaddr, chaddrAt);
  bytes.set(sname, snameAt);
  bytes.set(file, fileAt);
  bytes.writeUInt32BE(magicCookie, cookieAt);
  return bytes;
}

/** Returns the position after it. */
function writeOption(bytes: Uint8Array, at: number, [code, value]: readonly [number, Uint8Array]): number {
  let from = 0;
  do {
    const piece = Math.min(255, value.length - from);
    bytes[at] = code;
    bytes[at + 1] = piece;
    at += 2;
    // Most values are a few bytes, and a call of `set` costs more than those.
    for (const end = from + piece; from < end; from += 1, at += 1) bytes[at] = value[from] ?? 0;
  } while (from < value.length);
  return at;
}

/** A stretch of the message that takes options; one byte of it is kept for the end mark. */
interface Area {
  at: number;
  end: number;
  /** Its bit in option 52. */
  readonly bit: number;
  used: boolean;
}

function encodeOverloaded(message: DhcpMessage, maxBytes: number): EncodedMessage {
  const bytes = newBytes(message, Math.max(maxBytes, optionsAt + 1));
  // Three bytes for option 52 itself, in case it is needed.
  const main: Area = { at: optionsAt, end: bytes.length - 4, bit: 0, used: true };
  const areas = [main];
  if (message.file.length === 0) areas.push({ at: fileAt, end: cookieAt - 1, bit: 1, used: false });
  if (message.sname.length === 0) areas.push({ at: snameAt, end: fileAt - 1, bit: 2, used: false });
  const leftOut: number[] = [];
  const relay = message.options.get(relayAgentInformation);
  const relayLength = relay === undefined ? 0 : encodedLength(relay.length);
  const isRelayHeld = relay !== undefined && relayLength <= main.end - main.at;
  if (isRelayHeld) main.end -= relayLength;
  for (const [code, value] of message.options) {
    if (isRelayHeld && code === relayAgentInformation) continue;
    const whole = areas.find((area) => area.end - area.at >= encodedLength(value.length));
    const pieces = whole === undefined ? split(value, areas) : [[whole, value] as const];
    if (pieces === undefined) {
      leftOut.push(code);
      continue;
    }
    for (const [area, piece] of pieces) {
      area.at = writeOption(bytes, area.at, [code, piece]);
      area.used = true;
    }
  }
  const bits = areas.reduce((sum, { bit, used }) => sum | (used ? bit : 0), 0);
  if (bits !== 0) main.at = writeOption(bytes, main.at, [overload, Uint8Array.of(bits)]);
  if (isRelayHeld) main.at = writeOption(bytes, main.at, [relayAgentInformation, relay]);
  for (const { at, used } of areas) if (used) bytes[at] = end;
  return { bytes: bytes.subarray(0, Math.max(minimumBytes, main.at + 1)), leftOut };
}

/** Over several areas, in the order in which a reader joins them; undefined when all of them together are too small. */
function split(value: Uint8Array, areas: readonly Area[]): (readonly [Area, Uint8Array])[] | undefined {
  const pieces: (readonly [Area, Uint8Array])[] = [];
  let from = 0;
  for (const area of areas) {
    let room = area.end - area.at;
    while (room > 2 && from < value.length) {
      const length = Math.min(255, room - 2, value.length - from);
      pieces.push([area, value.subarray(from, from + length)]);
      from += length;
      room -= length + 2;
    }
  }
  return pieces.length === 0 || from < value.length ? undefined : pieces;
}
