/** What each phone asked for and got, for people to look at: collected in memory and written once a second. */
import type { HttpRequest } from '../net/http-server.ts';
import {
  prunePhoneRequests,
  savePhoneRequests,
  type PhoneRequest,
  type RequestOutcome,
} from '../store/phone-requests.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import type { Answer } from './context.ts';
import { stageOf, type Upstream } from './hosts.ts';
import { shownPath } from './shown-path.ts';

export interface RequestLog {
  note(asked: Asked): void;
  /** Writes until the signal is aborted, and once more then. Never rejects. */
  watch(signal: AbortSignal): Promise<void>;
}

interface Asked {
  readonly request: Pick<HttpRequest, 'method' | 'isSecure' | 'remoteAddress'>;
  readonly mac: string;
  readonly upstream: Upstream;
  readonly answer: Answer;
  /** Somebody else asked in this phone's name: the path is not shown, so that they can't fill its list. */
  readonly isForeign?: boolean;
}

const writeEveryMs = 1000;
/** Of a second; what comes beyond is not listed. */
const mostWaiting = 4096;

export function openRequestLog({ clock, log }: World, store: Store): RequestLog {
  const waiting = new Map<string, PhoneRequest>();
  const write = async () => {
    if (waiting.size === 0) return;
    const batch = [...waiting.values()];
    waiting.clear();
    await store
      .write((tx) => {
        savePhoneRequests(tx.db, batch);
        prunePhoneRequests(tx.db);
      })
      .catch((error: unknown) => {
        log.error({ error: String(error), requests: batch.length }, 'requests not listed');
      });
  };
  return {
    note: (asked) => {
      const request = rowOf(asked, clock.now());
      const { mac, ip, method, path, isSecure, stage, status, outcome, reason } = request;
      const key = [mac, ip, method, path, isSecure, stage, status, outcome, reason].join(' ');
      const before = waiting.get(key);
      if (before !== undefined)
        waiting.set(key, { ...request, firstAt: before.firstAt, count: before.count + 1 });
      else if (waiting.size < mostWaiting) waiting.set(key, request);
    },
    watch: async (signal) => {
      while (!signal.aborted) {
        await clock.sleep(writeEveryMs, signal).catch(() => undefined);
        await write();
      }
    },
  };
}

function rowOf({ request, mac, upstream, answer, isForeign = false }: Asked, now: number): PhoneRequest {
  const { outcome = outcomeByStatus(answer.status), reason } = answer;
  return {
    mac,
    path: isForeign ? '/…' : shownPath(upstream),
    method: request.method.slice(0, 16),
    isSecure: request.isSecure,
    stage: outcome === 'overlay given' ? 0 : stageOf(upstream),
    status: answer.status,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ip: request.remoteAddress,
    firstAt: now,
    lastAt: now,
    count: 1,
  };
}

/** Answers that the box makes without a word of why. */
function outcomeByStatus(status: number): RequestOutcome {
  if (status === 302) return 'sent to the cloud';
  return status < 300 ? 'upload taken' : 'not here';
}
