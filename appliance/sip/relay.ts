/** The SIP relay: registrations and calls between the phones and their registrar, on the embedded server. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { ServerIdentity } from '../net/authority.ts';
import { ownAddresses } from '../net/card.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { isRestartAnnounced } from '../store/announced-restart.ts';
import type { SessionCount } from '../protocol/media-control.ts';
import { holderOfIp } from '../store/address-holders.ts';
import { openReader, type Reader } from '../store/reader.ts';
import { openVolatileKey } from '../store/volatile-key.ts';
import { openStore, type Store } from '../store/store.ts';
import { tellStart } from '../store/tell-start.ts';
import { version, type Part, type World } from '../world.ts';
import { announceGatewayCalls, hangUpAdopted } from './adopted-call.ts';
import { openAccounts } from './accounts.ts';
import { followAddresses } from './address-follower.ts';
import { openAdoption, type Adoption } from './adoption.ts';
import { newAfterwards } from './afterwards.ts';
import { newCounters, type Application, type SipCounters } from './application.ts';
import { openBindings } from './bindings.ts';
import { hangUp } from './call-end.ts';
import type { CallTable } from './call-table.ts';
import { newDialPlan } from './dial-plan.ts';
import { newDigestServer } from './digest-server.ts';
import { newFlows } from './flows.ts';
import { countersOf, healthOf } from './health.ts';
import type { EvenTime } from './even-time.ts';
import { openHelp } from './help/open.ts';
import { openLadders, type Ladders } from './ladders.ts';
import { ownIdentity, renewIdentity } from './identity.ts';
import { newKeptDialogs } from './kept-dialogs.ts';
import { endForRelay, giveKeys } from './keys-again.ts';
import { openMedia } from './media.ts';
import { hangUpMoved } from './moved-call.ts';
import { newOutages, type Outages } from './outages.ts';
import { handleRequest } from './requests.ts';
import { followRestarts } from './restarts.ts';
import { openSiteLists } from './site-lists.ts';
import { extraTrust, serverOptions } from './server-options.ts';
import { startSipServer } from './srf.ts';
import { sweepBindings } from './sweep.ts';
import { emptyTables } from './tables.ts';

/** Throws when a port can't be had, the store can't be opened, or the site's certificate is missing. */
export async function startSip(world: World, config: Config): Promise<Part> {
  await using starting = new AsyncDisposableStack();
  const { state_directory: directory } = config.site;
  const store = starting.use(beginStore(world, directory));
  const tables = emptyTables(world.clock);
  const { time } = tables;
  const leases = starting.use(openLeases(directory, time));
  const counters = newCounters();
  const onError = (error: unknown) => noteError(world, counters, error);
  const bindings = openBindings(store, { now: time.now(), onError });
  const flows = newFlows(bindings.all());
  const afterwards = starting.use(newAfterwards(world, store, onError));
  const adoption = openAdoption({ store, clock: time, afterwards, onEnded: (call) => app.help.over(call) });
  const ladders = starting.use(laddersOf(world, config, { ...tables, onError }));
  const outages = starting.use(outagesOf(world, config, { store, bindings, onError }));
  const identity = await ownIdentity(world, config.site);
  const plain = starting.use(
    await startSipServer(world, await serverOptions(config, { identity, bindings, ladders }), {
      onRequest: (request) => handleRequest(app, request),
      onError,
    }),
  );
  const keptDialogs = newKeptDialogs(openVolatileKey(process.env['RUNTIME_DIRECTORY']));
  adoption.restore(plain.engine, keptDialogs);
  const prepared = openPreparations(world, config, starting);
  const onGateway = () => announceGatewayCalls(app);
  const needed = { world, config, store, adoption, server: plain, afterwards, onGateway };
  const ways = openHelp({ ...needed, ...tables, ...prepared }, starting);
  const media = starting.use(
    openMedia(world, directory, {
      onIdle: (session) => void onIdle(app, adoption, session).catch(onError),
      onConnected: () => reconcile(app, adoption),
    }),
  );
  const app: Application = {
    world,
    config,
    store,
    bindings,
    flows,
    ladders,
    media,
    counters,
    outages,
    adoption,
    keptDialogs,
    ...ways,
    ...prepared,
    ...tables,
    leaseMac: (address) => leases.mac(address),
  };
  lookAfter(app, starting, { adoption, identity, onError });
  const running = starting.move();
  return {
    health: () => healthOf(app),
    counters: () => countersOf(app, adoption),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function outagesOf(
  world: World,
  config: Config,
  more: Pick<Parameters<typeof newOutages>[0], 'store' | 'bindings' | 'onError'>,
): Outages {
  return newOutages({ world, sip: config.sip, trust: extraTrust(config), ...more });
}

/** What is learned while all is well, for an outage. */
function openPreparations(
  world: World,
  { dial_plan: dialPlan, site }: Config,
  owned: AsyncDisposableStack,
): Pick<Application, 'accounts' | 'dialPlan' | 'digest' | 'lists'> {
  const lists = owned.use(openSiteLists(site.state_directory, world));
  return {
    accounts: owned.use(openAccounts(site.state_directory, world)),
    dialPlan: newDialPlan(dialPlan, lists),
    digest: newDigestServer(randomBytes(32)),
    lists,
  };
}

/** Nobody hears that an answer comes so much later, and calls that come together share their commits. */
const commitPauseMs = 40;

/** A disk that is full, or a file that another program holds, must not keep phones from calling for help: nothing is waited for. */
function beginStore({ log, clock }: World, directory: string): Store {
  const store = openStore({
    directory,
    part: 'sip',
    clock,
    isReplaced: true,
    isSyncedApart: true,
    isSyncFailureTold: true,
    pauseMs: commitPauseMs,
  });
  void tellStart(store, { log, release: version });
  return store;
}

interface Cares {
  readonly adoption: Adoption;
  readonly identity: ServerIdentity;
  readonly onError: (error: unknown) => void;
}

/** What goes on beside the requests. */
function lookAfter(
  app: Application,
  starting: AsyncDisposableStack,
  { adoption, identity, onError }: Cares,
): void {
  const { world, config, server } = app;
  const { engine } = server;
  starting.use(engine.onFlowLost((flow) => void onFlowLost(app, flow).catch(onError)));
  starting.use(sweepBindings(app, onError));
  starting.use(followRestarts(app, onError));
  starting.use(followAddresses(app, onError));
  starting.use(renewIdentity(world, { site: config.site, engine, shown: identity, onError }));
  starting.use(boundAdoption(app, adoption, onError));
  starting.defer(() => hangUpAll(app));
}

/** What a sender got wrong is counted; what we got wrong is told. */
function noteError({ log }: World, counters: SipCounters, error: unknown): void {
  if (error instanceof DecodeError) counters.malformed += 1;
  else {
    counters.errors += 1;
    log.error({ err: error }, 'SIP request failed');
  }
}

function laddersOf(
  world: World,
  { site, sip }: Config,
  { calls, onError }: { calls: CallTable; onError: (error: unknown) => void },
): Ladders {
  return openLadders(world, {
    directory: site.state_directory,
    days: sip.ladder_days,
    isHeld: () => calls.all().some(({ isEmergency }) => isEmergency),
    isLive: (call) => calls.bySession(call) !== undefined,
    onError,
  });
}

/** Leases that the dhcp part gave or relayed; it may not be there, or not yet. */
function openLeases(
  directory: string,
  time: Pick<EvenTime, 'before'>,
): Disposable & { mac(address: string): string | undefined } {
  let reader: Reader | undefined;
  return {
    mac: (address) => {
      try {
        reader ??= openReader(directory, 'dhcp');
        const holder = reader && holderOfIp(reader.db, address, time.before());
        return holder?.evidence === 'informed' ? undefined : holder?.mac;
      } catch {
        // A file of another release, or one that is being made: the phone is known by its address then.
        return undefined;
      }
    },
    [Symbol.dispose]: () => reader?.[Symbol.dispose](),
  };
}

/** Of a phone (`in:tls:10.66.0.23:50123`), or ours to a registrar. */
async function onFlowLost({ bindings, attached, outages }: Application, flow: string): Promise<void> {
  const [, transport, source] = /^in:(tcp|tls):(.+)$/.exec(flow) ?? [];
  if (transport === undefined || source === undefined) {
    const upon = bindings.byFlow(flow);
    await bindings.mark(upon, 'lost', 'connection to the registrar lost');
    if (upon[0] !== undefined) await outages.failed(upon[0].registrar, 'connection lost');
    return;
  }
  const of = bindings.bySource(source, transport);
  for (const { token } of of) attached.delete(token);
  const good = of.filter(({ state }) => state === 'registered');
  await bindings.mark(good, 'late', 'connection of the phone lost');
}

/** How long the media relay has to come up and tell what still flows. */
const adoptionMs = 30_000;

function boundAdoption(app: Application, adoption: Adoption, onError: (error: unknown) => void): Disposable {
  const stop = new AbortController();
  const wait = async () => {
    await app.world.clock.sleep(adoptionMs, stop.signal).catch(() => undefined);
    if (stop.signal.aborted || app.media.isConnected) return;
    await hangUpAdopted(app, adoption.giveUp(), 'media relay gone');
  };
  void wait().catch(onError);
  return { [Symbol.dispose]: () => stop.abort() };
}

async function onIdle(app: Application, adoption: Adoption, session: string): Promise<void> {
  const call = app.calls.bySession(session);
  if (call !== undefined) {
    const own = ownAddresses();
    const reason = 'no media';
    const headers = [{ name: 'Reason', value: `SIP;cause=408;text="${reason}"` }];
    if (Object.values(call.media.addresses).every((address) => own.has(address)))
      await hangUp(app, call, { reason, legs: ['phone', 'cloud'], headers });
    else await hangUpMoved(app, call);
    return;
  }
  const ended = await adoption.onIdle(app.media, session);
  if (ended === undefined) return;
  app.counters.calls_lost += 1;
  await hangUpAdopted(app, [ended], 'no media');
}

/** The relay's sessions and ours: what it lost it is told again, calls whose media is gone end, sessions that nobody knows are let go. */
async function reconcile(app: Application, adoption: Adoption): Promise<void> {
  const gone = await adoption.settle(app.media);
  app.counters.calls_lost += gone.length;
  await hangUpAdopted(app, gone, 'media relay restarted');
  // What is asked for from now on the relay may have yet to make.
  const known = sessionsOf(app);
  const there = await app.media.stats();
  const present = new Set(there.map(({ session }) => session));
  const ours = sessionsOf(app);
  const isKnown = (session: string) => ours.has(session) || adoption.has(session);
  const unknown = Array.from(present).filter((session) => !isKnown(session));
  const isKeyless = ({ session, needsKeys }: SessionCount) => needsKeys === true && isKnown(session);
  // Before all that takes time: until then both ends hear nothing.
  await giveKeys(app, there.filter(isKeyless));
  await Promise.allSettled(unknown.map((session) => app.media.release(session)));
  const isLost = (session: string) => known.has(session) && !present.has(session);
  const broken = app.calls.all().filter((call) => call.state === 'up' && call.media.sessions().some(isLost));
  app.counters.calls_lost += broken.length;
  await Promise.all(broken.map((call) => endForRelay(app, call)));
}

function sessionsOf({ calls }: Application): Set<string> {
  return new Set(calls.all().flatMap(({ media }) => media.sessions()));
}

const goodbyeMs = 1000;

/** Calls outlive nobody who could end them: where the next process takes them over, those that are up go on. */
async function hangUpAll(app: Application): Promise<void> {
  const headers = [{ name: 'Reason', value: 'SIP;cause=503;text="shutdown"' }];
  const calls = app.calls.all();
  // Those that still ring are taken back; what their far end answers then reaches the caller.
  for (const call of calls) if (call.state !== 'up') call.takeBack?.();
  const mayGoOn = isRestartAnnounced(app.config.site.state_directory, app.world.clock.now());
  const toEnd = calls.filter(({ state }) => state !== 'up' || !mayGoOn);
  const ending = toEnd
    .filter(({ state }) => state === 'up')
    .map((call) => hangUp(app, call, { reason: 'shutdown', legs: ['phone', 'cloud'], headers }));
  const stop = new AbortController();
  const late = app.world.clock.sleep(goodbyeMs, stop.signal).catch(() => undefined);
  const over = Promise.allSettled([...ending, ...toEnd.map(({ over }) => over.promise)]);
  await Promise.race([over, late]);
  stop.abort();
}
