/** Which messages belong to which ladder: by Call-ID, and by who made it up. No I/O, no clock. */
import type { Flow } from './engine/engine.ts';

/** One side of a call, or of a registration. */
export interface Leg {
  /**
   * Address of whoever made up the Call-ID, or name of our connection to a registrar: the same from somebody else is another leg.
   * Left out where we made it up, since nobody can guess it.
   */
  readonly peer?: string;
  readonly callId: string;
}

/** A message as it crossed the wire. */
export interface Seen {
  /** Microseconds since 1970. */
  readonly at: number;
  readonly isSent: boolean;
  readonly bytes: Uint8Array;
  readonly flow: Flow;
}

export type Due = Seen & { readonly ladder: string };

export interface Legs {
  /** Messages of legs that belong to a ladder; the others are held for a while. */
  assign(seen: readonly Seen[]): Due[];
  /** From now on this leg is part of that ladder, and what is held of it is due. */
  join(ladder: string, leg: Leg): Due[];
  /** What is held of these legs, and nothing that comes later. */
  take(ladder: string, legs: readonly Leg[]): Due[];
  /** Forgets what is held too long, or too much, and legs of ladders that ended a while ago. */
  sweep(isLive: (ladder: string) => boolean, now: number): void;
}

/** Longer than a phone waits for the answer to a REGISTER (RFC 3261 timer F), in milliseconds. */
const heldMs = 35_000;
const mostHeld = 2048;

export function newLegs(): Legs {
  const ladders = new Map<string, { readonly ladder: string; goneAt: number | undefined }>();
  const held = newHeld();
  const dueOf = (ladder: string, leg: Leg): Due[] => held.release(leg).map((seen) => ({ ...seen, ladder }));
  return {
    assign: (all) => {
      if (ladders.size === 0) {
        held.addUnsorted(all);
        return [];
      }
      const due: Due[] = [];
      for (const seen of all) {
        const callId = callIdOf(seen.bytes);
        const found = ladders.get(keyOf({ callId })) ?? ladders.get(keyOf({ callId, peer: peerOf(seen) }));
        if (found === undefined) held.add(callId, seen);
        else due.push({ ...seen, ladder: found.ladder });
      }
      return due;
    },
    join: (ladder, leg) => {
      ladders.set(keyOf(leg), { ladder, goneAt: undefined });
      return dueOf(ladder, leg);
    },
    take: (ladder, legs) => legs.flatMap((leg) => dueOf(ladder, leg)),
    sweep: (isLive, now) => {
      held.sweep(now);
      for (const [key, entry] of ladders) {
        entry.goneAt = isLive(entry.ladder) ? undefined : (entry.goneAt ?? now);
        if (entry.goneAt !== undefined && now - entry.goneAt > heldMs) ladders.delete(key);
      }
    },
  };
}

/** Messages that nobody has asked for yet, and most that nobody will: finding their Call-ID costs more than all else here. */
function newHeld() {
  const byCallId = new Map<string, Seen[]>();
  let count = 0;
  let unsorted: Seen[] = [];
  const add = (callId: string, seen: Seen) => {
    const known = byCallId.get(callId);
    if (known === undefined) byCallId.set(callId, [seen]);
    else known.push(seen);
    count += 1;
  };
  const release = ({ callId, peer }: Leg): Seen[] => {
    const all = byCallId.get(callId) ?? [];
    const released = all.filter((seen) => peer === undefined || peer === peerOf(seen));
    count -= released.length;
    if (released.length === all.length) byCallId.delete(callId);
    else
      byCallId.set(
        callId,
        all.filter((seen) => !released.includes(seen)),
      );
    return released;
  };
  const isOld = ({ at }: Seen, now: number) => now - at / 1000 > heldMs;
  return {
    add,
    addUnsorted: (all: readonly Seen[]) => {
      unsorted = [...unsorted, ...all].slice(-mostHeld);
    },
    release: (leg: Leg): Seen[] => {
      for (const seen of unsorted) add(callIdOf(seen.bytes), seen);
      unsorted = [];
      return release(leg);
    },
    sweep: (now: number) => {
      for (const [callId, [first]] of byCallId) {
        if (count <= mostHeld && first !== undefined && !isOld(first, now)) break;
        release({ callId });
      }
      const kept = unsorted.findIndex((seen) => !isOld(seen, now));
      unsorted = kept === -1 ? [] : unsorted.slice(kept);
    },
  };
}

function keyOf({ peer = '', callId }: Leg): string {
  return `${peer} ${callId}`;
}

function peerOf({ flow }: Seen): string {
  return flow.isOutbound ? flow.id : flow.remote.address;
}

const asWeWriteIt = Buffer.from('\r\nCall-ID: ');
const asAnybodyMay = /\r\n(?:call-id|i)[ \t]*:\s*(\S+)/i;

/** Without reading the whole message: most are thrown away again. Empty: it has none. */
function callIdOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = buffer.indexOf(asWeWriteIt);
  if (at === -1) return asAnybodyMay.exec(buffer.toString('latin1'))?.[1] ?? '';
  const start = at + asWeWriteIt.length;
  return buffer.toString('latin1', start, buffer.indexOf('\r\n', start)).trim();
}
