/**
 * The provisioning proxy: phones ask it for their configuration, it asks the cloud, and each later stage comes back to
 * it over HTTPS. Order of a request: `exchange.ts` (who, what), `passage.ts` (up), `giving.ts` (down), `rewrite.ts` (the body).
 */
import type { Config } from '../config/schema.ts';
import { authorityPath } from '../net/authority.ts';
import { shownLanguage } from '../phones/languages.ts';
import { phonesElsewhere } from '../store/box-addresses.ts';
import { openSecrets } from '../store/secrets.ts';
import { openStore } from '../store/store.ts';
import { openTaskView } from '../store/task-view.ts';
import { version, type Health, type Part, type World } from '../world.ts';
import { openAnswers } from './answers.ts';
import { openBox, type Box } from './box.ts';
import { openCloud, type UpstreamNetwork } from './cloud.ts';
import { newCounters, type Context } from './context.ts';
import { newExchange } from './exchange.ts';
import { followFirmwareOrders } from './firmware-orders.ts';
import { openFirmwareStore } from './firmware-store.ts';
import { allowedHosts } from './hosts.ts';
import { openListeners } from './listeners.ts';
import { openLeaseView } from './lease-view.ts';
import { newRefusals } from './move-back.ts';
import { watchRegistrations } from './registration-watch.ts';
import { openRequestLog, type RequestLog } from './request-log.ts';
import type { TemplateProblem } from './site-templates.ts';
import { clockValues, modelValue, numbersForPhones } from './template-values.ts';
import { startPnp } from './pnp.ts';
import { startSyslog } from './syslog.ts';
import { openTemplates } from './templates.ts';

export interface Provisioning extends Part {
  readonly httpPort: number;
  readonly httpsPort: number;
}

interface Surroundings extends UpstreamNetwork {
  /** How long a request's head may take; the listener's own otherwise. */
  readonly headMs?: number;
  /** In place of 514. */
  readonly syslogPort?: number;
}

/** A day is soon enough for renewing certificates; a clock that was set may have more to say. */
const lookEveryMs = 3_600_000;
const landingMs = 5000;
export async function startProvisioning(
  world: World,
  config: Config,
  { headMs, syslogPort, ...network }: Surroundings = {},
): Promise<Provisioning> {
  await using starting = new AsyncDisposableStack();
  const stop = new AbortController();
  const box = await openBox(world, config);
  const context = openContext({ world, config, network, box, signal: stop.signal, owned: starting });
  const listening = { ...box, handle: newExchange(context), headMs };
  const listeners = starting.use(await openListeners(context, listening));
  box.ports = listeners.ports;
  for (const address of box.former) {
    const { ports } = box;
    starting.use(await openListeners(context, { ...listening, address, ports, isFormer: true }));
  }
  const elsewhere = openElsewhere(context, box);
  await context.store.write((tx) => {
    tx.journal({ kind: 'started', body: { release: version } });
  });
  const renewing = renew(world, stop.signal, async () => box.renew());
  starting.use(await startPnp({ ...context, config, httpPort: () => box.ports.http }));
  starting.use(await startSyslog({ ...context, config, port: syslogPort }));
  starting.use(await followFirmwareOrders(context));
  const { firmware, reach, requests, vendors } = context;
  const watching = [reach, vendors, firmware, requests].map((part) => part.watch(stop.signal));
  watching.push(watchRegistrations(context, stop.signal));
  const running = starting.move();
  return {
    httpPort: listeners.ports.http,
    httpsPort: listeners.ports.https,
    health: () => elsewhere() ?? healthOf(context),
    counters: () => ({ ...context.counters, connections_refused: listeners.refused() }),
    [Symbol.asyncDispose]: async () => {
      await landed(context);
      stop.abort();
      await Promise.all([renewing, ...watching]);
      await running[Symbol.asyncDispose]();
    },
  };
}

interface Opening {
  readonly world: World;
  readonly config: Config;
  readonly network: UpstreamNetwork;
  readonly box: Box;
  readonly signal: AbortSignal;
  readonly owned: AsyncDisposableStack;
}

function openContext({ world, config, network, box, signal, owned }: Opening): Context & {
  readonly requests: RequestLog;
} {
  const { site, provisioning, sip, dhcp } = config;
  const emergencyNumbers = numbersForPhones(config);
  const directory = site.state_directory;
  const origins = () => ({
    http: origin('http', box.address, box.ports.http),
    https: origin('https', box.address, box.ports.https),
  });
  const hosts = allowedHosts(site, provisioning);
  const store = owned.use(
    openStore({ directory, part: 'provisioning', clock: world.clock, isSyncedApart: true }),
  );
  const leases = owned.use(openLeaseView(directory, world.clock));
  const counters = newCounters();
  return {
    world,
    site,
    provisioning,
    hosts,
    ...openCloud({ world, config, network, region: hosts.region, store, signal }),
    vendors: openTemplates({ world, directory: provisioning.templates_directory, store, counters }),
    leases,
    refusals: newRefusals(),
    tasks: owned.use(openTaskView(directory, world.clock)),
    store,
    firmware: openFirmwareStore({ world, site, provisioning, store, counters, leases }, signal),
    answers: openAnswers({
      secrets: owned.use(openSecrets(directory, 'provisioning', world.clock)),
      clock: world.clock,
    }),
    counters,
    flights: new Map(),
    requests: openRequestLog(world, store),
    origins,
    authorityAt: (localAddress) => box.identityOf(localAddress).ca,
    overlayValues: ({ mac, model, vendor } = { mac: '' }) => ({
      address: box.address,
      tls_port: sip.tls_port,
      ca_url: `${origins().http}${authorityPath}`,
      ca_pem: box.identityOf(box.address).ca,
      ntp_server: dhcp.ntp_servers[0] ?? '',
      syslog_server: provisioning.syslog ? box.address : (provisioning.syslog_server ?? ''),
      ...clockValues(site.time_zone, world.clock.now()),
      emergency_numbers: emergencyNumbers,
      site_name: site.name,
      language: shownLanguage(site.language ?? 'en', vendor),
      mac,
      model: modelValue(model),
    }),
  };
}

function origin(scheme: 'http' | 'https', address: string, port: number): string {
  return port === (scheme === 'http' ? 80 : 443)
    ? `${scheme}://${address}`
    : `${scheme}://${address}:${port}`;
}

/** Whether phones ask for the box at an address that it does not answer at. Looked at again only while there are some. */
function openElsewhere({ store, world }: Context, { address, former }: Box): () => Health | undefined {
  const lost = () => phonesElsewhere(store.db, address).filter((told) => !former.includes(told.address));
  let found = lost();
  for (const told of found)
    world.log.warn({ address: told.address, phones: told.macs.length }, 'phones ask at another address');
  return () => {
    if (found.length > 0) found = lost();
    const [first] = found;
    if (first === undefined) return undefined;
    const reason = `${first.macs.length} phones were told ${first.address}, where this box does not answer: name it in site.former_addresses and give it to the card`;
    return { state: 'degraded', reason };
  };
}

function healthOf({ reach, provisioning, vendors }: Context): Health {
  if (provisioning.kept_answers_only)
    return { state: 'degraded', reason: 'the settings say that the cloud is not asked (kept_answers_only)' };
  const [unwell] = reach.unwell();
  if (unwell === undefined) return templateHealth(vendors.problems());
  return { state: 'degraded', reason: `${unwell.host} is ${unwell.reason}; phones keep their configuration` };
}

function templateHealth([problem]: readonly TemplateProblem[]): Health {
  if (problem === undefined) return { state: 'ok' };
  const { file, message } = problem;
  return { state: 'degraded', reason: `${file} ${message}; the last good template, or ours, is used` };
}

/** What the cloud is at work on may be an account, which it gives once: a stop waits for it, but not for long. */
async function landed({ flights, world: { clock } }: Context): Promise<void> {
  const waiting = new AbortController();
  const patience = clock.sleep(landingMs, waiting.signal).catch(() => undefined);
  await Promise.race([Promise.allSettled(flights.values()), patience]);
  waiting.abort();
}

async function renew({ clock, log }: World, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(lookEveryMs, signal);
      await work();
    } catch (error) {
      if (!signal.aborted) log.error({ error: String(error) }, 'certificate not renewed');
    }
  }
}
