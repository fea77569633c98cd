/** What dhcp knows of the phones' networks besides its leases: other servers, and whose phones ask for options alone. */
import { readInformedVendors, type InformedVendor } from './informed-phones.ts';
import { readCardWatches, readOtherServers, type CardWatch, type HeardServer } from './other-servers.ts';
import { openReader } from './reader.ts';

export interface SeenServer extends HeardServer {
  /** The settings name it. */
  readonly isKnown: boolean;
}

export interface DhcpNetwork {
  /** By card; none when the part has not run yet. */
  readonly watches: readonly CardWatch[];
  readonly servers: readonly SeenServer[];
  readonly informed: readonly InformedVendor[];
}

const nothing: DhcpNetwork = { watches: [], servers: [], informed: [] };

/** `knownServers` by card. Empty where the file is of an older release, too. */
export function readDhcpNetwork(
  directory: string,
  knownServers: ReadonlyMap<string, readonly string[]>,
): DhcpNetwork {
  using reader = openReader(directory, 'dhcp');
  if (reader === undefined) return nothing;
  try {
    return {
      watches: readCardWatches(reader.db),
      servers: readOtherServers(reader.db).map((server) => ({
        ...server,
        isKnown: knownServers.get(server.card)?.includes(server.address) ?? false,
      })),
      informed: readInformedVendors(reader.db),
    };
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no such table:')) return nothing;
    throw error;
  }
}
