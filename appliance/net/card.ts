/** What the kernel says of a network card. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { broadcastAddress, parseCidr, type Subnet } from '../protocol/ipv4.ts';
import { parseMac } from '../protocol/mac.ts';

/** Undefined when there is no such card, or it has no Ethernet address. */
export function cardMac(card: string): string | undefined {
  try {
    return parseMac(readFileSync(`/sys/class/net/${card}/address`, 'latin1').trim());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** `ARPHRD_ETHER`; also of cards by radio, bridges, bonds and VLANs. */
const ethernet = '1';

/** Whether packets bear a MAC there. Those of a modem or of PPP don't. */
export function hasEthernet(card: string): boolean {
  try {
    return readFileSync(`/sys/class/net/${card}/type`, 'latin1').trim() === ethernet;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** IPv4 addresses of all cards of this machine. */
export function ownAddresses(): Set<string> {
  return new Set(ownNetworks().map(({ address }) => address));
}

export interface OwnNetwork {
  readonly card: string;
  readonly address: string;
  /** Everybody there hears what is sent to it; undefined where there is no room for one (RFC 3021). */
  readonly broadcast: Subnet | undefined;
}

/** IPv4 addresses of this machine, each with its card and network. */
export function ownNetworks(): OwnNetwork[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, address, cidr }) => {
      if (family !== 'IPv4') return [];
      const net = parseCidr(cidr ?? address);
      const broadcast = net.prefix > 30 ? undefined : parseCidr(broadcastAddress(net));
      // `eth0:1` is a label of the card's second address.
      return [{ card: name.split(':')[0] ?? name, address, broadcast }];
    }),
  );
}

/** Packets that it has sent so far; 0 when there is no such card. */
export function cardSent(card: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${card}/statistics/tx_packets`, 'latin1'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
