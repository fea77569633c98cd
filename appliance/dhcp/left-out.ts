/** Options that found no room in an answer: nothing is cut in silence. */
import type { Counters } from './counters.ts';
import type { LeaseWriter } from './lease-writer.ts';
import type { Datagram } from './reply.ts';
import type { ClientRequest } from './request.ts';

export function tellLeftOut(
  { mac }: ClientRequest,
  { leftOut }: Datagram,
  { counters, writer }: { counters: Counters; writer: LeaseWriter },
): void {
  if (leftOut.length === 0) return;
  counters.add('options_left_out', leftOut.length);
  writer.report({ kind: 'left_out', mac, body: { options: leftOut.join(',') } });
}
