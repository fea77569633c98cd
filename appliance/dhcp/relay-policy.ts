/** How this relay presents itself to servers and clients. */
import type { Config } from '../config/schema.ts';
import { parseIpv4 } from '../protocol/ipv4.ts';
import type { Profiles } from './profile.ts';

export interface RelayPolicy {
  /** Option 82, sub-option 1: the card's name. */
  readonly circuitId: Uint8Array;
  /** Option 82, sub-option 2: the card's MAC. */
  readonly remoteId: Uint8Array;
  /** Where servers answer to. */
  readonly giaddr: number;
  /** On the phones' network: what clients are told is their server (RFC 5107), and the link that servers choose by. */
  readonly ownAddress: number;
  readonly servers: readonly string[];
  readonly hopLimit: number;
  readonly trustsOption82: boolean;
  readonly replacesOptions: boolean;
  readonly profiles: Profiles;
}

export function openRelayPolicy({ site, dhcp }: Config, mac: string, profiles: Profiles): RelayPolicy {
  const { relay } = dhcp;
  return {
    circuitId: Buffer.from(dhcp.interface),
    remoteId: Buffer.from(mac.replaceAll(':', ''), 'hex'),
    giaddr: parseIpv4(relay.uplink_address ?? site.address),
    ownAddress: parseIpv4(site.address),
    servers: relay.servers,
    hopLimit: relay.hop_limit,
    trustsOption82: relay.trust_option_82,
    replacesOptions: relay.options === 'replace',
    profiles,
  };
}
