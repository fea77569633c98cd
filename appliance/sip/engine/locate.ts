/** Which servers a SIP URI means, in the order to try them: RFC 3263 section 4, RFC 2782 for the order. Pure. */
import type { NaptrRecord, SrvRecord } from '../../net/service-records.ts';
import { isIpLiteral } from '../../protocol/sip-uri.ts';
import type { Transport } from './flow.ts';
import type { Route } from './route.ts';

export interface Hop {
  readonly transport: Transport;
  /** Name or address. */
  readonly host: string;
  readonly port: number;
}

export interface SrvQuestion {
  readonly transport: Transport;
  readonly name: string;
}

/** Best first, for a domain that states no preference. */
const services: readonly { transport: Transport; naptr: string; srv: string }[] = [
  { transport: 'tls', naptr: 'sips+d2t', srv: '_sips._tcp' },
  { transport: 'tcp', naptr: 'sip+d2t', srv: '_sip._tcp' },
  { transport: 'udp', naptr: 'sip+d2u', srv: '_sip._udp' },
];

type Target = Pick<Route, 'scheme' | 'host' | 'port' | 'transport'>;

/** The one server of a URI with an address or a port, for which the name service has no say; undefined for others. */
export function plainHop(target: Target): Hop | undefined {
  return isIpLiteral(target.host) || target.port !== undefined ? hopWithoutRecords(target) : undefined;
}

/** What to ask next. `naptr`: of the domain, looked up only when the URI names no transport. */
export function srvQuestions(target: Target, naptr: readonly NaptrRecord[]): readonly SrvQuestion[] {
  const usable = services.filter(({ transport }) =>
    target.transport === undefined
      ? target.scheme === 'sip' || transport === 'tls'
      : transport === target.transport,
  );
  const named = naptr
    .toSorted((a, b) => a.order - b.order || a.preference - b.preference)
    .flatMap(({ flags, service, replacement }) => {
      const row = usable.find((one) => one.naptr === service.toLowerCase());
      return row === undefined || flags.toLowerCase() !== 's'
        ? []
        : [{ transport: row.transport, name: replacement }];
    });
  if (named.length > 0) return named;
  return usable.map(({ transport, srv }) => ({ transport, name: `${srv}.${target.host}` }));
}

/**
 * `answers`: the SRV records of each question, in its order. Without any the domain itself is the server. Empty when the domain
 * says that it has no SIP servers. `random`: from 0 up to 1.
 */
export function hops(
  target: Target,
  answers: readonly (Pick<SrvQuestion, 'transport'> & { records: readonly SrvRecord[] })[],
  random: () => number,
): Hop[] {
  if (answers.every(({ records }) => records.length === 0)) return [hopWithoutRecords(target)];
  return answers.flatMap(({ transport, records }) =>
    inOrder(records, random)
      .filter(({ name }) => name !== '' && name !== '.')
      .map(({ name, port }) => ({ transport, host: name.toLowerCase(), port })),
  );
}

function hopWithoutRecords({ scheme, host, port, transport }: Target): Hop {
  const used = transport ?? (scheme === 'sips' ? 'tls' : 'udp');
  return { transport: used, host, port: port ?? (used === 'tls' ? 5061 : 5060) };
}

/** By priority; of those with the same one each comes first as often as its weight says. */
function inOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const left = records.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: SrvRecord[] = [];
  while (left.length > 0) {
    const same = left.filter(({ priority }) => priority === left[0]?.priority);
    const total = same.reduce((sum, { weight }) => sum + weight, 0);
    let drawn = random() * total;
    // A weight of nothing is drawn only when nothing else is there, or by a hair.
    const at = same.findIndex(({ weight }) => (drawn -= weight) < 0);
    ordered.push(...left.splice(Math.max(0, at), 1));
  }
  return ordered;
}
