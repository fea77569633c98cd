/** The kernel's main routing table for IPv4 (`/proc/self/net/route`): by which card an address is reached, and through whom. */
import { readFileSync } from 'node:fs';
import { formatIpv4, parseIpv4 } from '../protocol/ipv4.ts';

export interface Route {
  readonly card: string;
  readonly destination: number;
  readonly mask: number;
  /** Undefined: the destination is on the card's own network. */
  readonly gateway: string | undefined;
  readonly metric: number;
}

export interface Way {
  readonly card: string;
  readonly gateway: string | undefined;
}

const flags = { up: 0x1, gateway: 0x2, reject: 0x200 };

export function readRoutes(file = '/proc/self/net/route'): Route[] {
  return parseRoutes(readFileSync(file, 'latin1'));
}

/** Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask …; addresses as the machine (little end first) prints them. */
export function parseRoutes(text: string): Route[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [card = '', destination = '', gateway = '', bits = '', , , metric = '', mask = ''] = line
        .trim()
        .split(/\s+/);
      const has = (flag: number) => (parseInt(bits, 16) & flag) !== 0;
      if (!has(flags.up) || has(flags.reject) || mask === '') return [];
      return {
        card,
        destination: swapped(destination),
        mask: swapped(mask),
        gateway: has(flags.gateway) ? formatIpv4(swapped(gateway)) : undefined,
        metric: Number(metric),
      };
    });
}

/** The longest prefix, then the lowest metric; undefined: no way there. */
export function wayTo(routes: readonly Route[], address: string): Way | undefined {
  const number = parseIpv4(address);
  const [best] = routes
    .filter(({ destination, mask }) => (number & mask) >>> 0 === destination)
    .toSorted((a, b) => b.mask - a.mask || a.metric - b.metric);
  return best === undefined ? undefined : { card: best.card, gateway: best.gateway };
}

function swapped(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE();
}
