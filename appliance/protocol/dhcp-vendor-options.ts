/** What vendors put inside options: sub-options of 43 (RFC 2132 section 8.4), and 124 and 125 with enterprise numbers (RFC 3925). */
import { ByteReader, DecodeError, joined } from './bytes.ts';

/** Option 124: what kind of device this is, in its maker's words. */
export interface VendorClasses {
  /** IANA private enterprise number. */
  readonly enterprise: number;
  readonly classes: readonly Uint8Array[];
}

/** Option 125. */
export interface VendorOptions {
  readonly enterprise: number;
  readonly options: ReadonlyMap<number, Uint8Array>;
}

const pad = 0;
const end = 255;

/** By code; several of one code are joined. Pads are skipped, an end ends. Throws {@link DecodeError}. */
export function decodeSubOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new ByteReader(bytes);
  const options = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const code = reader.uint8();
    if (code === end) break;
    if (code !== pad) addOption(options, code, reader);
  }
  return options;
}

/** Without an end mark, which RFC 2132 leaves to the sender. Throws a RangeError for a value over 255 bytes. */
export function encodeSubOptions(options: ReadonlyMap<number, Uint8Array>): Uint8Array {
  return Buffer.concat(
    Array.from(options, ([code, value]) => Buffer.concat([Uint8Array.of(code), counted(value)])),
  );
}

export function decodeVendorClasses(bytes: Uint8Array, code: number): VendorClasses[] {
  return decodeEnterprises(bytes, code).map(([enterprise, reader]) => {
    const classes: Uint8Array[] = [];
    while (reader.remaining > 0) classes.push(reader.take(reader.uint8()));
    return { enterprise, classes };
  });
}

export function encodeVendorClasses(vendors: readonly VendorClasses[]): Uint8Array {
  return Buffer.concat(
    vendors.map(({ enterprise, classes }) =>
      encodeEnterprise(enterprise, Buffer.concat(classes.map(counted))),
    ),
  );
}

/** Here 0 and 255 are codes like any other: RFC 3925 knows neither pad nor end. */
export function decodeVendorOptions(bytes: Uint8Array, code: number): VendorOptions[] {
  return decodeEnterprises(bytes, code).map(([enterprise, reader]) => {
    const options = new Map<number, Uint8Array>();
    while (reader.remaining > 0) addOption(options, reader.uint8(), reader);
    return { enterprise, options };
  });
}

export function encodeVendorOptions(vendors: readonly VendorOptions[]): Uint8Array {
  return Buffer.concat(
    vendors.map(({ enterprise, options }) => encodeEnterprise(enterprise, encodeSubOptions(options))),
  );
}

/** Enterprise number, 4 bytes; length, 1 byte; data. */
function decodeEnterprises(bytes: Uint8Array, code: number): [number, ByteReader][] {
  const reader = new ByteReader(bytes);
  const found: [number, ByteReader][] = [];
  while (reader.remaining > 0) {
    const enterprise = reader.uint32();
    found.push([enterprise, new ByteReader(reader.take(reader.uint8()))]);
  }
  if (found.length === 0) throw new DecodeError(`option ${code} has 0 bytes`);
  return found;
}

function encodeEnterprise(enterprise: number, data: Uint8Array): Uint8Array {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(enterprise);
  return Buffer.concat([number, counted(data)]);
}

function addOption(options: Map<number, Uint8Array>, code: number, reader: ByteReader): void {
  const value = reader.take(reader.uint8());
  const before = options.get(code);
  options.set(code, before === undefined ? value : joined(before, value));
}

function counted(value: Uint8Array): Uint8Array {
  if (value.length > 255) throw new RangeError(`${value.length} bytes don't fit into a sub-option`);
  return Buffer.concat([Uint8Array.of(value.length), value]);
}
