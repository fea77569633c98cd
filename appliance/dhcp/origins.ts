/** Whose the addresses are that went through the relay: clients name us as their server, and the server must be told itself. */
import type { RelayedLease } from '../store/relayed-leases.ts';
import type { Origin } from './relay-request.ts';

export interface Origins {
  of(address: number | undefined): Origin | undefined;
  learn(address: number, origin: Origin): void;
}

/** Beyond it those learned longest ago are forgotten: their releases then go to all servers. */
const maxOrigins = 65_536;

export function openOrigins(
  leases: readonly Pick<RelayedLease, 'ip' | 'server' | 'via' | 'expiresAt'>[],
): Origins {
  const origins = new Map<number, Origin>();
  const learn = (address: number, origin: Origin) => {
    origins.delete(address);
    const [oldest] = origins.keys();
    if (oldest !== undefined && origins.size >= maxOrigins) origins.delete(oldest);
    origins.set(address, origin);
  };
  const byEnd = leases.toSorted((a, b) => a.expiresAt - b.expiresAt);
  for (const { ip, server, via } of byEnd) learn(ip, { server, via });
  return { of: (address) => (address === undefined ? undefined : origins.get(address)), learn };
}
