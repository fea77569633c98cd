/** Whether the box's own DHCP server would give a phone an address: a DISCOVER on each network's card, an OFFER, and no more. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config.ts';
import { servedNetworks, type ServedNetwork } from '../config/networks.ts';
import { askDhcp } from '../net/ask-dhcp.ts';
import { cardMac, ownAddresses } from '../net/card.ts';
import { openUdp } from '../net/udp.ts';
import type { Discover } from '../protocol/dhcp-discover.ts';
import { encodeOptions } from '../protocol/dhcp-options.ts';
import { broadcastAddress, contains } from '../protocol/ipv4.ts';
import { readOtherServers } from '../store/other-servers.ts';
import { readFacts } from '../store/phones.ts';
import { readPoolUse } from '../store/pool-use.ts';

const quietMs = 4000;
const limitMs = 12_000;

/**
 * Undefined: it would, or there is nobody who could be given one: no card of this machine is in that network now, its pool is full, or
 * another server's presence keeps ours silent. Words otherwise.
 */
export async function leaseTrouble(config: Config, now: number): Promise<string | undefined> {
  for (const network of servedNetworks(config)) {
    if (!mayOffer(config, network, now)) continue;
    const trouble = await askNetwork(network);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function mayOffer(config: Config, { subnet, net, pools, alone }: ServedNetwork, now: number): boolean {
  if (
    !Array.from(ownAddresses()).some((address) => contains(net, address)) ||
    cardMac(alone.interface) === undefined
  )
    return false;
  const directory = config.site.state_directory;
  const [use] = readFacts(directory, 'dhcp', (db) => [readPoolUse(db, { subnet, pools }, now)]);
  if (use !== undefined && use.bound + use.setAside >= use.addresses) return false;
  const others = readFacts(directory, 'dhcp', readOtherServers);
  return alone.authoritative || others.every(({ card }) => card !== alone.interface);
}

/** What is broadcast from a card comes back to the sockets of this machine too. */
async function askNetwork({ subnet, net, alone }: ServedNetwork): Promise<string | undefined> {
  const mac = cardMac(alone.interface) ?? '';
  // Its own identifier keeps it apart from a lease of this machine, and the same one each time takes one place at most.
  const clientIdentifier = Buffer.from(`\0gatehouse-proof ${mac}`, 'latin1');
  const discover: Discover = {
    mac,
    xid: randomBytes(4).readUInt32BE(0),
    options: encodeOptions({ clientIdentifier, parameterRequestList: Uint8Array.of(1, 3, 42, 66, 160) }),
  };
  // The part `dhcp` listens on port 68 too, for other servers.
  await using socket = await openUdp({ address: '0.0.0.0', port: 68, isShared: true });
  const to = { address: broadcastAddress(net), port: 67 };
  const [answers] = await askDhcp(socket, [discover], { to, quietMs, limitMs });
  const heard = [...(answers?.keys() ?? [])];
  if (heard.some((server) => ownAddresses().has(server))) return undefined;
  return heard.length === 0
    ? `nobody in ${subnet} is offered an address`
    : `in ${subnet} ${heard.join(', ')} offers addresses, and this box does not`;
}
