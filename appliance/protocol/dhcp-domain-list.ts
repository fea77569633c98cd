/** Domain search list, option 119: RFC 3397, names as in DNS (RFC 1035 section 4.1.4), compressed by their sender or not. */
import { ByteReader, DecodeError } from './bytes.ts';

const maxLabelLength = 63;
const maxNameLength = 255;
const pointerBits = 0xc0;

/** Names without a dot at the end. */
export function decodeDomainList(bytes: Uint8Array, code: number): string[] {
  const reader = new ByteReader(bytes);
  const names: string[] = [];
  while (reader.remaining > 0) names.push(readName(reader));
  if (names.length === 0) throw new DecodeError(`option ${code} has 0 bytes`);
  return names;
}

/** A pointer may only lead back, so that every name ends. */
function readName(reader: ByteReader): string {
  const labels: string[] = [];
  let size = 1;
  let from = reader;
  let earliest = reader.offset;
  for (;;) {
    const at = from.offset;
    const length = from.uint8();
    if (length === 0) return labels.join('.');
    if (length >= pointerBits) {
      const target = (length - pointerBits) * 256 + from.uint8();
      if (target >= earliest) throw new DecodeError('a name that points ahead', at);
      earliest = target;
      from = new ByteReader(reader.bytes);
      from.skip(target);
      continue;
    }
    if (length > maxLabelLength) throw new DecodeError(`label type ${length}`, at);
    labels.push(Buffer.from(from.take(length)).toString('latin1'));
    size += 1 + length;
    if (size > maxNameLength) throw new DecodeError(`a name over ${maxNameLength} bytes`, at);
  }
}

/** Uncompressed: every client reads that. Throws a RangeError for what is no domain name. */
export function encodeDomainList(names: readonly string[]): Uint8Array {
  return Buffer.concat(
    names.map((name) => {
      const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
      if (labels.some(({ length }) => length === 0 || length > maxLabelLength)) {
        throw new RangeError(`"${name}" is not a domain name`);
      }
      const bytes = Buffer.concat([
        ...labels.flatMap((label) => [Uint8Array.of(label.length), label]),
        Uint8Array.of(0),
      ]);
      if (bytes.length > maxNameLength) throw new RangeError(`"${name}" is too long for a domain name`);
      return bytes;
    }),
  );
}
