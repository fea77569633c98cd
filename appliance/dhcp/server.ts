/** The DHCP server of one subnet: a lease is on disk before its ACK leaves. */
import type { Config } from '../config-schema.ts';
import type { UdpPort } from '../net/udp.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { decodeMessage } from '../protocol/dhcp.ts';
import { parseCidr, parseIpv4, broadcastAddress } from '../protocol/ipv4.ts';
import { pruneSent, readLeaseRows } from '../store/leases.ts';
import { openStore } from '../store/store.ts';
import { version, type Health, type Part, type World } from '../world.ts';
import { openCounters } from './counters.ts';
import { decide, openPolicy, type Decision, type Policy } from './decision.ts';
import { openLeaving } from './leaving.ts';
import { LeaseWriter } from './lease-writer.ts';
import { Pool, type PoolRange } from './pool.ts';
import { openProfiles } from './profile.ts';
import { encodeReply, type Datagram } from './reply.ts';
import { readRequest } from './request.ts';
import { handedOverSocket } from './socket.ts';

type OpenSocket = (card: string) => Promise<UdpPort>;

/** Rejects when the subnet is not described, the socket was not handed over, or the leases can't be opened. */
export async function startDhcpServer(
  world: World,
  config: Config,
  openSocket: OpenSocket = handedOverSocket,
): Promise<Part> {
  const range = poolRange(config);
  const { clock } = world;
  const log = world.log.child({ part: 'dhcp' });
  const socket = await openSocket(config.dhcp.interface);
  const store = openStore({ directory: config.site.state_directory, part: 'dhcp', clock });
  await store.write((transaction) => {
    pruneSent(transaction.db);
    transaction.journal({ kind: 'started', body: { release: version } });
  });
  const leaving = openLeaving(config.site.state_directory, clock);
  const pool = new Pool(range, readLeaseRows(store.db), clock.now());
  const policy = openPolicy(config, openProfiles(config, leaving.isLeaving));
  const counters = openCounters();
  let sendProblem: string | undefined;
  const send = ({ bytes, to }: Datagram) => {
    sendProblem = undefined;
    socket.post(bytes, to);
  };
  const writer = new LeaseWriter({ store, clock, log, counters, send });

  socket.onError((error) => {
    counters.add('send_errors');
    if (sendProblem === undefined) log.warn({ err: error }, 'an answer could not be sent');
    sendProblem = error.message;
  });
  socket.onDatagram((bytes) => {
    counters.add('received');
    try {
      const decision = answerTo(bytes, { pool, policy, now: clock.now() });
      if (decision.silence !== undefined) counters.add(`ignored_${decision.silence}`);
      writer.take(decision, decision.reply && encodeReply(decision.reply));
    } catch (error) {
      if (error instanceof DecodeError) {
        counters.add('malformed');
        writer.report({ kind: 'malformed', body: { reason: error.message } });
      } else {
        counters.add('errors');
        log.error({ err: error }, 'a packet could not be handled');
      }
    }
  });

  return {
    health: () => healthOf(writer.problem(), sendProblem, pool.isExhausted(clock.now())),
    counters: () => ({ ...counters.values(), leases_bound: pool.bound, addresses_free: pool.free }),
    [Symbol.asyncDispose]: async () => {
      await socket[Symbol.asyncDispose]();
      await writer[Symbol.asyncDispose]();
      leaving[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

function healthOf(unwritten: string | undefined, unsent: string | undefined, isFull: boolean): Health {
  const sending = unsent === undefined ? undefined : `answers can't be sent: ${unsent}`;
  const reason = unwritten ?? sending ?? (isFull ? 'every address of dhcp.pool is taken' : undefined);
  return reason === undefined ? { state: 'ok' } : { state: 'degraded', reason };
}

function answerTo(
  bytes: Uint8Array,
  { pool, policy, now }: { pool: Pool; policy: Policy; now: number },
): Decision {
  const request = readRequest(decodeMessage(bytes));
  return request === undefined ? { silence: 'not_ours' } : decide(request, { pool, policy }, now);
}

/** Each address takes memory from the start. */
const maxPoolSize = 1_000_000;

/** The addresses that phones may get: not the box, its network, or what phones are told of. */
function poolRange({ site, dhcp }: Config): PoolRange {
  const [first, last] = dhcp.pool ?? [];
  if (dhcp.subnet === undefined || first === undefined || last === undefined) {
    throw new Error('dhcp.subnet and dhcp.pool are missing in the settings: DHCP has no addresses to give');
  }
  const subnet = parseCidr(dhcp.subnet);
  const size = parseIpv4(last) - parseIpv4(first) + 1;
  if (size > maxPoolSize) {
    throw new Error(`dhcp.pool has ${size} addresses: name a range of at most ${maxPoolSize}`);
  }
  const taken = [
    site.address,
    broadcastAddress(subnet),
    ...dhcp.routers,
    ...dhcp.dns_servers,
    ...dhcp.ntp_servers,
  ];
  return {
    first: parseIpv4(first),
    last: parseIpv4(last),
    excluded: new Set([subnet.network, ...taken.map(parseIpv4)]),
  };
}
