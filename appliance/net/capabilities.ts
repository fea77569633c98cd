/** What this process may do without being root, capabilities(7). */
import { readFileSync } from 'node:fs';
import { lenderSocket } from './borrowing.ts';

const netAdmin = 12n;

/** Whether this process may change the packet filter (CAP_NET_ADMIN), or borrows the right to. */
export function mayAdministerNetwork(): boolean {
  if (lenderSocket() !== undefined) return true;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  return ((BigInt(`0x${effective ?? '0'}`) >> netAdmin) & 1n) === 1n;
}
