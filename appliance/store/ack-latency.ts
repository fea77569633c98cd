/** How long clients of DHCP wait for an ACK, from the request to the datagram that leaves after its commit. */
import type { PartStatus } from './site-status.ts';

export interface AckLatency {
  readonly p50Microseconds: number;
  readonly p99Microseconds: number;
}

/** Of the present run; undefined before its first ACK, and in modes that give no leases. */
export function ackLatency(parts: readonly PartStatus[]): AckLatency | undefined {
  const counters = parts.find(({ name, isRunning }) => name === 'dhcp' && isRunning)?.counters;
  const { ack_p50_microseconds: p50 = 0, ack_p99_microseconds: p99 = 0 } = counters ?? {};
  return p50 === 0 ? undefined : { p50Microseconds: p50, p99Microseconds: p99 };
}
