/** What is written about an address: given to a client, or found in use by something else. */
import type { LeaseRow, Tenure } from '../store/leases.ts';
import type { Profile } from './profile.ts';
import type { ClientRequest } from './request.ts';

/** `extended` as `saved`, but where the client is stays as it was told before; `snooped` where a relay told it. */
export interface RowWrite {
  readonly as: 'saved' | 'extended' | 'snooped';
  readonly row: LeaseRow;
}

interface Grant {
  readonly request: ClientRequest;
  readonly profile: Profile;
  /** What is known of the address. */
  readonly before: Tenure | undefined;
  readonly now: number;
}

/** True when the client has this very lease already. */
export function isRunning(lease: Tenure | undefined, client: string, now: number): lease is Tenure {
  return lease?.client === client && lease.state === 'bound' && lease.expires_at > now;
}

export function boundWrite({ request, profile, before, now }: Grant, ip: number, leaseMs: number): RowWrite {
  const running = isRunning(before, request.client, now) ? before : undefined;
  const { clientIdentifier, relay, message } = request;
  // A renewal comes past the relay: where that said the client is still holds, whatever a switch on the way adds.
  const renewed = request.kind === 'extending' && message.giaddr === 0 ? running : undefined;
  const isKept = relay === undefined || (renewed?.giaddr ?? null) !== null;
  const place = isKept ? renewed : undefined;
  const row: LeaseRow = {
    ip,
    client: request.client,
    mac: request.mac,
    client_id: hexOf(clientIdentifier),
    vendor: profile.phone?.vendor ?? null,
    vendor_class: profile.vendorClass ?? null,
    hostname: request.hostName ?? null,
    started_at: running?.started_at ?? now,
    expires_at: now + leaseMs,
    state: 'bound',
    circuit_id: place?.circuit_id ?? hexOf(relay?.circuitId),
    remote_id: hexOf(relay?.remoteId),
    giaddr: place?.giaddr ?? (message.giaddr || null),
    acked_at: now,
    // Who renews has had it for itself all the while.
    declines: request.kind === 'extending' ? 0 : (before?.declines ?? 0),
    in_use_by: null,
    sent: profile.sent,
  };
  if (renewed === undefined) return { as: 'saved', row };
  return { as: relay === undefined ? 'extended' : 'snooped', row };
}

/** Of a network's addresses: invented MACs, or a router that answers ARP for everybody, must not take away all of them. */
export const mostOnProbation = 0.25;

const firstProbationMs = 3_600_000;
const longestProbationMs = 86_400_000;

/** How long nobody gets an address that was found in use that often in a row: an hour, two, four, at last a day. */
export function probationMs(declines: number): number {
  return Math.min(longestProbationMs, firstProbationMs * 2 ** Math.min(declines - 1, 10));
}

/** `mac` is who declined it. */
export function probationRow(
  { ip, mac }: Pick<LeaseRow, 'ip' | 'mac'>,
  before: Pick<Tenure, 'declines'> | undefined,
  now: number,
): LeaseRow {
  const declines = (before?.declines ?? 0) + 1;
  return {
    ip,
    client: null,
    mac,
    client_id: null,
    vendor: null,
    vendor_class: null,
    hostname: null,
    started_at: now,
    expires_at: now + probationMs(declines),
    state: 'declined',
    circuit_id: null,
    remote_id: null,
    giaddr: null,
    acked_at: null,
    declines,
    in_use_by: null,
    sent: '{}',
  };
}

/** `mac` is who was found to use it without a lease. */
export function squattedRow(
  address: Pick<LeaseRow, 'ip' | 'mac'>,
  before: Pick<Tenure, 'declines'> | undefined,
  now: number,
): LeaseRow {
  return { ...probationRow(address, before, now), in_use_by: address.mac };
}

/** The client has it no longer, and the next may. */
export function declinedRow(
  address: Pick<LeaseRow, 'ip' | 'mac'>,
  before: Pick<Tenure, 'declines'> | undefined,
  now: number,
): LeaseRow {
  return { ...probationRow(address, before, now), expires_at: now, declines: before?.declines ?? 0 };
}

/** Null for what isn't there. */
export function hexOf(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined
    ? null
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
