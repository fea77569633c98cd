/** LLDP and CDP on the box's own card: frames in, a bounded table of neighbours out. */
import { openCapture, type CaptureOptions } from '../net/capture.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { readNeighbors, type Neighbor } from '../store/neighbors.ts';
import type { Store } from '../store/store.ts';
import type { Health, World } from '../world.ts';
import { decodeNeighborFrame } from './frames.ts';
import { neighborSaver } from './neighbor-saver.ts';
import { expireNeighbors, hear, newNeighborTable, type NeighborTable } from './neighbors.ts';
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';

export interface Listener extends AsyncDisposable {
  health(): Health;
  counters(): Readonly<Record<string, number>>;
  neighbors(): readonly Neighbor[];
}

interface Needs {
  readonly world: World;
  readonly store: Store;
  readonly interface: string;
  /** After the table changed. */
  readonly onChange: () => void;
  /** For tests. */
  readonly program?: CaptureOptions['program'];
}

/** LLDP tagged or not; CDP before it, since `vlan` moves the offsets of what follows. */
const filter = 'ether dst 01:00:0c:cc:cc:cc or ether proto 0x88cc or (vlan and ether proto 0x88cc)';
/** A neighbour speaks every 5 to 30 s. */
const [framesPerSecond, frameBurst] = [100, 200];
const saveEveryMs = 1000;

export function startListener(needs: Needs): Listener {
  const { world, store } = needs;
  const { clock, log } = world;
  const table = newNeighborTable(needs.interface, readNeighbors(store.db, clock.now()));
  const counters = {
    frames: 0,
    frames_over_rate: 0,
    malformed: 0,
    tlvs_dropped: 0,
    neighbors_refused: 0,
    errors: 0,
  };
  const stop = new AbortController();
  const save = neighborSaver(store, table);
  const keep = async () => {
    let overRate = 0;
    while (!stop.signal.aborted) {
      await clock.sleep(saveEveryMs, stop.signal).catch(() => undefined);
      if (expireNeighbors(table, clock.now()).length > 0) needs.onChange();
      try {
        await save(clock.now(), { isFlooded: counters.frames_over_rate > overRate });
        overRate = counters.frames_over_rate;
      } catch (error) {
        counters.errors += 1;
        log.error({ error: String(error) }, 'neighbours not written');
      }
    }
  };
  const keeping = keep();
  const onPacket = frameSink(needs, table, counters);
  const { interface: card, program } = needs;
  const capture = openCapture({
    interface: card,
    filter,
    clock,
    log,
    onPacket,
    ...(program ? { program } : {}),
  });

  return {
    health: () => capture.health(),
    counters: () => ({ ...counters, neighbors: table.byKey.size, capture_restarts: capture.restarts() }),
    neighbors: () => [...table.byKey.values()],
    [Symbol.asyncDispose]: async () => {
      await capture[Symbol.asyncDispose]();
      stop.abort();
      await keeping;
    },
  };
}

type FrameCounters = Record<
  'frames' | 'frames_over_rate' | 'malformed' | 'tlvs_dropped' | 'neighbors_refused' | 'errors',
  number
>;

/** What a frame brings into the table; nothing that it holds can end the part. */
function frameSink(
  { world, onChange }: Needs,
  table: NeighborTable,
  counters: FrameCounters,
): CaptureOptions['onPacket'] {
  const bucket = newTokenBucket({ burst: frameBurst, perSecond: framesPerSecond });
  return ({ bytes }) => {
    counters.frames += 1;
    const now = world.clock.now();
    if (!takeToken(bucket, now)) {
      counters.frames_over_rate += 1;
      return;
    }
    try {
      const heard = decodeNeighborFrame(bytes);
      counters.tlvs_dropped += heard.droppedTlvs;
      const { kind } = hear(table, heard, now);
      if (kind === 'refused') counters.neighbors_refused += 1;
      if (kind === 'appeared' || kind === 'changed' || kind === 'left') onChange();
    } catch (error) {
      if (error instanceof DecodeError) {
        counters.malformed += 1;
        world.log.debug({ reason: error.message }, 'frame dropped');
      } else {
        counters.errors += 1;
        world.log.error({ error: String(error) }, 'frame not handled');
      }
    }
  };
}
