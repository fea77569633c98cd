/** What dhcp knows of the phones' network besides its leases: other servers, and whose phones ask for options alone. */
import { readInformedVendors, type InformedVendor } from './informed-phones.ts';
import { readOtherServers, readServerWatch, type OtherServer, type ServerWatch } from './other-servers.ts';
import { openReader } from './reader.ts';

export interface SeenServer extends OtherServer {
  /** The settings name it. */
  readonly isKnown: boolean;
}

export interface DhcpNetwork {
  /** Undefined when the part has not run yet. */
  readonly watch: ServerWatch | undefined;
  readonly servers: readonly SeenServer[];
  readonly informed: readonly InformedVendor[];
}

const nothing: DhcpNetwork = { watch: undefined, servers: [], informed: [] };

/** Empty where the file is of an older release, too. */
export function readDhcpNetwork(directory: string, knownServers: readonly string[]): DhcpNetwork {
  using reader = openReader(directory, 'dhcp');
  if (reader === undefined) return nothing;
  try {
    return {
      watch: readServerWatch(reader.db),
      servers: readOtherServers(reader.db).map((server) => ({
        ...server,
        isKnown: knownServers.includes(server.address),
      })),
      informed: readInformedVendors(reader.db),
    };
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no such table:')) return nothing;
    throw error;
  }
}
