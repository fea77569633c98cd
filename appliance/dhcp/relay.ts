/** DHCP relay between the phones' card and the servers that the settings name; adds what phones need to their answers. */
import type { Config } from '../config/schema.ts';
import { cardMac } from '../net/card.ts';
import type { UdpPort } from '../net/udp.ts';
import type { DhcpMessage } from '../protocol/dhcp.ts';
import { readOption } from '../protocol/dhcp-options.ts';
import { isProbe } from '../protocol/dhcp-probe.ts';
import { formatIpv4 } from '../protocol/ipv4.ts';
import {
  endRelayedLease,
  extendRelayedLease,
  pruneRelayedLeases,
  readRelayedLeases,
  saveRelayedLease,
} from '../store/relayed-leases.ts';
import { openStore } from '../store/store.ts';
import { journalStart } from '../store/tell-start.ts';
import { version, type Part, type World } from '../world.ts';
import { openCounters, type Counters } from './counters.ts';
import { openFactWriter, type FactWriter } from './fact-writer.ts';
import { flawsOf } from './flaws.ts';
import { hexOf } from './lease-row.ts';
import { openLeaving } from './leaving.ts';
import { openOrigins, type Origins } from './origins.ts';
import { openPending, type Pending } from './pending.ts';
import { openProfiles } from './profile.ts';
import { reading } from './reading.ts';
import { openRelayPolicy, type RelayPolicy } from './relay-policy.ts';
import { relayReply, type RelayedReply } from './relay-reply.ts';
import { relayRequest } from './relay-request.ts';
import { readRequest, type ClientRequest } from './request.ts';
import { openSenderLimits, type SenderLimits } from './sender-limits.ts';
import { handedOver, type SocketSource } from './socket.ts';
import { toldClient } from './told-client.ts';
import { startWatch } from './watch.ts';

/** What all requests and answers share. */
interface Scene {
  readonly world: World;
  readonly policy: RelayPolicy;
  readonly phones: UdpPort;
  readonly uplink: UdpPort;
  readonly counters: Counters;
  readonly facts: FactWriter;
  readonly pending: Pending;
  readonly origins: Origins;
  readonly isAllowed: SenderLimits;
  readonly servers: ServerSilence;
}

const rates = { ofEach: { burst: 20, perSecond: 2 }, ofAll: { burst: 4000, perSecond: 1000 } };
const serverPort = 67;

/** Rejects when a socket was not handed over, the card has no MAC, or the database can't be opened. */
export async function startRelay(
  world: World,
  config: Config,
  source: SocketSource = handedOver,
): Promise<Part> {
  const { clock, log } = world;
  const { interface: card, relay } = config.dhcp;
  const { state_directory: directory } = config.site;
  const mac = cardMac(card);
  if (mac === undefined) throw new Error(`there is no network card "${card}" (dhcp.interface)`);
  await using opening = new AsyncDisposableStack();
  const store = opening.use(openStore({ directory, part: 'dhcp', clock, isReplaced: true }));
  await store.write((transaction) => {
    pruneRelayedLeases(transaction.db, clock.now());
    journalStart(transaction, store, { log, release: version });
  });
  const counters = openCounters();
  const facts = openFactWriter({ store, counters, log });
  opening.defer(() => facts.settled());
  const leaving = opening.use(openLeaving(directory, clock));
  const watch = opening.use(await startWatch({ world, config, store, counters }, source.client));
  const phones = opening.use(await source.server(card));
  const uplinkCard = relay.uplink ?? card;
  const uplink = uplinkCard === card ? phones : opening.use(await source.server(uplinkCard));
  const scene: Scene = {
    world,
    policy: openRelayPolicy(config, mac, openProfiles(config, leaving.isLeaving)),
    phones,
    uplink,
    counters,
    facts,
    pending: openPending(),
    origins: openOrigins(readRelayedLeases(store.db)),
    isAllowed: openSenderLimits(rates),
    servers: watchSilence(),
  };
  const unsent = serve(scene);
  const opened = opening.move();
  return {
    health: () => {
      const reason = facts.problem() ?? unsent() ?? scene.servers.problem(clock.now()) ?? watch.problem();
      return reason === undefined ? { state: 'ok' } : { state: 'degraded', reason };
    },
    counters: () => ({ ...counters.values(), requests_pending: scene.pending.size }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Answers may come back by either card; requests only from the phones'. Returns why something can't be sent at present. */
function serve(scene: Scene): () => string | undefined {
  const { phones, uplink, counters, world } = scene;
  let problem: string | undefined;
  const failed = (error: Error) => {
    counters.add('send_errors');
    if (problem === undefined) world.log.warn({ err: error }, 'a message could not be passed on');
    problem = error.message;
  };
  for (const socket of new Set([phones, uplink])) socket.onError(failed);
  phones.onDatagram(
    reading(counters, (message, from) => {
      problem = undefined;
      if (message.op === 'request') passRequest(message, scene);
      else passReply(message, from.address, scene);
    }),
  );
  if (uplink !== phones) {
    uplink.onDatagram(
      reading(counters, (message, from) => {
        if (message.op === 'request') counters.add('ignored_wrong_card');
        else passReply(message, from.address, scene);
      }),
    );
  }
  return () => problem && `messages can't be passed on: ${problem}`;
}

function passRequest(message: DhcpMessage, scene: Scene): void {
  const { policy, uplink, counters, pending, origins, world } = scene;
  const now = world.clock.now();
  const request = isProbe(message) ? undefined : readRequest(message);
  if (request === undefined) return counters.add('ignored_not_ours');
  if (!scene.isAllowed(request.mac, now)) return counters.add('ignored_too_many');
  const relayed = relayRequest(request, policy, origins.of(request.address));
  if (typeof relayed === 'string') return counters.add(`ignored_${relayed}`);
  if (relayed.isOurs) pending.add({ request, isOverridden: relayed.isOverridden }, now);
  if (request.kind === 'discover') scene.servers.asked(now);
  for (const address of relayed.to) uplink.post(relayed.bytes, { address, port: serverPort });
  counters.add('requests_relayed');
  if (request.flaws.length > 0) counters.add('options_unreadable', request.flaws.length);
  if (request.kind === 'release' || request.kind === 'decline') forget(request, scene);
}

function passReply(message: DhcpMessage, from: string, scene: Scene): void {
  const { policy, phones, counters, pending, world } = scene;
  const now = world.clock.now();
  if (!policy.servers.includes(from)) return counters.add('ignored_unknown_server');
  if (message.giaddr !== policy.giaddr) return counters.add('ignored_other_relay');
  const asked = pending.find(message, now);
  const reply = asked && relayReply(message, asked, { policy, now });
  if (asked === undefined || reply === undefined) return counters.add('ignored_unasked');
  scene.servers.answered();
  phones.post(reply.bytes, reply.to);
  counters.add(`${reply.type}s_relayed`);
  if (reply.leftOut.length > 0) counters.add('options_left_out', reply.leftOut.length);
  learn({ message, from, request: asked.request, reply }, scene);
}

interface Answered {
  readonly message: DhcpMessage;
  readonly from: string;
  readonly request: ClientRequest;
  readonly reply: RelayedReply;
}

function learn({ message, from, request, reply }: Answered, scene: Scene): void {
  const { origins, facts, world } = scene;
  const { yiaddr: ip } = message;
  const { server, type, profile, added } = reply;
  if (type === 'nak') return forget(request, scene);
  if (ip === 0 || server === undefined) return;
  origins.learn(ip, { server, via: from });
  if (type !== 'ack') return;
  const { mac, relay } = request;
  const now = world.clock.now();
  const seconds = readOption(message.options, 'leaseTime') ?? 0;
  const told = (code: number) => (added.includes(code) ? profile.ofPhone : message.options).get(code);
  const lease = {
    ...toldClient(request, profile, told),
    circuitId: hexOf(relay?.circuitId),
    remoteId: hexOf(relay?.remoteId),
    ip,
    server,
    via: from,
    startedAt: now,
    ackedAt: now,
    expiresAt: now + seconds * 1000,
  };
  // A renewal is sent to the box itself, past what a switch puts into broadcasts.
  const save = request.kind === 'extending' && relay === undefined ? extendRelayedLease : saveRelayedLease;
  facts.write((transaction) => {
    save(transaction.db, lease);
    transaction.journal({
      kind: request.kind === 'extending' ? 'relayed_renewal' : 'relayed',
      mac,
      body: {
        ip: formatIpv4(ip),
        server: formatIpv4(server),
        vendor: profile.phone?.vendor,
        model: profile.phone?.model,
        added: added.join(','),
      },
    });
    for (const entry of flawsOf(request)) transaction.journal(entry);
  });
}

/** It gave its address back, declined it, or was told that it is not its own. */
function forget({ mac, address }: ClientRequest, { facts, world }: Scene): void {
  if (address === undefined) return;
  facts.write((transaction) => {
    if (!endRelayedLease(transaction.db, { ip: address, mac }, world.clock.now())) return;
    transaction.journal({ kind: 'relayed_end', mac, body: { ip: formatIpv4(address) } });
  });
}

interface ServerSilence {
  asked(now: number): void;
  answered(): void;
  problem(now: number): string | undefined;
}

/** Clients ask several times in this time. */
const silenceMs = 30_000;

function watchSilence(): ServerSilence {
  let since: number | undefined;
  return {
    asked: (now) => (since ??= now),
    answered: () => (since = undefined),
    problem: (now) =>
      since !== undefined && now - since > silenceMs
        ? 'no server of dhcp.relay.servers answers: is there a way to them, and one back to this box?'
        : undefined,
  };
}
