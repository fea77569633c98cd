/** The shapes that values of DHCP options come in: bytes ↔ value, one codec a shape. */
import { DecodeError, latin1Text, uint16At, uint32At } from './bytes.ts';
import { decodeDomainList, encodeDomainList } from './dhcp-domain-list.ts';
import { decodeRoutes, encodeRoutes, type Route } from './dhcp-routes.ts';
import {
  decodeVendorClasses,
  decodeVendorOptions,
  encodeVendorClasses,
  encodeVendorOptions,
  type VendorClasses,
  type VendorOptions,
} from './dhcp-vendor-options.ts';

export interface Shapes {
  bytes: Uint8Array;
  /** One character a byte: what a client sends need not be UTF-8. */
  text: string;
  flag: boolean;
  uint8: number;
  uint16: number;
  'uint16-list': readonly number[];
  uint32: number;
  int32: number;
  /** Unsigned 32 bits. */
  ipv4: number;
  'ipv4-list': readonly number[];
  'ipv4-pairs': readonly (readonly [number, number])[];
  'domain-list': readonly string[];
  routes: readonly Route[];
  'vendor-classes': readonly VendorClasses[];
  'vendor-options': readonly VendorOptions[];
}

interface Codec<Value> {
  /** Throws {@link DecodeError}. */
  readonly decode: (bytes: Uint8Array, code: number) => Value;
  /** Throws a RangeError. */
  readonly encode: (value: Value) => Uint8Array;
}

const uint16 = number(
  2,
  (bytes) => uint16At(bytes, 0),
  (view, value) => view.setUint16(0, value),
);
const uint32 = number(
  4,
  (bytes) => uint32At(bytes, 0),
  (view, value) => view.setUint32(0, value),
);
const addresses = listOf(uint32);

export const shapes: { readonly [Shape in keyof Shapes]: Codec<Shapes[Shape]> } = {
  bytes: { decode: (bytes) => bytes, encode: (value) => value },
  text: {
    decode: latin1Text,
    encode: (value) => Buffer.from(value, 'latin1'),
  },
  flag: {
    decode: (bytes, code) => {
      if (bytes.length !== 1 || (bytes[0] ?? 2) > 1) throw new DecodeError(`option ${code} is no flag`);
      return bytes[0] === 1;
    },
    encode: (value) => Uint8Array.of(value ? 1 : 0),
  },
  uint8: number(
    1,
    (bytes) => bytes[0] ?? 0,
    (view, value) => view.setUint8(0, value),
  ),
  uint16,
  'uint16-list': listOf(uint16),
  uint32,
  int32: number(
    4,
    (bytes) => uint32At(bytes, 0) | 0,
    (view, value) => view.setInt32(0, value),
  ),
  ipv4: uint32,
  'ipv4-list': addresses,
  'ipv4-pairs': {
    decode: (bytes, code) => {
      if (bytes.length % 8 !== 0) throw wrongLength(code, bytes.length);
      const flat = addresses.decode(bytes, code);
      return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? 0, flat[2 * at + 1] ?? 0]);
    },
    encode: (pairs) => addresses.encode(pairs.flat()),
  },
  'domain-list': { decode: decodeDomainList, encode: encodeDomainList },
  routes: { decode: decodeRoutes, encode: encodeRoutes },
  'vendor-classes': { decode: decodeVendorClasses, encode: encodeVendorClasses },
  'vendor-options': { decode: decodeVendorOptions, encode: encodeVendorOptions },
};

interface NumberCodec extends Codec<number> {
  readonly length: number;
}

function number(
  length: number,
  read: (bytes: Uint8Array) => number,
  write: (view: DataView, value: number) => void,
): NumberCodec {
  return {
    length,
    decode: (bytes, code) => {
      if (bytes.length !== length) throw wrongLength(code, bytes.length);
      return read(bytes);
    },
    encode: (value) => {
      const bytes = new Uint8Array(length);
      write(new DataView(bytes.buffer), value);
      if (read(bytes) !== value) throw new RangeError(`${value} doesn't fit into ${length} bytes`);
      return bytes;
    },
  };
}

/** One number or more. */
function listOf({ length, decode, encode }: NumberCodec): Codec<readonly number[]> {
  return {
    decode: (bytes, code) => {
      if (bytes.length === 0 || bytes.length % length !== 0) throw wrongLength(code, bytes.length);
      return Array.from({ length: bytes.length / length }, (_, at) =>
        decode(bytes.subarray(at * length, (at + 1) * length), code),
      );
    },
    encode: (values) => Buffer.concat(values.map(encode)),
  };
}

function wrongLength(code: number, length: number): DecodeError {
  return new DecodeError(`option ${code} has ${length} bytes`);
}
