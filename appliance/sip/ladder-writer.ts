/** Masks what belongs to a ladder and writes it. A disk that is full, or a file that is broken, costs only the ladders. */
import { SipSyntaxError } from '../protocol/sip-message.ts';
import { formatHostPort } from '../protocol/sip-uri.ts';
import type { FailedRegistration } from '../store/failed-registrations.ts';
import { ladderBounds, openLadderStore, type LadderBatch, type LadderStore } from '../store/ladders.ts';
import type { World } from '../world.ts';
import type { Due } from './ladder-legs.ts';
import { maskedSipMessage } from './masked-message.ts';

interface LadderCounters {
  /** By a disk that is full, or because too much came at once. */
  ladder_messages_lost: number;
  /** What can't be read can't be masked. */
  ladder_messages_unreadable: number;
}

interface LadderWriter {
  write(
    batch: { readonly messages: readonly Due[]; readonly failed: readonly FailedRegistration[] },
    now: number,
  ): void;
}

/** The file is opened with the first batch. */
export function newLadderWriter(
  { log }: Pick<World, 'log'>,
  { directory, days }: { readonly directory: string; readonly days: number },
  counters: LadderCounters,
): LadderWriter {
  let store: LadderStore | undefined;
  let isTold = false;
  return {
    write: ({ messages, failed }, now) => {
      if (messages.length + failed.length === 0) return;
      const masked = messages.flatMap((message) => maskedMessage(message, counters));
      try {
        store ??= openLadderStore(directory, { ...ladderBounds, days });
        store.write({ messages: masked, failed }, now);
        isTold = false;
      } catch (error) {
        counters.ladder_messages_lost += masked.length;
        if (!isTold) log.warn({ error: String(error) }, 'ladders of calls not written');
        isTold = true;
      }
    },
  };
}

function maskedMessage(
  { flow, ladder, at, isSent, bytes }: Due,
  counters: LadderCounters,
): LadderBatch['messages'] {
  try {
    const { isOutbound, transport, local, remote } = flow;
    return [
      {
        ladder,
        at,
        isSent,
        transport,
        party: isOutbound ? 'cloud' : 'phone',
        local: formatHostPort(local.address, local.port),
        remote: formatHostPort(remote.address, remote.port),
        bytes: maskedSipMessage(bytes),
      },
    ];
  } catch (error) {
    if (!(error instanceof SipSyntaxError)) throw error;
    counters.ladder_messages_unreadable += 1;
    return [];
  }
}
