/**
 * What is repeated over every transport, since a proxy on the way may lose it: a 2xx to INVITE (RFC 3261 section 13.3.1.4), and a
 * provisional response that must arrive (RFC 3262 section 3), whose pauses grow without bounds.
 */
import type { Flow } from './flow.ts';
import { t1, t2 } from './timer-values.ts';
import type { Timer, TimerQueue } from './timers.ts';

/** Until `stop` is called; after 64*T1 `onTimeout` is, once. Pauses double up to `longestMs`. */
export function repeatAnswer(
  {
    timers,
    flow,
    bytes,
    longestMs = t2,
  }: { timers: TimerQueue; flow: Flow; bytes: Uint8Array; longestMs?: number },
  onTimeout: () => void,
): { readonly stop: () => void } {
  const repeat = (ms: number): Timer =>
    timers.after(ms, () => {
      next = repeat(Math.min(ms * 2, longestMs));
      flow.send(bytes);
    });
  let next = repeat(t1);
  const stop = () => {
    next.cancel();
    end.cancel();
  };
  const end = timers.after(64 * t1, () => {
    stop();
    onTimeout();
  });
  return { stop };
}
