/** Beside another DHCP server: phones that ask for options alone are told what that server doesn't know. */
import type { Config } from '../config/schema.ts';
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';
import type { Endpoint } from '../net/udp.ts';
import type { DhcpMessage } from '../protocol/dhcp.ts';
import { formatIpv4, parseIpv4 } from '../protocol/ipv4.ts';
import { saveInformedPhone } from '../store/informed-phones.ts';
import { openStore } from '../store/store.ts';
import { journalStart } from '../store/tell-start.ts';
import { version, type Clock, type Part, type World } from '../world.ts';
import { openCounters } from './counters.ts';
import { openFactWriter, type FactWriter } from './fact-writer.ts';
import { flawsOf } from './flaws.ts';
import { informAnswer, type InformAnswer } from './inform-answer.ts';
import { openLeaving } from './leaving.ts';
import { openProfiles } from './profile.ts';
import { reading } from './reading.ts';
import { encodeReply } from './reply.ts';
import { openSenderLimits } from './sender-limits.ts';
import { handedOver, type SocketSource } from './socket.ts';
import { toldClient } from './told-client.ts';
import { startWatch } from './watch.ts';

/** A phone asks once a boot, and a few times more where no answer comes. */
const rates = { ofEach: { burst: 5, perSecond: 0.2 }, ofAll: { burst: 2000, perSecond: 500 } };
/** Whoever makes phones up must not fill the journal; each stands in its table all the same. */
const tellRate = { burst: 300, perSecond: 1 };

/** Rejects when the socket was not handed over, or the database can't be opened; a broken file is no reason. */
export async function startInform(
  world: World,
  config: Config,
  source: SocketSource = handedOver,
): Promise<Part> {
  const { clock, log } = world;
  const socket = await source.server(config.dhcp.interface);
  const store = openStore({ directory: config.site.state_directory, part: 'dhcp', clock, isReplaced: true });
  await store.write((tx) => journalStart(tx, store, { log, release: version }));
  const counters = openCounters();
  const isAllowed = openSenderLimits(rates);
  const leaving = openLeaving(config.site.state_directory, clock);
  const policy = {
    serverIdentifier: parseIpv4(config.site.address),
    profiles: openProfiles(config, leaving.isLeaving),
  };
  const facts = openFactWriter({ store, counters, log });
  const told = newTokenBucket(tellRate);
  const watch = await startWatch({ world, config, store, counters }, source.client);

  const answer = (message: DhcpMessage, from: Endpoint) => {
    const answered = informAnswer(message, policy, clock.now());
    if (typeof answered === 'string') {
      counters.add(`ignored_${answered}`);
    } else if (!isAllowed(answered.reply.request.mac, clock.now())) {
      counters.add('ignored_too_many');
    } else {
      const datagram = encodeReply(answered.reply);
      socket.post(datagram.bytes, datagram.to);
      counters.add('acks');
      counters.add('options_left_out', datagram.leftOut.length);
      counters.add('options_unreadable', answered.reply.request.flaws.length);
      if (!isOwnWord(message, from)) {
        counters.add('foreign_addresses');
        return;
      }
      const isTold = takeToken(told, clock.now());
      if (!isTold) counters.add('unreported');
      remember(answered, datagram.leftOut, { facts, clock, isTold });
    }
  };

  socket.onError((error) => {
    counters.add('send_errors');
    log.warn({ err: error }, 'an answer could not be sent');
  });
  socket.onDatagram(reading(counters, answer));

  return {
    health: () => {
      const reason = facts.problem() ?? watch.problem();
      return reason === undefined ? { state: 'ok' } : { state: 'degraded', reason };
    },
    counters: () => counters.values(),
    [Symbol.asyncDispose]: async () => {
      await socket[Symbol.asyncDispose]();
      await watch[Symbol.asyncDispose]();
      await facts.settled();
      leaving[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

interface Remembering {
  readonly facts: FactWriter;
  readonly clock: Clock;
  /** In the journal too. */
  readonly isTold: boolean;
}

/** After the answer, which promises nothing: where two servers answer, the phone takes the first. */
function remember(
  { vendor, profile, reply: { request } }: InformAnswer,
  leftOut: readonly number[],
  { facts, clock, isTold }: Remembering,
): void {
  const ip = request.message.ciaddr;
  const told = (code: number) => (leftOut.includes(code) ? undefined : profile.ofPhone.get(code));
  const phone = { ...toldClient(request, profile, told), vendor, ip };
  facts.write((transaction) => {
    saveInformedPhone(transaction.db, phone, clock.now());
    if (!isTold) return;
    transaction.journal({ kind: 'informed', mac: request.mac, body: { ip: formatIpv4(ip), vendor } });
    for (const entry of flawsOf(request)) transaction.journal(entry);
  });
}

/** A device speaks of its own address from that address; with another's it could pass for its holder. */
function isOwnWord({ ciaddr, giaddr }: DhcpMessage, from: Endpoint): boolean {
  return giaddr !== 0 || from.address === formatIpv4(ciaddr);
}
