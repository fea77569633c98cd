/** Who answered this machine on its own networks lately, as the kernel remembers. */
import { readFileSync } from 'node:fs';
import { parseMac } from '../protocol/mac.ts';

export interface ArpEntry {
  readonly ip: string;
  readonly mac: string;
}

/** Empty where the kernel shows no table. */
export function readArpTable(file = '/proc/self/net/arp'): ArpEntry[] {
  try {
    return parseArpTable(readFileSync(file, 'latin1'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Flag 2: the address is complete. One without an answer stands there with zeros. */
export function parseArpTable(text: string): ArpEntry[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [ip = '', , flags = '', address = ''] = line.trim().split(/\s+/);
      const mac = parseMac(address);
      return mac === undefined || mac === '00:00:00:00:00:00' || (Number(flags) & 2) === 0
        ? []
        : [{ ip, mac }];
    });
}
