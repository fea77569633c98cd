/** The admin's map from switch ports and subnets to places. What a neighbour says only ever chooses among its entries. */
import type { LocationConfig } from '../config.ts';
import { contains, parseCidr } from '../protocol/ipv4.ts';
import { relayIdText } from '../protocol/dhcp-relay-ids.ts';
import { parseMac } from '../protocol/mac.ts';

export type WiremapEntry = LocationConfig['wiremap'][number];

export interface Match {
  readonly place: string;
  readonly matched: 'port' | 'chassis' | 'subnet';
  /** What the entry calls the port, where it was found by its circuit-id. */
  readonly port?: string;
}

export interface PortNames {
  readonly chassis: string;
  /** Every way in which the switch names the port: its id and its description. */
  readonly ports: readonly string[];
  /** Of option 82, as hex digits. */
  readonly circuitId?: string | undefined;
}

/** The entry of this very port, by its circuit-id or else by its name; else the one of the whole chassis. */
export function placeOfPort(
  wiremap: readonly WiremapEntry[],
  { chassis, ports, circuitId }: PortNames,
): Match | undefined {
  const entries = wiremap.filter((entry) => entry.chassis !== undefined && isSameId(entry.chassis, chassis));
  const ofCircuit =
    circuitId === undefined
      ? undefined
      : entries.find((entry) => entry.circuit_id !== undefined && isRelayId(entry.circuit_id, circuitId));
  if (ofCircuit !== undefined) {
    const { place, port } = ofCircuit;
    return { place, matched: 'port', ...(port === undefined ? {} : { port }) };
  }
  const ofPort = entries.find(({ port }) => port !== undefined && ports.some((name) => isSameId(port, name)));
  if (ofPort !== undefined) return { place: ofPort.place, matched: 'port' };
  const ofChassis = entries.find(({ port, circuit_id: id }) => port === undefined && id === undefined);
  return ofChassis && { place: ofChassis.place, matched: 'chassis' };
}

/** The most specific subnet that holds the address. */
export function placeOfAddress(wiremap: readonly WiremapEntry[], ip: string): Match | undefined {
  const [best] = wiremap
    .flatMap(({ subnet, place }) => (subnet === undefined ? [] : [{ subnet: parseCidr(subnet), place }]))
    .filter(({ subnet }) => contains(subnet, ip))
    .toSorted((a, b) => b.subnet.prefix - a.subnet.prefix);
  return best && { place: best.place, matched: 'subnet' };
}

/** A MAC in any spelling is the same MAC; anything else must be the same word for word, as Microsoft's service compares it. */
export function isSameId(one: string, other: string): boolean {
  return one === other || (parseMac(one) !== undefined && parseMac(one) === parseMac(other));
}

/** Whether an admin's `named` means these bytes: as text, or as hex digits with whatever between them. */
export function isRelayId(named: string, hex: string): boolean {
  return (
    named === relayIdText(Buffer.from(hex, 'hex')) ||
    named
      .toLowerCase()
      .replace(/^0x/, '')
      .replaceAll(/[:.\-\s]/g, '') === hex
  );
}

/** `SEP001B54945A8B`, `001B54945A8B:P2`, `00:15:65:aa:bb:cc`, `0015.65aa.bbcc`: the first MAC that stands in a name. */
export function macInText(text: string): string | undefined {
  const found =
    /(?<![0-9a-f])(?:[0-9a-f]{12}|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4})(?![0-9a-f])/i.exec(
      text,
    );
  return found === null ? undefined : parseMac(found[0]);
}
