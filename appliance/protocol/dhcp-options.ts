/** DHCP options by name. Codes and value types from RFC 2132 unless noted. */
import { DecodeError } from './bytes.ts';
import type { RawOptions } from './dhcp.ts';
import { formatIpv4 } from './ipv4.ts';

const table = {
  subnetMask: { code: 1, type: 'ipv4' },
  timeOffset: { code: 2, type: 'int32' }, // seconds east of UTC
  routers: { code: 3, type: 'ipv4-list' },
  dnsServers: { code: 6, type: 'ipv4-list' },
  hostName: { code: 12, type: 'text' },
  domainName: { code: 15, type: 'text' },
  ntpServers: { code: 42, type: 'ipv4-list' },
  vendorSpecific: { code: 43, type: 'bytes' },
  requestedAddress: { code: 50, type: 'ipv4' },
  leaseTime: { code: 51, type: 'uint32' },
  messageType: { code: 53, type: 'uint8' },
  serverIdentifier: { code: 54, type: 'ipv4' },
  parameterRequestList: { code: 55, type: 'bytes' },
  message: { code: 56, type: 'text' },
  maxMessageSize: { code: 57, type: 'uint16' },
  renewalTime: { code: 58, type: 'uint32' },
  rebindingTime: { code: 59, type: 'uint32' },
  vendorClass: { code: 60, type: 'bytes' }, // some phones send it binary
  clientIdentifier: { code: 61, type: 'bytes' },
  tftpServerName: { code: 66, type: 'text' },
  bootFileName: { code: 67, type: 'text' },
  relayAgentInformation: { code: 82, type: 'bytes' }, // RFC 3046
  subnetSelection: { code: 118, type: 'ipv4' }, // RFC 3011
  provisioningUrl: { code: 160, type: 'text' }, // site-specific, RFC 3942
} as const;

/** The shapes that values come in. */
interface Shapes {
  bytes: Uint8Array;
  /** One character a byte: what a client sends need not be UTF-8. */
  text: string;
  uint8: number;
  uint16: number;
  uint32: number;
  int32: number;
  /** Unsigned 32 bits. */
  ipv4: number;
  'ipv4-list': readonly number[];
}

type Table = typeof table;
export type OptionName = keyof Table;
export type OptionValue<Name extends OptionName> = Shapes[Table[Name]['type']];
export type DhcpOptions = { readonly [Name in OptionName]?: OptionValue<Name> };

/** Option number by name. */
export const optionCode = Object.fromEntries(
  Object.entries(table).map(([name, { code }]) => [name, code]),
) as { readonly [Name in OptionName]: Table[Name]['code'] };

const nameOf = new Map<number, OptionName>(
  Object.entries(table).map(([name, { code }]) => [code, name as OptionName]),
);

/** Undefined when the option is absent. Throws {@link DecodeError} when its length can't be that of its type. */
export function readOption<Name extends OptionName>(
  options: RawOptions,
  name: Name,
): OptionValue<Name> | undefined {
  const { code, type } = table[name];
  const bytes = options.get(code);
  return bytes && (shapes[type].decode(bytes, code) as OptionValue<Name>);
}

/** All options of the table; others are skipped. Throws like {@link readOption}. */
export function decodeOptions(options: RawOptions): DhcpOptions {
  const named: Record<string, unknown> = {};
  for (const code of options.keys()) {
    const name = nameOf.get(code);
    if (name !== undefined) named[name] = readOption(options, name);
  }
  return named;
}

/** In the order of the object. Throws a RangeError for a number that its type can't hold. */
export function encodeOptions(options: DhcpOptions): Map<number, Uint8Array> {
  return new Map(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        const { code, type } = table[name as OptionName];
        return [code, (shapes[type].encode as (value: unknown) => Uint8Array)(value)] as const;
      }),
  );
}

/** For people: numbers and text as such, addresses joined by a comma, anything else as hex. */
export function formatOption(code: number, bytes: Uint8Array): string {
  const name = nameOf.get(code);
  const type = name === undefined ? 'bytes' : table[name].type;
  if (type === 'bytes') return Buffer.from(bytes).toString('hex');
  if (type === 'ipv4' || type === 'ipv4-list') {
    return shapes['ipv4-list'].decode(bytes, code).map(formatIpv4).join(',');
  }
  return String(shapes[type].decode(bytes, code));
}

type Codec<Value> = {
  readonly decode: (bytes: Uint8Array, code: number) => Value;
  readonly encode: (value: Value) => Uint8Array;
};

const shapes: { readonly [Shape in keyof Shapes]: Codec<Shapes[Shape]> } = {
  bytes: { decode: (bytes) => bytes, encode: (value) => value },
  text: {
    // A NUL at the end belongs to the sender's language, not to the value.
    decode: (bytes) => Buffer.from(bytes).toString('latin1').replace(/\0+$/, ''),
    encode: (value) => Buffer.from(value, 'latin1'),
  },
  uint8: number(
    1,
    (view) => view.getUint8(0),
    (view, value) => view.setUint8(0, value),
  ),
  uint16: number(
    2,
    (view) => view.getUint16(0),
    (view, value) => view.setUint16(0, value),
  ),
  uint32: number(
    4,
    (view) => view.getUint32(0),
    (view, value) => view.setUint32(0, value),
  ),
  int32: number(
    4,
    (view) => view.getInt32(0),
    (view, value) => view.setInt32(0, value),
  ),
  ipv4: number(
    4,
    (view) => view.getUint32(0),
    (view, value) => view.setUint32(0, value),
  ),
  'ipv4-list': {
    decode: (bytes, code) => {
      if (bytes.length === 0 || bytes.length % 4 !== 0) throw wrongLength(code, bytes.length);
      const view = viewOf(bytes);
      return Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(at * 4));
    },
    encode: (values) => {
      const bytes = new Uint8Array(values.length * 4);
      const view = viewOf(bytes);
      values.forEach((value, at) => view.setUint32(at * 4, value));
      return bytes;
    },
  },
};

function number(
  length: number,
  read: (view: DataView) => number,
  write: (view: DataView, value: number) => void,
): Codec<number> {
  return {
    decode: (bytes, code) => {
      if (bytes.length !== length) throw wrongLength(code, bytes.length);
      return read(viewOf(bytes));
    },
    encode: (value) => {
      const bytes = new Uint8Array(length);
      const view = viewOf(bytes);
      write(view, value);
      if (read(view) !== value) throw new RangeError(`${value} doesn't fit into ${length} bytes`);
      return bytes;
    },
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function wrongLength(code: number, length: number): DecodeError {
  return new DecodeError(`option ${code} has ${length} bytes`);
}
