/** Ethernet frames as captured: DIX and 802.3 with SNAP, with up to two VLAN tags (IEEE 802.3, 802.1Q, RFC 1042). */
import { ByteReader, DecodeError } from './bytes.ts';
import { formatMac } from './mac.ts';

export interface VlanTag {
  readonly id: number;
  readonly priority: number;
  readonly dropEligible: boolean;
}

export interface EthernetFrame {
  readonly destination: string;
  readonly source: string;
  /** Outermost first. */
  readonly tags: readonly VlanTag[];
  /** EtherType, or of an 802.3 frame with SNAP header its organisation and protocol: `00000c:2000` is CDP. */
  readonly protocol: number | `${string}:${string}`;
  /** A view on the input: copy it before keeping it. Padding is cut where the frame tells its length. */
  readonly payload: Uint8Array;
}

const tagTypes = new Set([0x81_00, 0x88_a8]);
const maxTags = 2;
/** Below it the field is a length (802.3 section 3.2.6). */
const firstEtherType = 0x06_00;

/** Throws {@link DecodeError} for a frame that is too short, has more than two tags or no SNAP header. */
export function decodeEthernet(bytes: Uint8Array): EthernetFrame {
  const reader = new ByteReader(bytes);
  const destination = formatMac(reader.take(6));
  const source = formatMac(reader.take(6));
  const tags: VlanTag[] = [];
  let type = reader.uint16();
  while (tagTypes.has(type)) {
    if (tags.length === maxTags) throw new DecodeError('more than two VLAN tags', reader.offset);
    // 3 bits priority, 1 bit drop eligible, 12 bits VLAN
    const tag = reader.uint16();
    tags.push({ id: tag & 0xf_ff, priority: tag >> 13, dropEligible: (tag & 0x10_00) !== 0 });
    type = reader.uint16();
  }
  if (type >= firstEtherType) {
    return { destination, source, tags, protocol: type, payload: reader.take(reader.remaining) };
  }
  const body = new ByteReader(reader.take(type));
  if (body.uint16() !== 0xaa_aa || body.uint8() !== 0x03)
    throw new DecodeError('no SNAP header', reader.offset);
  const organisation = hex(body.take(3));
  const protocol = hex(body.take(2));
  return {
    destination,
    source,
    tags,
    protocol: `${organisation}:${protocol}`,
    payload: body.take(body.remaining),
  };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
