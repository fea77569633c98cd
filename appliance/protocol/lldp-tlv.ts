/** What all LLDP TLV tables share: rows that hold both directions, and how a field goes in and out of them. */
import { ByteReader, DecodeError } from './bytes.ts';

/** One field on the wire. */
export interface Shape<Value> {
  /** Reads from the bytes of one TLV; throws DecodeError. Bytes left over are ignored. */
  readonly read: (reader: ByteReader) => Value;
  readonly write: (value: Value) => readonly number[];
}

/** A row: at most one TLV of this (sub)type counts, or with `most` that many. */
export interface Row<Value> extends Shape<Value> {
  readonly type: number;
  readonly most?: number;
}

// oxlint-disable-next-line typescript/no-explicit-any -- rows differ in their values; Fields and record derive each
type AnyValue = any;

export type Table = Readonly<Record<string, Row<AnyValue>>>;

/** The object that a table describes: repeated rows become arrays, all are optional. */
export type Fields<T extends Table> = {
  -readonly [K in keyof T]?: T[K] extends { most: number; read: (reader: ByteReader) => infer Value }
    ? Value[]
    : ReturnType<T[K]['read']>;
};

/** What was wrong in an LLDPDU that could be used all the same. */
export interface Notes {
  /** TLVs dropped since their inside is broken. */
  malformed: number;
  /** TLVs dropped since the standard allows one, or we keep only so many. */
  surplus: number;
  /** TLVs that we don't know. */
  unknown: number;
  /** The last TLV was longer than the frame, or the End TLV is missing. */
  unfinished: boolean;
}

/** Reads one TLV into the fields; false when the table has no such type. Counts a broken or surplus one and drops it. */
export function readField(
  table: Table,
  tlv: { type: number; bytes: Uint8Array },
  into: { fields: object; notes: Notes },
): boolean {
  const found = Object.entries(table).find(([, row]) => row.type === tlv.type);
  if (found === undefined) return false;
  const [name, row] = found;
  const fields = into.fields as Record<string, unknown>;
  const present = fields[name];
  const isFull =
    row.most === undefined ? present !== undefined : Array.isArray(present) && present.length >= row.most;
  if (isFull) {
    into.notes.surplus += 1;
    return true;
  }
  try {
    const value: unknown = row.read(new ByteReader(tlv.bytes));
    if (row.most === undefined) fields[name] = value;
    else fields[name] = [...((present as unknown[] | undefined) ?? []), value];
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    into.notes.malformed += 1;
  }
  return true;
}

/** The TLVs of these fields, in the table's order. */
export function writeFields(table: Table, fields: object): { type: number; bytes: readonly number[] }[] {
  return Object.entries(table).flatMap(([name, row]) => {
    const value = (fields as Record<string, unknown>)[name];
    if (value === undefined) return [];
    const values = row.most === undefined ? [value] : (value as unknown[]);
    return values.map((each) => ({ type: row.type, bytes: row.write(each) }));
  });
}

export const uint8: Shape<number> = { read: (reader) => reader.uint8(), write: (value) => [value & 255] };

export const uint16: Shape<number> = {
  read: (reader) => reader.uint16(),
  write: (value) => [(value >> 8) & 255, value & 255],
};

export const uint32: Shape<number> = {
  read: (reader) => reader.uint32(),
  write: (value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255),
};

export const opaque: Shape<Uint8Array> = {
  read: (reader) => Uint8Array.from(reader.take(reader.remaining)),
  write: (value) => [...value],
};

/** Text of the whole rest, cut after so many bytes. */
export function text(mostBytes: number): Shape<string> {
  return {
    read: (reader) => cleanText(reader.take(reader.remaining).subarray(0, mostBytes)),
    write: (value) => [...new TextEncoder().encode(value)].slice(0, mostBytes),
  };
}

/** Fields one after the other, as an object. */
export function record<T extends Record<string, Shape<AnyValue>>>(
  shapes: T,
): Shape<{ -readonly [K in keyof T]: ReturnType<T[K]['read']> }> {
  type Value = { -readonly [K in keyof T]: ReturnType<T[K]['read']> };
  return {
    read: (reader) =>
      Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, shape.read(reader)])) as Value,
    write: (value) => Object.entries(shapes).flatMap(([name, shape]) => [...shape.write(value[name])]),
  };
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Text from a stranger, fit to be kept: control, format and line characters and broken UTF-8 become U+FFFD, NULs at the
 * end are padding. Markup stays: the place that shows it escapes it.
 */
export function cleanText(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return utf8.decode(bytes.subarray(0, end)).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{FFFD}');
}
