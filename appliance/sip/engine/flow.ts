/** A flow (RFC 5626): where a message came from and where its answers and the dialog's requests go. */
import { formatHostPort } from '../../protocol/sip-uri.ts';

export type Transport = 'udp' | 'tcp' | 'tls';

export interface HostPort {
  readonly address: string;
  readonly port: number;
}

export interface Flow {
  /** `in:tls:10.66.0.23:41234` for what came to a listener of ours, the route's `flow` parameter for what we opened. */
  readonly id: string;
  readonly transport: Transport;
  readonly remote: HostPort;
  readonly local: HostPort;
  /** True for a connection that we opened. */
  readonly isOutbound: boolean;
  /** Always true for UDP. */
  readonly isOpen: boolean;
  /** Silent when the flow is gone: the transaction's timers notice. */
  send(bytes: Uint8Array): void;
  /** Streams only: how many messages and keep-alives came. */
  readonly received?: number;
  /** Streams only: a request was sent, so the peer is asked whether it is there when it says nothing for some seconds. */
  expectAnswer?(): void;
  /** Streams only: the peer doesn't answer any more, so the connection is given up. */
  fail?(): void;
  /** UDP only: the same host, another port, for answers to a peer that didn't ask for `rport`. */
  toPort?(port: number): Flow;
}

/** Told of every message that crosses a flow; must neither wait nor throw. */
export type Witness = (direction: 'received' | 'sent', bytes: Uint8Array, flow: Flow) => void;

/** UDP loses messages, so they are repeated; the others don't (RFC 3261 section 17). */
export function isReliable(flow: Flow): boolean {
  return flow.transport !== 'udp';
}

export function inboundFlowId(transport: Transport, remote: HostPort): string {
  return `in:${transport}:${formatHostPort(remote.address, remote.port)}`;
}

/** What began encrypted, with the keys of its media perhaps, goes on nowhere else. */
export function isInClear(flow: Flow, other: Flow): boolean {
  return other.transport === 'tls' && flow.transport !== 'tls';
}

/** Whether a request for a dialog may come this way: over the dialog's own flow, or from the same phone's next connection. */
export function isSameParty(flow: Flow, other: Flow): boolean {
  if (flow.id === other.id) return true;
  return !flow.isOutbound && !other.isOutbound && flow.remote.address === other.remote.address;
}
