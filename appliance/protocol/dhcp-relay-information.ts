/** Relay agent information, option 82: RFC 3046; link selection RFC 3527, server identifier override RFC 5107. */
import { ByteReader, DecodeError } from './bytes.ts';
import { encodeSubOptions } from './dhcp-vendor-options.ts';

export interface RelayInformation {
  /** Sub-option 1: the switch port, in the switch maker's own form. */
  readonly circuitId?: Uint8Array;
  /** Sub-option 2: the switch. */
  readonly remoteId?: Uint8Array;
  /** Sub-option 5: an address of the client's subnet, when giaddr is not in it. */
  readonly linkSelection?: number;
  /** Sub-option 11: what the relay wants to be told clients as their server, so that renewals pass it too. */
  readonly serverOverride?: number;
  /** The others by code; left out when there are none. */
  readonly others?: ReadonlyMap<number, Uint8Array>;
}

const subOption = { circuitId: 1, remoteId: 2, linkSelection: 5, serverOverride: 11 } as const;

/** The first of a repeated sub-option stands. Throws DecodeError when one is cut short or an address has not 4 bytes. */
export function decodeRelayInformation(bytes: Uint8Array): RelayInformation {
  const reader = new ByteReader(bytes);
  const all = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const code = reader.uint8();
    const value = reader.take(reader.uint8());
    if (!all.has(code)) all.set(code, value);
  }
  const taken = (name: keyof typeof subOption) => {
    const value = all.get(subOption[name]);
    all.delete(subOption[name]);
    return value;
  };
  const circuitId = taken('circuitId');
  const remoteId = taken('remoteId');
  const linkSelection = addressOf(taken('linkSelection'));
  const serverOverride = addressOf(taken('serverOverride'));
  return {
    ...(circuitId && { circuitId }),
    ...(remoteId && { remoteId }),
    ...(linkSelection !== undefined && { linkSelection }),
    ...(serverOverride !== undefined && { serverOverride }),
    ...(all.size > 0 && { others: all }),
  };
}

/** Whether it says where the client is (RFC 3527), as far as it can be read at all. */
export function namesLink(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    if (bytes[at] === subOption.linkSelection) return true;
  }
  return false;
}

/** Throws a RangeError for a value over 255 bytes. */
export function encodeRelayInformation(information: RelayInformation): Uint8Array {
  const { circuitId, remoteId, linkSelection, serverOverride, others } = information;
  const all = new Map<number, Uint8Array>();
  if (circuitId !== undefined) all.set(subOption.circuitId, circuitId);
  if (remoteId !== undefined) all.set(subOption.remoteId, remoteId);
  if (linkSelection !== undefined) all.set(subOption.linkSelection, addressBytes(linkSelection));
  if (serverOverride !== undefined) all.set(subOption.serverOverride, addressBytes(serverOverride));
  for (const [code, value] of others ?? []) all.set(code, value);
  return encodeSubOptions(all);
}

function addressOf(value: Uint8Array | undefined): number | undefined {
  if (value === undefined) return undefined;
  const reader = new ByteReader(value);
  const address = reader.uint32();
  if (reader.remaining > 0) throw new DecodeError(`an address of ${value.length} bytes`);
  return address;
}

function addressBytes(address: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address);
  return bytes;
}
