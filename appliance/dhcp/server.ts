/** The DHCP server of the phones' networks: a lease is on disk before its ACK leaves. */
import type { Config } from '../config-schema.ts';
import type { UdpPort } from '../net/udp.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { decodeMessage } from '../protocol/dhcp.ts';
import { pruneSent, readLeaseRows } from '../store/leases.ts';
import { openStore } from '../store/store.ts';
import { version, type Health, type Part, type World } from '../world.ts';
import { openCounters } from './counters.ts';
import { decide } from './decision.ts';
import { openLeaving } from './leaving.ts';
import { LeaseWriter } from './lease-writer.ts';
import { networkOf, openNetworks, type Network } from './networks.ts';
import { encodeReply } from './reply.ts';
import { readRequest } from './request.ts';
import { handedOverSocket, openSockets } from './socket.ts';

/** Rejects when no network is described, a socket was not handed over, or the leases can't be opened. */
export async function startDhcpServer(
  world: World,
  config: Config,
  openSocket: (card: string) => Promise<UdpPort> = handedOverSocket,
): Promise<Part> {
  const { clock } = world;
  const log = world.log.child({ part: 'dhcp' });
  const store = openStore({ directory: config.site.state_directory, part: 'dhcp', clock });
  const leaving = openLeaving(config.site.state_directory, clock);
  const networks = openNetworks(config, {
    rows: readLeaseRows(store.db),
    now: clock.now(),
    isLeaving: leaving.isLeaving,
  });
  const sockets = await openSockets(new Set(networks.map(({ card }) => card)), openSocket);
  await store.write((transaction) => {
    pruneSent(transaction.db);
    transaction.journal({ kind: 'started', body: { release: version } });
  });
  const counters = openCounters();
  const writer = new LeaseWriter({ store, clock, log, counters });

  sockets.onError((error, isFirst) => {
    counters.add('send_errors');
    if (isFirst) log.warn({ err: error }, 'an answer could not be sent');
  });
  sockets.onDatagram((bytes, card) => {
    counters.add('received');
    try {
      const request = readRequest(decodeMessage(bytes));
      const network = request && networkOf(request, card, networks);
      if (request === undefined || network === undefined) {
        counters.add(request === undefined ? 'ignored_not_ours' : 'ignored_other_subnet');
        return;
      }
      const decision = decide(request, network, clock.now());
      if (decision.silence !== undefined) counters.add(`ignored_${decision.silence}`);
      const datagram = decision.reply && encodeReply(decision.reply);
      writer.take(decision, datagram && (() => sockets.post(datagram, card, network.card)));
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
    health: () => healthOf(writer.problem() ?? sockets.problem() ?? exhausted(networks, clock.now())),
    counters: () => ({ ...counters.values(), ...useOf(networks) }),
    [Symbol.asyncDispose]: async () => {
      await sockets[Symbol.asyncDispose]();
      await writer[Symbol.asyncDispose]();
      leaving[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

function healthOf(reason: string | undefined): Health {
  return reason === undefined ? { state: 'ok' } : { state: 'degraded', reason };
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
