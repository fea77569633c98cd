/** Requests that were passed on and may be answered yet: nothing else goes to a client. */
import { formatMac } from '../protocol/mac.ts';
import type { DhcpMessage } from '../protocol/dhcp.ts';
import type { Asked } from './relay-reply.ts';

export interface Pending {
  add(asked: Asked, now: number): void;
  /** What this message answers. It stays: several servers may answer a DISCOVER. */
  find(message: DhcpMessage, now: number): Asked | undefined;
  readonly size: number;
}

const maxPending = 10_000;
/** Clients ask again long before. */
const answerWithinMs = 60_000;

export function openPending(): Pending {
  const entries = new Map<string, { readonly asked: Asked; readonly until: number }>();
  return {
    add: (asked, now) => {
      const key = keyOf(asked.request.message);
      entries.delete(key);
      const [oldest] = entries.keys();
      if (oldest !== undefined && entries.size >= maxPending) entries.delete(oldest);
      entries.set(key, { asked, until: now + answerWithinMs });
    },
    find: (message, now) => {
      const entry = entries.get(keyOf(message));
      return entry !== undefined && now < entry.until ? entry.asked : undefined;
    },
    get size() {
      return entries.size;
    },
  };
}

function keyOf({ xid, chaddr }: DhcpMessage): string {
  return `${xid} ${formatMac(chaddr)}`;
}
