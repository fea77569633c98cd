/** Whom DHCP left without what they asked for, and why, in words. */
import { all, type Database } from './database.ts';

export interface Refusal {
  readonly mac?: string;
  /** The address it was about. */
  readonly ip?: string;
  readonly words: string;
  /** ms since 1970; `count` times until `until`. */
  readonly at: number;
  readonly until: number;
  readonly count: number;
}

interface RefusalRow {
  readonly at: number;
  readonly kind: 'refused' | 'declined' | 'in_use';
  readonly mac: string | null;
  readonly body: string;
  readonly count: number;
  readonly until: number;
}

/** The journal has no index by kind: older rows than these are not looked through. */
const rowsLookedThrough = 20_000;

/** The newest first. */
export function readRefusals(db: Database, limit: number): Refusal[] {
  const rows = all<RefusalRow>(
    db,
    `SELECT at, kind, mac, body, count, until FROM journal
       WHERE seq > (SELECT coalesce(max(seq), 0) FROM journal) - ? AND kind IN ('refused', 'declined', 'in_use')
       ORDER BY seq DESC LIMIT ?`,
    [rowsLookedThrough, limit],
  );
  return rows.map(({ at, kind, mac, body, count, until }) => {
    const { ip, reason } = JSON.parse(body) as { ip?: string; reason?: string };
    return {
      words: kind === 'refused' ? refusalWords(reason ?? '') : kindWords[kind],
      at,
      until,
      count,
      ...(mac === null ? {} : { mac }),
      ...(ip === undefined ? {} : { ip }),
    };
  });
}

const kindWords = {
  declined:
    'It found its address in use by something else, and asks for another; nobody gets that one for a while.',
  in_use: 'It uses an address of ours without a lease: nobody gets that one for a while.',
} as const;

/** By the reason that the server journals. */
const reasonWords = {
  'not a known phone': 'It is no phone that is known here, and only phones get addresses (dhcp.phones_only).',
  'no address is left':
    'No address is left in its network: give it more of them, or shorter leases (dhcp.lease_seconds).',
  'address is not available':
    'The address that it asked for belongs to another device: it asks anew and gets one of its own.',
  'address is of another network':
    'It asked for an address of another network, as after a move: it asks anew and gets one of this.',
  'address is not yours': 'It asked for an address that is not its own: it asks anew.',
  'asks too often': 'It asks more often than a device that works does (dhcp.limits).',
  'its switch port has too many leases':
    'Its switch port has as many leases as one may have (dhcp.limits.leases_per_circuit).',
  'declined too many addresses': 'It declined one address after the other: it is broken, or up to no good.',
} as const;

export type RefusalReason = keyof typeof reasonWords;

const wordsByReason: Readonly<Record<string, string>> = reasonWords;

/** A reason of another release stands for itself. */
export function refusalWords(reason: string): string {
  return wordsByReason[reason] ?? `It was refused: ${reason}.`;
}
