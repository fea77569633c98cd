/** Server-sent events (WHATWG HTML, 9.2) on one answer that stays open. */
import type { FastifyReply } from 'fastify';
import type { News } from './changes.ts';

export interface EventStream {
  tell(news: News): void;
  readonly ended: Promise<void>;
}

/** A browser this far behind is cut off; it comes back by itself and starts afresh. */
const maxBehindBytes = 1024 * 1024;
/** Keeps proxies and our own idle limit from closing a quiet stream. */
export const keepAliveMs = 15_000;

interface StreamRules {
  readonly headers: Readonly<Record<string, string>>;
  /** Asked with each sign of life: who may not read any more is sent away. */
  readonly isWelcome: () => boolean;
}

export function openEventStream(reply: FastifyReply, { headers, isWelcome }: StreamRules): EventStream {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  raw.write('retry: 2000\n\n');
  const keepAlive = setInterval(() => {
    // Who does not read would not let it end.
    if (raw.writableEnded) raw.destroy();
    else if (isWelcome()) raw.write(':\n\n');
    else raw.end();
  }, keepAliveMs);
  // A browser that goes away is no error of ours.
  raw.on('error', () => raw.destroy());
  const ended = new Promise<void>((resolve) => {
    raw.once('close', () => {
      clearInterval(keepAlive);
      resolve();
    });
  });
  return {
    tell: (news) => {
      if (raw.destroyed || raw.writableEnded) return;
      if (raw.writableLength > maxBehindBytes) raw.destroy();
      else raw.write(formatEvent(news));
    },
    ended,
  };
}

/** JSON has no bare line breaks, so one `data:` line holds it. */
export function formatEvent({ event, data }: News): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
