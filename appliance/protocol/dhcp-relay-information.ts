/** Relay agent information, option 82: RFC 3046; link selection RFC 3527. */
import { ByteReader } from './bytes.ts';

export interface RelayInformation {
  /** Sub-option 1: the switch port, in the switch maker's own form. */
  readonly circuitId?: Uint8Array;
  /** Sub-option 2: the switch. */
  readonly remoteId?: Uint8Array;
  /** Sub-option 5: an address of the client's subnet, when giaddr is not in it. */
  readonly linkSelection?: number;
}

/** Unknown sub-options are skipped. Throws DecodeError when one is cut short. */
export function decodeRelayInformation(bytes: Uint8Array): RelayInformation {
  const reader = new ByteReader(bytes);
  let circuitId: Uint8Array | undefined;
  let remoteId: Uint8Array | undefined;
  let linkSelection: number | undefined;
  while (reader.remaining > 0) {
    const code = reader.uint8();
    const value = reader.take(reader.uint8());
    if (code === 1) circuitId = value;
    else if (code === 2) remoteId = value;
    else if (code === 5) linkSelection = new ByteReader(value).uint32();
  }
  return {
    ...(circuitId && { circuitId }),
    ...(remoteId && { remoteId }),
    ...(linkSelection !== undefined && { linkSelection }),
  };
}
