/** The DHCP server of the phones' networks: a lease is on disk before its ACK leaves. */
import type { Config } from '../config/schema.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { decodeMessage, type DhcpMessage } from '../protocol/dhcp.ts';
import { isProbe } from '../protocol/dhcp-probe.ts';
import { pruneSent, tenuresByEnd } from '../store/leases.ts';
import { brokenAt } from '../store/broken-file.ts';
import { openStore, storeFile, type Store } from '../store/store.ts';
import { journalStart } from '../store/tell-start.ts';
import { version, type Health, type Logger, type Part, type World } from '../world.ts';
import { startConflictCheck } from './conflict-check.ts';
import { openCounters, type Counters } from './counters.ts';
import { decide } from './decision.ts';
import { openLatency, type Latency } from './latency.ts';
import { openLeaving } from './leaving.ts';
import { resumeLeases, startLeaseClock, type LeaseClock } from './lease-clock.ts';
import { mostOnProbation } from './lease-row.ts';
import { flawsOf } from './flaws.ts';
import { tellLeftOut } from './left-out.ts';
import { LeaseWriter } from './lease-writer.ts';
import { MalformedSenders } from './malformed.ts';
import { longestLeaseMs, networkOf, openNetworks, type Network } from './networks.ts';
import { encodeReply } from './reply.ts';
import { readRequest, type ClientRequest } from './request.ts';
import { handedOver, openSockets, type Heard, type Sockets, type SocketSource } from './socket.ts';
import { startWatch, type Watch } from './watch.ts';

/** Rejects when no network is described, a socket was not handed over, or the leases can't be opened; a broken file is no reason. */
export async function startDhcpServer(
  world: World,
  config: Config,
  source: SocketSource = handedOver,
): Promise<Part> {
  const { clock, log } = world;
  const { state_directory: directory } = config.site;
  const store = await beginLeases(world, config);
  const leaving = openLeaving(directory, clock);
  // By then whoever had a lease has renewed it.
  const forgottenUntil = (brokenAt(storeFile(directory, 'dhcp')) ?? -Infinity) + longestLeaseMs(config);
  const networks = openNetworks(config, {
    tenures: tenuresByEnd(store.db),
    now: clock.now(),
    isLeaving: leaving.isLeaving,
    forgottenUntil,
  });
  const sockets = await openSockets(new Set(networks.map((network) => network.card)), source.server);
  const counters = openCounters();
  const writer = new LeaseWriter({ store, clock, log, counters });
  const watch = await startWatch({ world, config, store, counters }, source.client);
  const time = startLeaseClock({ clock, store, log, networks, writer });
  const check = config.dhcp.conflict_check
    ? startConflictCheck({ clock, networks, sockets, time, writer, counters })
    : undefined;

  sockets.onError((error, isFirst) => {
    counters.add('send_errors');
    if (isFirst) log.warn({ err: error }, 'an answer could not be sent');
  });
  const memory = { latency: openLatency(), malformed: new MalformedSenders() };
  const service: Service = { ...memory, counters, log, networks, sockets, time, watch, writer };
  sockets.onDatagram((heard) => receive(heard, service));

  return {
    health: () =>
      healthOf(
        writer.problem() ??
          sockets.problem() ??
          exhausted(networks, time.now()) ??
          watch.problem() ??
          squatted(networks, time.now()) ??
          (time.now() < forgottenUntil ? begunAnew : undefined),
      ),
    counters: () => ({ ...counters.values(), ...useOf(networks), ...waitOf(service.latency) }),
    [Symbol.asyncDispose]: async () => {
      await sockets[Symbol.asyncDispose]();
      await watch[Symbol.asyncDispose]();
      await check?.[Symbol.asyncDispose]();
      await time[Symbol.asyncDispose]();
      await writer[Symbol.asyncDispose]();
      leaving[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

async function beginLeases({ clock, log }: World, config: Config): Promise<Store> {
  const { state_directory: directory } = config.site;
  const store = openStore({ directory, part: 'dhcp', clock, isSyncedApart: true, isReplaced: true });
  await store.write((tx) => {
    pruneSent(tx.db);
    resumeLeases(tx, clock.now(), longestLeaseMs(config));
    journalStart(tx, store, { log, release: version });
  });
  return store;
}

const begunAnew =
  'the leases of before could not be read and begin anew, the broken file is kept beside them; whoever renews keeps its address';

interface Service {
  readonly counters: Counters;
  readonly latency: Latency;
  readonly log: Logger;
  readonly malformed: MalformedSenders;
  readonly networks: readonly Network[];
  readonly sockets: Sockets;
  readonly time: LeaseClock;
  readonly watch: Watch;
  readonly writer: LeaseWriter;
}

function receive(heard: Heard, service: Service): void {
  const { bytes, card: heardOn } = heard;
  const { counters, latency, sockets, time, writer } = service;
  const receivedAt = performance.now();
  counters.add('received');
  time.follow();
  try {
    const asked = askedOf(decodeMessage(bytes), heardOn, service);
    if (typeof asked === 'string') {
      counters.add(`ignored_${asked}`);
      return;
    }
    const { request, network } = asked;
    const decision = decide(request, network, time.now());
    if (decision.silence !== undefined) counters.add(`ignored_${decision.silence}`);
    const datagram = decision.reply && encodeReply(decision.reply);
    if (datagram !== undefined) tellLeftOut(request, datagram, { counters, writer });
    writer.take(
      decision,
      datagram &&
        (() => {
          sockets.post(datagram, heardOn, network.card);
          if (decision.change !== undefined) latency.record(performance.now() - receivedAt);
        }),
    );
  } catch (error) {
    if (error instanceof DecodeError) {
      counters.add('malformed');
      writer.report(service.malformed.entryOf(heard, error, time.now()));
    } else {
      counters.add('errors');
      service.log.error({ err: error }, 'a packet could not be handled');
    }
  }
}

interface Asked {
  readonly request: ClientRequest;
  readonly network: Network;
}

function askedOf(
  message: DhcpMessage,
  heardOn: string,
  { counters, networks, watch, writer }: Service,
): Asked | 'not_ours' | 'other_subnet' | 'held_back' {
  const request = isProbe(message) ? undefined : readRequest(message);
  if (request === undefined) return 'not_ours';
  for (const entry of flawsOf(request)) {
    counters.add('options_unreadable');
    writer.report(entry);
  }
  // Whoever has a lease of ours keeps it; nobody new is drawn away from the other server.
  if (request.kind === 'discover' && watch.holdsBack(heardOn)) return 'held_back';
  const network = networkOf(request, heardOn, networks);
  return network === undefined ? 'other_subnet' : { request, network };
}

function healthOf(reason: string | undefined): Health {
  return reason === undefined ? { state: 'ok' } : { state: 'degraded', reason };
}

/** From a request to the ACK that leaves after its commit. */
function waitOf(latency: Latency) {
  return {
    ack_p50_microseconds: latency.percentile(0.5),
    ack_p99_microseconds: latency.percentile(0.99),
  };
}

function useOf(networks: readonly Network[]) {
  return {
    leases_bound: networks.reduce((sum, { pool }) => sum + pool.bound, 0),
    addresses_free: networks.reduce((sum, { pool }) => sum + pool.free, 0),
  };
}

function exhausted(networks: readonly Network[], now: number): string | undefined {
  const full = networks.filter(({ pool }) => pool.isExhausted(now)).map(({ key }) => key);
  return full.length === 0 ? undefined : `every address of ${full.join(' and ')} is taken`;
}

function squatted(networks: readonly Network[], now: number): string | undefined {
  const many = networks.filter(({ pool }) => pool.probationShare(now) >= mostOnProbation);
  return many.length === 0
    ? undefined
    : `a quarter of the addresses of ${many.map(({ key }) => key).join(' and ')} or more are set aside, ` +
        'since something without a lease uses them: the journal says which (in_use, declined)';
}
