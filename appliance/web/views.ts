/** What the page and the API show, read from the files of all parts. */
import type { Static } from '../schema.ts';
import type { Config } from '../config.ts';
import { servedNetworks, watchedCards } from '../config/networks.ts';
import { wantedParts } from '../config/parts.ts';
import { ackLatency } from '../store/ack-latency.ts';
import { readAddressPage } from '../store/address-list.ts';
import { readCallHistory, type CallHistory } from '../store/call-history.ts';
import { readCalls } from '../store/calls.ts';
import { readDhcpNetwork } from '../store/dhcp-network.ts';
import { readEmergencyCalls } from '../store/emergency-calls.ts';
import { journalKinds, storeNames, type JournalKinds, type StoreName } from '../store/journal-kinds.ts';
import { readLiveQuality, type MediaQuality } from '../store/media-quality.ts';
import { readCallDetail, readRegistrationDetail, type LadderDetail } from '../store/ladder-detail.ts';
import { troublesOfNetwork } from '../store/network-pending.ts';
import { readNeighbors, type Neighbor } from '../store/neighbors.ts';
import { countStages } from '../store/phone-stage.ts';
import { readDataPartition } from '../store/data-partition.ts';
import { readLogOf, readPhoneDetail } from '../store/phone-detail.ts';
import { phoneSyslogText, readPhoneSyslog } from '../store/phone-syslog.ts';
import { readFacts, readPhones, type PhoneRow } from '../store/phones.ts';
import { readPoolUse } from '../store/pool-use.ts';
import { readRefusals, type Refusal } from '../store/refusals.ts';
import { openReader, type JournalGap, type JournalRow, type Reader } from '../store/reader.ts';
import { readSipView } from '../store/sip-view.ts';
import { readParts, troublesOf, type PartStatus } from '../store/site-status.ts';
import { addressesView, type Addresses } from './addresses.ts';
import { qualityOfCalls } from './call-quality.ts';
import { emergencyView, type Emergency } from './emergencies.ts';
import { callView, phoneView, type Audience } from './people.ts';
import { phoneInDetail, type PhoneInDetailView } from './phone-detail.ts';
import type { CallView, JournalView, PhoneView, StatusView } from './schemas.ts';

export interface Views {
  /** Reads everything once. */
  look(now: number): Picture;
  calls(audience: Audience): CallView[];
  /** Of two weeks. */
  callHistory(now: number): CallHistory;
  /** The last seconds of each call that is up. */
  sounds(): MediaQuality[];
  /** Undefined: nobody has seen it. */
  phone(mac: string, asked: Audience & { now: number }): PhoneInDetailView | undefined;
  /** Undefined: there is none. */
  phoneLog(mac: string, id: number): Buffer | undefined;
  /** All that is kept of what it said by syslog, a line each; empty: nothing. */
  phoneSyslog(mac: string): string;
  /** By id of a call, or of a registration that failed. Undefined: there is no such thing, or not any more. */
  ladder(of: 'call' | 'registration', id: string): LadderDetail | undefined;
  addresses(page: PageOfAddresses, asked: Audience & { now: number }): Static<typeof Addresses>;
  refusals(limit: number): Refusal[];
  /** Calls for help, the newest first. */
  emergencies(limit: number, audience: Audience): Static<typeof Emergency>[];
  /** Rows of one part after a number, oldest first. */
  journalAfter(part: StoreName, after: number, page: Audience & { limit: number }): JournalView[];
  /** The last rows of all parts together, or of one, oldest first. */
  latestJournal(parts: readonly StoreName[], page: Audience & { limit: number }): JournalView[];
}

interface PageOfAddresses {
  readonly after?: string;
  readonly limit: number;
}

/** One moment of the site. */
export interface Picture {
  readonly status: StatusView;
  /** The {@link mostPhones} seen last, by MAC. */
  phones(audience: Audience): PhoneView[];
}

const callsShown = 100;
const historyMs = 14 * 86_400_000;
/** A flood of invented MACs must not bring the page down; the status counts them all. */
const mostPhones = 2000;
const mostTroubles = 100;

export function openViews(config: Config, release: string): Views {
  const { state_directory: directory } = config.site;
  const calls = () => readFacts(directory, 'sip', (db) => readCalls(db, callsShown));
  const read = (part: StoreName, work: (reader: Reader) => (JournalRow | JournalGap)[]) => {
    using reader = openReader(directory, part);
    return reader === undefined ? [] : work(reader);
  };
  return {
    look: (now) => {
      const phones = readPhones(directory, now, config.site);
      return {
        status: statusView(config, phones, { now, release }),
        phones: (audience) => lastSeen(phones).map((row) => phoneView(row, audience)),
      };
    },
    calls: (audience) => {
      const found = calls();
      const qualities = qualityOfCalls(directory, found);
      return found.map((call) => {
        const quality = qualities.get(call.id);
        return { ...callView(call, audience), ...(quality && { quality }) };
      });
    },
    callHistory: (now) => callHistory(directory, now - historyMs),
    sounds: () => readLiveQuality(directory).flatMap(({ latest }) => latest ?? []),
    phone: (mac, { now, personal }) => {
      const detail = readPhoneDetail(directory, mac, { now, site: config.site });
      return detail && phoneInDetail(detail, { personal });
    },
    phoneLog: (mac, id) => readLogOf(directory, mac, id),
    phoneSyslog: (mac) => syslogText(directory, mac),
    ladder: (of, id) =>
      of === 'call' ? readCallDetail(directory, id) : readRegistrationDetail(directory, id),
    addresses: (page, { now, personal }) => {
      const networks = servedNetworks(config);
      const [found] = readFacts(directory, 'dhcp', (db) => [readAddressPage(db, page, { networks, now })]);
      return addressesView(found ?? { addresses: [], total: 0 }, { personal });
    },
    emergencies: (limit, audience) =>
      readFacts(directory, 'sip', (db) => readEmergencyCalls(db, { limit })).map((call) =>
        emergencyView(call, audience),
      ),
    refusals: (limit) => readFacts(directory, 'dhcp', (db) => readRefusals(db, limit)),
    journalAfter: (part, after, { limit, personal }) =>
      read(part, (reader) => reader.journalAfter(after, limit)).map((row) =>
        journalView(part, row, { personal }),
      ),
    latestJournal: (parts, { limit, personal }) =>
      parts
        .flatMap((part) =>
          read(part, (reader) => reader.journalAfter(Math.max(0, reader.lastSeq() - limit), limit))
            .filter((row) => 'seq' in row)
            .map((row) => journalView(part, row, { personal })),
        )
        .toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0))
        .slice(-limit),
  };
}

function syslogText(directory: string, mac: string): string {
  return readPhoneSyslog(directory, mac)
    .map((line) => `${phoneSyslogText(line)}\n`)
    .join('');
}

function callHistory(directory: string, since: number): CallHistory {
  const [found] = readFacts(directory, 'sip', (db) => [readCallHistory(db, since)]);
  return found ?? { since, hours: [] };
}

function statusView(
  config: Config,
  phones: readonly PhoneRow[],
  { now, release }: { now: number; release: string },
): StatusView {
  const { state_directory: directory } = config.site;
  const parts = readParts(directory, wantedParts(config), now);
  const allowCleartext = config.provisioning.allow_cleartext;
  const sip = readSipView(directory, now);
  const neighbors = readFacts(directory, 'location', (db) => readNeighbors(db, now));
  return {
    at: now,
    release,
    site: siteView(config),
    parts: parts.map((part) => ({ ...part })),
    troubles: [
      ...troublesOfNetwork(config),
      ...troublesOf({ parts, phones, allowCleartext, data: readDataPartition(directory) }),
    ].slice(0, mostTroubles),
    allowCleartext,
    phones: { total: phones.length, byStage: countStages(phones) },
    callsUp: sip.up,
    sip: { ...sip, failures: sip.failures.map(({ words, ...failure }) => ({ ...failure, ...words })) },
    dhcp: dhcpView(config, parts, now),
    ownPorts: neighbors.filter((neighbor) => neighbor.isBridge).map(ownPort),
  };
}

function dhcpView(config: Config, parts: readonly PartStatus[], now: number): StatusView['dhcp'] {
  const { state_directory: directory } = config.site;
  const { servers, watches } = readDhcpNetwork(directory, watchedCards(config));
  const latency = ackLatency(parts);
  return {
    mode: config.dhcp.mode,
    ...(latency && { latency }),
    unwatched: watches.filter(({ isOn }) => !isOn).map(({ card }) => card),
    networks: readFacts(directory, 'dhcp', (db) =>
      servedNetworks(config).map((network) => readPoolUse(db, network, now)),
    ),
    otherServers: servers.map((server) => ({ ...server })),
  };
}

function lastSeen(phones: readonly PhoneRow[]): readonly PhoneRow[] {
  if (phones.length <= mostPhones) return phones;
  const kept = new Set(phones.toSorted((a, b) => b.lastSeenAt - a.lastSeenAt).slice(0, mostPhones));
  return phones.filter((phone) => kept.has(phone));
}

function siteView({ site }: Config): StatusView['site'] {
  const { name, region, posture, address, time_zone: timeZone } = site;
  return { name, region, posture, address, timeZone };
}

function ownPort({
  interface: card,
  systemName,
  chassis,
  port,
  heardAt,
}: Neighbor): StatusView['ownPorts'][number] {
  return {
    interface: card,
    chassis,
    port,
    heardAt,
    ...(systemName === undefined ? {} : { switchName: systemName }),
  };
}

/** A row of a kind that this release does not know keeps its name and loses its body: nobody can say what is in it. */
export function journalView(
  part: StoreName,
  row: JournalRow | JournalGap,
  { personal }: Audience,
): JournalView {
  if (!('seq' in row)) return { part, seq: row.to, kind: 'gap', from: row.from };
  const { seq, at, kind, mac, count, until } = row;
  const kinds: JournalKinds = journalKinds[part];
  const fields = kinds[kind]?.fields ?? {};
  const shown = Object.entries(JSON.parse(row.body) as NonNullable<JournalView['body']>).filter(
    ([name]) => fields[name] === 'open' || (personal && fields[name] === 'personal'),
  );
  return {
    part,
    seq,
    at,
    kind,
    body: Object.fromEntries(shown),
    count,
    until,
    ...(mac === null ? {} : { mac }),
  };
}

export function isStoreName(name: string): name is StoreName {
  return (storeNames as readonly string[]).includes(name);
}
