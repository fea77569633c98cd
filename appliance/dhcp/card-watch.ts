/** Watches one card for other DHCP servers: listens on port 68, and asks now and then. Takes no address. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { cardMac, ownAddresses } from '../net/card.ts';
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';
import type { UdpPort } from '../net/udp.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { decodeMessage } from '../protocol/dhcp.ts';
import { encodeProbe } from '../protocol/dhcp-probe.ts';
import {
  readOtherServers,
  saveCardWatch,
  saveOtherServer,
  type OtherServer,
} from '../store/other-servers.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import type { Counters } from './counters.ts';
import { openFactWriter, type FactWriter } from './fact-writer.ts';
import { openSightings, sightingIn, type Probed, type Sightings } from './sightings.ts';
import { watchProblem } from './watch-problem.ts';

export interface CardWatch extends AsyncDisposable {
  /** See `Watch`. */
  holdsBack(): boolean;
  problem(): string | undefined;
}

export interface WatchNeeds {
  readonly world: World;
  readonly config: Config;
  readonly store: Store;
  readonly counters: Counters;
  /** Ethernet address of a card; left out: as the kernel says. */
  readonly macOf?: (card: string) => string | undefined;
}

/** Clients wait longer than this before they ask again. */
const startWaitMs = 2000;
/** dnsmasq tries an address for three seconds before it offers it. */
const listenMs = 5000;
/** While offers are held back: how soon the other one's end is noticed. */
const heldBackEveryMs = 30_000;
/** Without probes a server is gone when it told nobody anything for so long. */
const silenceMs = 3_600_000;
const silenceEveryMs = 600_000;
/** Answers of other servers that are read; a flood is not worth more. */
const readRate = { burst: 100, perSecond: 50 };
const broadcast = { address: '255.255.255.255', port: 67 };

interface Watched {
  readonly card: string;
  /** Server identifiers that belong there. */
  readonly known: readonly string[];
  /** Port 68 of the card; without one nothing is watched, which is said once and stands in the status. */
  readonly socket: UdpPort | undefined;
}

export function startCardWatch(needs: WatchNeeds, { card, known, socket }: Watched): CardWatch {
  const { macOf = cardMac } = needs;
  const mac = macOf(card);
  if (socket !== undefined && mac !== undefined) return new ServerWatch(needs, { card, known, mac, socket });
  const facts = openFactWriter({ ...needs, log: needs.world.log });
  facts.write(({ db }) => saveCardWatch(db, { card, isOn: false }));
  needs.world.log.warn(
    `other DHCP servers are not looked for on ${card}: nobody handed over a socket "dhcp-client=${card}" (with-sockets dhcp-client=${card}:udp:68)`,
  );
  return {
    holdsBack: () => false,
    problem: () => facts.problem(),
    [Symbol.asyncDispose]: () => facts.settled(),
  };
}

interface Listening extends Watched {
  readonly socket: UdpPort;
  readonly mac: string;
}

class ServerWatch implements CardWatch {
  readonly #needs: WatchNeeds;
  readonly #on: Listening;
  readonly #facts: FactWriter;
  readonly #sightings: Sightings;
  readonly #stop = new AbortController();
  /** By the even clock, as all that is compared here. */
  readonly #startedAt: number;
  readonly #readBucket = newTokenBucket(readRate);
  readonly #watching: Promise<void>;
  #ownAddresses = ownAddresses();
  #mayOffer: boolean;
  #sendProblem: string | undefined;

  constructor(needs: WatchNeeds, on: Listening) {
    const { world, store, config } = needs;
    const { card, socket } = on;
    this.#needs = needs;
    this.#on = on;
    this.#facts = openFactWriter({ ...needs, log: world.log });
    this.#sightings = openSightings(
      readOtherServers(store.db).filter((server) => server.card === card),
      world.clock.monotonic(),
    );
    this.#startedAt = world.clock.monotonic();
    this.#mayOffer = config.dhcp.mode !== 'server' || config.dhcp.authoritative || this.#probeMs === 0;
    this.#facts.write(({ db }) => saveCardWatch(db, { card, isOn: true }));
    socket.onError((error) => (this.#sendProblem = error.message));
    socket.onDatagram((bytes, from) => this.#hear(bytes, from.address));
    this.#watching = this.#probeMs === 0 ? this.#waitForSilence() : this.#keepProbing();
  }

  holdsBack(): boolean {
    if (this.#mayOffer) return false;
    return this.#sightings.present().length > 0 || this.#even() < this.#startedAt + startWaitMs;
  }

  problem(): string | undefined {
    const { card, known } = this.#on;
    const present = this.#sightings.present().map(({ address }) => address);
    const unsent =
      this.#sendProblem && `other DHCP servers can't be asked for on ${card}: ${this.#sendProblem}`;
    const { mode } = this.#needs.config.dhcp;
    const seen = watchProblem(mode, { card, known, present, isHoldingBack: !this.#mayOffer });
    return seen ?? unsent ?? this.#facts.problem();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    await this.#facts.settled();
    await this.#on.socket[Symbol.asyncDispose]();
  }

  get #probeMs(): number {
    return this.#needs.config.dhcp.probe_seconds * 1000;
  }

  #now(): number {
    return this.#needs.world.clock.now();
  }

  /** Nobody sets it. */
  #even(): number {
    return this.#needs.world.clock.monotonic();
  }

  /** What is broadcast from this card comes back to it: that is no other server. */
  #hear(bytes: Uint8Array, from: string): void {
    if (this.#ownAddresses.has(from) || !takeToken(this.#readBucket, this.#even())) return;
    const own = this.#needs.config.site.address;
    try {
      const sighting = sightingIn(decodeMessage(bytes), { from, own });
      const news = sighting && this.#sightings.saw(sighting, { now: this.#now(), monotonic: this.#even() });
      if (news !== undefined) this.#tell(news);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#needs.counters.add('watch_malformed');
    }
  }

  #tell(server: OtherServer): void {
    const { world, counters } = this.#needs;
    const { card, known } = this.#on;
    const { address, url } = server;
    const isKnown = known.includes(address);
    counters.add('servers_seen');
    world.log.warn({ server: address, card, known: isKnown, url }, 'another DHCP server answers');
    this.#facts.write((transaction) => {
      saveOtherServer(transaction.db, { ...server, card });
      transaction.journal({ kind: isKnown ? 'known_server' : 'rogue_server', body: { address, card, url } });
    });
  }

  async #keepProbing(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#probe();
      if (this.#sightings.present().length === 0) this.#mayOffer = true;
      await this.#sleep(this.#mayOffer ? this.#probeMs : Math.min(this.#probeMs, heldBackEveryMs));
    }
  }

  /** Asked twice, since the first may be lost. */
  async #probe(): Promise<void> {
    const since = this.#even();
    this.#ownAddresses = ownAddresses();
    const bytes = encodeProbe({ mac: this.#on.mac, xid: randomBytes(4).readUInt32BE() });
    try {
      for (let sent = 0; sent < 2; sent += 1) {
        await this.#on.socket.send(bytes, broadcast);
        await this.#sleep(listenMs / 2);
      }
    } catch (error) {
      this.#sendProblem = error instanceof Error ? error.message : String(error);
      return;
    }
    this.#sendProblem = undefined;
    if (!this.#stop.signal.aborted) this.#save(this.#sightings.probed(since));
  }

  async #waitForSilence(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#sleep(silenceEveryMs);
      this.#save({ answered: [], gone: this.#sightings.silentSince(this.#even() - silenceMs) });
    }
  }

  #save({ answered, gone }: Probed): void {
    const { card } = this.#on;
    const probedAt = this.#probeMs === 0 ? {} : { probedAt: this.#now() };
    this.#facts.write((transaction) => {
      saveCardWatch(transaction.db, { card, isOn: true, ...probedAt });
      for (const server of [...answered, ...gone]) saveOtherServer(transaction.db, { ...server, card });
      for (const { address } of gone) transaction.journal({ kind: 'server_gone', body: { address, card } });
    });
  }

  async #sleep(ms: number): Promise<void> {
    await this.#needs.world.clock.sleep(ms, this.#stop.signal).catch(() => undefined);
  }
}
