/** What the kernel says of a network card. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
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

/** IPv4 addresses of all cards of this machine. */
export function ownAddresses(): Set<string> {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(found.filter(({ family }) => family === 'IPv4').map(({ address }) => address));
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
