/** The pcap stream that `tcpdump -w -` writes, taken apart as it arrives (draft-ietf-opsawg-pcap). */
import { DecodeError, joined } from './bytes.ts';

export interface CapturedPacket {
  /** Milliseconds since 1970, by the capturing machine's clock. */
  readonly at: number;
  /** A copy: safe to keep. */
  readonly bytes: Uint8Array;
}

/** Microsecond and nanosecond captures; each in the byte order of the machine that wrote it. */
const magics = new Map([
  [0xa1_b2_c3_d4, { perMs: 1000 }],
  [0xa1_b2_3c_4d, { perMs: 1_000_000 }],
]);
const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
export const ethernetLinkType = 1;
/** Far above what we ask tcpdump for: a longer record means that the stream is not pcap any more. */
const maxRecordBytes = 65_536;

/** Feed it chunks of any size; it hands back whole packets. After a {@link DecodeError} the stream can't be used further. */
export class PcapStream {
  #left: Uint8Array = new Uint8Array(0);
  readonly #linkType: number;
  #format: { perMs: number; littleEndian: boolean } | undefined;

  /** Anything but packets of this link type is refused. */
  constructor(linkType = ethernetLinkType) {
    this.#linkType = linkType;
  }

  /** The file header was read: the capturing program has its card open. */
  get hasBegun(): boolean {
    return this.#format !== undefined;
  }

  push(chunk: Uint8Array): CapturedPacket[] {
    // Always copied: `slice` of a Buffer would be a view on memory that its owner fills again.
    const bytes = joined(this.#left, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const packets: CapturedPacket[] = [];
    let at = 0;
    if (this.#format === undefined) {
      if (bytes.length < fileHeaderBytes) {
        this.#left = bytes;
        return packets;
      }
      this.#format = fileHeader(view, this.#linkType);
      at = fileHeaderBytes;
    }
    const { perMs, littleEndian } = this.#format;
    while (bytes.length - at >= recordHeaderBytes) {
      const length = view.getUint32(at + 8, littleEndian);
      if (length > maxRecordBytes) throw new DecodeError(`pcap record of ${length} bytes`, at);
      const end = at + recordHeaderBytes + length;
      if (end > bytes.length) break;
      packets.push({
        at:
          view.getUint32(at, littleEndian) * 1000 + Math.floor(view.getUint32(at + 4, littleEndian) / perMs),
        bytes: bytes.slice(at + recordHeaderBytes, end),
      });
      at = end;
    }
    this.#left = bytes.slice(at);
    return packets;
  }
}

function fileHeader(view: DataView, wanted: number): { perMs: number; littleEndian: boolean } {
  for (const littleEndian of [true, false]) {
    const found = magics.get(view.getUint32(0, littleEndian));
    if (found === undefined) continue;
    // The upper bits tell of a frame check sequence, which tcpdump doesn't deliver.
    const linkType = view.getUint32(20, littleEndian) & 0xff_ff;
    if (linkType !== wanted) throw new DecodeError(`pcap link type ${linkType}, ${wanted} wanted`, 20);
    return { ...found, littleEndian };
  }
  throw new DecodeError('not a pcap stream');
}
