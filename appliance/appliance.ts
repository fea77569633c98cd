/** Starts the chosen parts in order and keeps writing down how they are; stops them in reverse. */
import type { Config } from './config.ts';
import { openTelemetry } from './store/telemetry.ts';
import type { PartName } from './store/journal-kinds.ts';
import type { Part, World } from './world.ts';

type StartPart = (world: World, config: Config) => Promise<Part>;

/** In start order: facts before those who read them. A part that isn't chosen is never loaded. */
const startPart = {
  dhcp: async (world, config) => (await import('./dhcp/start.ts')).startDhcp(world, config),
  provisioning: async (world, config) =>
    (await import('./provisioning/server.ts')).startProvisioning(world, config),
  rtp: async (world, config) => (await import('./rtp/relay.ts')).startRtpRelay(world, config),
  sip: async (world, config) => (await import('./sip/relay.ts')).startSip(world, config),
  location: async (world, config) => (await import('./location/collector.ts')).startLocation(world, config),
  cloud: async (world, config) => (await import('./cloud/sync.ts')).startCloudSync(world, config),
  web: async (world, config) => (await import('./web/server.ts')).startWeb(world, config),
} satisfies Record<PartName, StartPart>;

/** Resolves when all parts run; throws, with those stopped that had started, when one can't. */
export async function startAppliance(
  world: World,
  config: Config,
  parts: readonly PartName[],
): Promise<AsyncDisposable> {
  await using starting = new AsyncDisposableStack();
  for (const name of parts) {
    const log = world.log.child({ part: name });
    const part = starting.use(await startPart[name]({ ...world, log }, config));
    starting.use(keepReporting({ ...world, log }, config, { name, part }));
    log.info('part started');
  }
  return starting.move();
}

const reportEveryMs = 1000;

function keepReporting(
  world: World,
  config: Config,
  { name, part }: { name: PartName; part: Part },
): AsyncDisposable {
  const telemetry = openTelemetry(config.site.state_directory, name);
  const stop = new AbortController();
  const startedAt = world.clock.now();
  const report = () => {
    try {
      telemetry.report({
        at: world.clock.now(),
        startedAt,
        health: part.health(),
        counters: part.counters(),
      });
    } catch (error) {
      // A full disk must not end a part that can still do its work; the page sees the report grow old.
      world.log.warn({ error: String(error) }, 'status report not written');
    }
  };
  const reporting = (async () => {
    while (!stop.signal.aborted) {
      report();
      await world.clock.sleep(reportEveryMs, stop.signal).catch(() => undefined);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await reporting;
      report();
      telemetry[Symbol.dispose]();
    },
  };
}
