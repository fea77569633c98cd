/** Delivers notices of calls for help, each way by itself, again and again until it is through or a day has gone. */
import type { HelpNotice } from '../../store/emergency-calls.ts';
import type { World } from '../../world.ts';
import type { Help } from './help.ts';
import type { NoticeWay } from './notice-ways.ts';

export interface Notices extends AsyncDisposable {
  /** Begins at once. `before`: where a process before us stopped. */
  tell(help: Help, way: NoticeWay, before?: HelpNotice): void;
}

const waits = { firstMs: 1000, mostMs: 300_000, allMs: 86_400_000 } as const;
/** On their way at once; what comes on top is told by nobody, and the evidence says so. */
const maxPending = 500;

export function newNotices({
  world,
  onChange,
}: {
  world: World;
  onChange: (help: Help, notice: HelpNotice) => void;
}): Notices {
  const stop = new AbortController();
  const pending = new Set<Promise<void>>();
  return {
    tell: (help, way, before) => {
      const notice = before ?? {
        by: way.by,
        to: way.to,
        tries: 0,
        isDelivered: false,
        at: world.clock.now(),
      };
      if (before === undefined) help.notices.push(notice);
      if (pending.size >= maxPending) {
        notice.result = 'left out: too many at once';
        return;
      }
      const delivering = deliver({ world, signal: stop.signal, onChange }, { help, way, notice });
      pending.add(delivering);
      void delivering.finally(() => pending.delete(delivering));
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.all(pending);
    },
  };
}

interface Delivering {
  readonly world: World;
  readonly signal: AbortSignal;
  readonly onChange: (help: Help, notice: HelpNotice) => void;
}

/** Never rejects. */
async function deliver(
  { world: { clock, log }, signal, onChange }: Delivering,
  { help, way, notice }: { help: Help; way: NoticeWay; notice: HelpNotice },
): Promise<void> {
  // The clock may be set meanwhile. How long it was tried before a restart only the time of day can tell.
  const triedMs = notice.tries === 0 ? 0 : Math.max(0, clock.now() - help.at);
  const until = clock.monotonic() + waits.allMs - triedMs;
  for (let waitMs: number = waits.firstMs; !signal.aborted; waitMs = Math.min(2 * waitMs, waits.mostMs)) {
    notice.tries += 1;
    try {
      notice.result = await way.send(help, signal);
      notice.isDelivered = true;
    } catch (error) {
      if (signal.aborted) return;
      notice.result = error instanceof Error ? error.message : String(error);
    }
    notice.at = clock.now();
    const isOver = notice.isDelivered || !way.isRepeated || clock.monotonic() > until;
    const facts = { call: help.call, by: way.by, to: way.to, result: notice.result, tries: notice.tries };
    if (notice.isDelivered) log.info(facts, 'notice of an emergency call delivered');
    else log.warn(facts, 'notice of an emergency call not delivered');
    onChange(help, notice);
    if (isOver) return;
    await clock.sleep(waitMs, signal).catch(() => undefined);
  }
}
