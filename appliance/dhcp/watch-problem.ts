/** What other servers on a card of the phones mean in each mode, in words for whoever can act on it. Pure. */
import type { Config } from '../config/schema.ts';

interface Seen {
  readonly card: string;
  /** Servers that belong there. */
  readonly known: readonly string[];
  /** Addresses of the servers that answer at present. */
  readonly present: readonly string[];
  readonly isHoldingBack: boolean;
}

export function watchProblem(
  mode: Config['dhcp']['mode'],
  { card, known, present, isHoldingBack }: Seen,
): string | undefined {
  const unknown = present.filter((address) => !known.includes(address));
  if (isHoldingBack && present.length > 0) {
    return `no address is offered, since another DHCP server (${present.join(', ')}) answers on ${card}: turn one of the two off, or set dhcp.authoritative = true`;
  }
  if (mode === 'relay' && present.length > 0) {
    return `a DHCP server (${present.join(', ')}) answers on ${card} beside this relay: phones may take its answers, and nothing is added to those; the relay must be the only way to a server`;
  }
  if (unknown.length > 0) {
    return `an unknown DHCP server (${unknown.join(', ')}) answers on ${card}: turn it off, or name it in dhcp.known_servers`;
  }
  return undefined;
}
