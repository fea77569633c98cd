/** Which sessions the kernel may carry, and as what. Pure. */
import type { LegName } from '../protocol/media-control.ts';
import type { Flow } from './kernel-rules.ts';
import type { Endpoint, Session } from './session.ts';

/** From the phone, and from the cloud. */
export type FlowPair = readonly [Flow, Flow];

/**
 * Undefined while a side has not been heard yet, or wants no media. T.38 has no header by which rules could tell it, and what goes
 * on to an address of ours (two calls that lead into each other) the kernel would send out by a card.
 */
export function kernelFlows(
  { legs: { phone, cloud } }: Session,
  ours: Readonly<Record<LegName, Endpoint>>,
): FlowPair | undefined {
  const [from, to] = [phone.latched.rtp, cloud.latched.rtp];
  if (from === undefined || to === undefined) return undefined;
  if ([phone, cloud].some(({ remote }) => remote?.port === 0 || remote?.isUdptl === true)) return undefined;
  if ([from, to].some(({ address }) => address === ours.phone.address || address === ours.cloud.address))
    return undefined;
  return [
    { from, at: ours.phone, by: ours.cloud, to },
    { from: to, at: ours.cloud, by: ours.phone, to: from },
  ];
}

export function isSameFlow(a: Flow, b: Flow): boolean {
  return (['from', 'at', 'by', 'to'] as const).every(
    (end) => a[end].address === b[end].address && a[end].port === b[end].port,
  );
}
