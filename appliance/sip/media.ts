/** The application's side of the talk with `rtp`: asks over its Unix socket, and keeps trying to be connected. */
import { connectLines, type LineConnection } from '../net/unix-lines.ts';
import {
  formatControl,
  mediaSocketPath,
  parseMediaAnswer,
  type EarlySources,
  type LegName,
  type MediaReply,
  type MediaRequest,
  type PortPair,
  type Remote,
  type SessionCount,
} from '../protocol/media-control.ts';
import type { LegDescription } from '../protocol/media-description.ts';
import type { World } from '../world.ts';
import { TimerQueue } from './engine/timers.ts';

export interface Media extends AsyncDisposable {
  readonly isConnected: boolean;
  /** Since when there is no connection, ms by a clock that nobody sets; undefined while there is one. */
  readonly awaySince: number | undefined;
  /** Rejects when no ports are to be had or the relay is away. */
  allocate(
    session: string,
    addresses: Readonly<Record<LegName, string>>,
    early?: EarlySources,
  ): Promise<Readonly<Record<LegName, PortPair>>>;
  /** With a description it counts before the far end's address does. */
  update(session: string, leg: LegName, ...to: [Remote, LegDescription?]): Promise<void>;
  describe(session: string, leg: LegName, description: LegDescription): Promise<void>;
  /** Other ports for one leg, at this address of ours. Gives those of both; rejects as `allocate` does. */
  move(session: string, leg: LegName, address: string): Promise<Readonly<Record<LegName, PortPair>>>;
  expect(session: string, media: boolean): Promise<void>;
  /** What it carried. */
  release(session: string): Promise<SessionCount | undefined>;
  stats(): Promise<readonly SessionCount[]>;
}

interface MediaListeners {
  /** The relay ended a session that was silent for too long. */
  readonly onIdle: (session: string) => void;
  /** Connected, for the first time or again. */
  readonly onConnected: () => Promise<void>;
}

type Ask = MediaRequest extends infer Each ? (Each extends MediaRequest ? Omit<Each, 'id'> : never) : never;

interface Waiting {
  resolve(reply: MediaReply & { ok: true }): void;
  reject(error: Error): void;
}

class NoAnswerError extends Error {}

const replyMs = 3000;
const retryMs = { first: 100, last: 2000 };

export function openMedia(world: World, stateDirectory: string, listeners: MediaListeners): Media {
  const path = mediaSocketPath(stateDirectory);
  const waiting = new Map<number, Waiting>();
  const timers = new TimerQueue(world.clock, (err) => world.log.error({ err }, 'a wait for rtp failed'));
  const stop = new AbortController();
  let connection: LineConnection | undefined;
  let awaySince = world.clock.monotonic();
  let lastId = 0;

  const onLine = (line: string) => heard(line, waiting, listeners);
  const lost = () => {
    connection = undefined;
    awaySince = world.clock.monotonic();
    for (const asked of waiting.values()) asked.reject(new Error('media relay: connection lost'));
    waiting.clear();
  };
  const comparing = newComparing(world, listeners);
  const connected = async () => {
    const closed = Promise.withResolvers<undefined>();
    const onClose = () => {
      lost();
      closed.resolve(undefined);
    };
    connection = await connectLines(path, { onLine, onClose });
    world.log.info('media relay connected');
    comparing.begin();
    await closed.promise;
  };
  const running = keepTrying(world, stop.signal, connected);

  const ask = async (request: Ask): Promise<MediaReply & { ok: true }> => {
    const to = connection;
    if (to === undefined) throw new Error('media relay: not connected');
    const id = (lastId += 1);
    const { promise, resolve, reject } = Promise.withResolvers<MediaReply & { ok: true }>();
    waiting.set(id, { resolve, reject });
    const late = timers.after(replyMs, () => {
      waiting.delete(id);
      world.log.warn({ verb: request.verb, ms: replyMs }, 'the media relay does not answer');
      reject(new NoAnswerError(`media relay: no answer to ${request.verb} in ${replyMs} ms`));
    });
    to.send(formatControl({ ...request, id }));
    return await promise.finally(() => late.cancel());
  };
  return {
    get isConnected() {
      return connection !== undefined;
    },
    get awaySince() {
      return connection === undefined ? awaySince : undefined;
    },
    ...verbs(ask),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await connection?.[Symbol.asyncDispose]();
      await running;
      await comparing.over();
      timers[Symbol.dispose]();
    },
  };
}

/** Beside the connection: calls that end may take half a minute to say so, and a relay that goes meanwhile must be missed at once. */
function newComparing({ log }: World, { onConnected }: MediaListeners) {
  let last = Promise.resolve();
  const compare = async (before: Promise<void>) => {
    try {
      await onConnected();
    } catch (error) {
      log.error({ err: error }, 'sessions of the media relay could not be compared');
    }
    await before;
  };
  return {
    begin: () => void (last = compare(last)),
    over: () => last,
  };
}

function heard(line: string, waiting: Map<number, Waiting>, { onIdle }: MediaListeners): void {
  const answer = parseMediaAnswer(line);
  if ('event' in answer) {
    onIdle(answer.session);
    return;
  }
  const asked = waiting.get(answer.id);
  waiting.delete(answer.id);
  if (answer.ok) asked?.resolve(answer);
  else asked?.reject(new Error(`media relay: ${answer.error}`));
}

function verbs(
  ask: (request: Ask) => Promise<MediaReply & { ok: true }>,
): Pick<Media, 'allocate' | 'update' | 'describe' | 'move' | 'expect' | 'release' | 'stats'> {
  return {
    allocate: async (session, addresses, early) => {
      const request = { verb: 'allocate', session, ...addresses, ...(early && { early }) } as const;
      const asked = ask(request).catch((error: unknown) => {
        // It may come to it yet, and would keep ports for nobody.
        if (error instanceof NoAnswerError) void ask({ verb: 'release', session }).catch(() => undefined);
        throw error;
      });
      return portsIn(await asked);
    },
    move: async (session, leg, address) => portsIn(await ask({ verb: 'move', session, leg, address })),
    update: async (session, leg, ...[remote, description]) => {
      await ask({ verb: 'update', session, leg, remote, ...(description && { description }) });
    },
    describe: async (session, leg, description) => {
      await ask({ verb: 'describe', session, leg, description });
    },
    expect: async (session, media) => {
      await ask({ verb: 'expect', session, media });
    },
    release: async (session) => (await ask({ verb: 'release', session })).sessions?.[0],
    stats: async () => (await ask({ verb: 'stats' })).sessions ?? [],
  };
}

function portsIn({ phone, cloud }: MediaReply & { ok: true }): Readonly<Record<LegName, PortPair>> {
  if (phone === undefined || cloud === undefined) throw new Error('media relay: no ports in its answer');
  return { phone, cloud };
}

async function keepTrying(
  { clock, log }: World,
  signal: AbortSignal,
  connected: () => Promise<void>,
): Promise<void> {
  let delay = retryMs.first;
  while (!signal.aborted) {
    try {
      await connected();
      delay = retryMs.first;
    } catch (error) {
      log.debug({ err: error }, 'media relay not there yet');
    }
    await clock.sleep(delay, signal).catch(() => undefined);
    delay = Math.min(delay * 2, retryMs.last);
  }
}
