/** The machine's network cards, as the kernel lists them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

export interface MachineCard {
  readonly name: string;
  readonly mac: string;
  /** IPv4, with prefix length. */
  readonly addresses: readonly string[];
  readonly hasLink: boolean;
}

/** ARPHRD_ETHER */
const ethernet = '1';

/** Ethernet only, by name. */
export function readCards(root = '/sys/class/net'): MachineCard[] {
  if (!existsSync(root)) return [];
  const addresses = networkInterfaces();
  return readdirSync(root)
    .toSorted()
    .flatMap((name) => {
      if (read(root, name, 'type') !== ethernet) return [];
      const own = (addresses[name] ?? []).flatMap(({ family, cidr }) =>
        family === 'IPv4' && cidr !== null ? [cidr] : [],
      );
      // A card that is down has no carrier to read.
      return [
        {
          name,
          mac: read(root, name, 'address'),
          addresses: own,
          hasLink: read(root, name, 'carrier') === '1',
        },
      ];
    });
}

function read(root: string, card: string, name: string): string {
  try {
    return readFileSync(join(root, card, name), 'utf8').trim();
  } catch {
    return '';
  }
}
