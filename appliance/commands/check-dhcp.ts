/** What `check` says of other DHCP servers on a card of the phones. Pure. */
import type { Config } from '../config.ts';
import type { Verdict } from './check-verdicts.ts';

export interface FoundServer {
  /** Server identifier. */
  readonly address: string;
  /** Where it sends phones. */
  readonly url?: string | undefined;
}

interface Watched {
  readonly mode: Config['dhcp']['mode'];
  readonly card: string;
  /** Servers that belong there. */
  readonly known: readonly string[];
}

/** `found` may hold ourselves. */
export function dhcpVerdicts(on: Watched, ownAddress: string, found: readonly FoundServer[]): Verdict[] {
  const others = found.filter(({ address }) => address !== ownAddress);
  if (others.length === 0) {
    return [{ area: 'dhcp', state: 'ok', text: `no other DHCP server answers on ${on.card}` }];
  }
  return others.map((server) => ({ area: 'dhcp', ...verdictOn(server, on) }));
}

function verdictOn(
  { address, url }: FoundServer,
  { card, mode, known }: Watched,
): Pick<Verdict, 'state' | 'text'> {
  const to = url === undefined ? '' : `, and sends phones to ${url.slice(0, 120)}`;
  const isKnown = known.includes(address);
  if (mode === 'server') {
    const text = `another DHCP server, ${address}, answers on ${card}${to}: turn one of the two off`;
    return { state: 'problem', text };
  }
  if (mode === 'relay') {
    const text = `a DHCP server, ${address}, answers on ${card} beside the relay${to}: nothing is added to its answers; leave the relay as the only way to a server`;
    return { state: 'problem', text };
  }
  const text = `the DHCP server of ${card} is ${address}${to}; Gatehouse gives out no addresses (dhcp.mode = "${mode}")`;
  if (mode === 'off' || isKnown) return { state: 'ok', text };
  return { state: 'warning', text: `${text}; name it in dhcp.known_servers if it belongs there` };
}
