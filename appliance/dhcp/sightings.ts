/** Which other DHCP servers are there: seen when they answer anybody, gone when they leave probes unanswered. Pure. */
import { messageType, type DhcpMessage } from '../protocol/dhcp.ts';
import { readOption } from '../protocol/dhcp-options.ts';
import { formatIpv4, parseIpv4 } from '../protocol/ipv4.ts';
import type { OtherServer } from '../store/other-servers.ts';

export interface Sighting {
  readonly address: string;
  readonly url?: string;
}

/**
 * A server's answer to anybody; undefined for anything else. One that names itself by our address is told by its own.
 * Throws DecodeError.
 */
export function sightingIn(
  message: DhcpMessage,
  { from, own }: { from: string; own: string },
): Sighting | undefined {
  const { op, options } = message;
  const type = readOption(options, 'messageType');
  const isAnswer = type === messageType.offer || type === messageType.ack || type === messageType.nak;
  const server = readOption(options, 'serverIdentifier');
  if (op !== 'reply' || !isAnswer || server === undefined) return undefined;
  const url = readOption(options, 'provisioningUrl') ?? readOption(options, 'tftpServerName');
  return {
    address: server === parseIpv4(own) ? from : formatIpv4(server),
    ...(url === undefined ? {} : { url: url.slice(0, 255) }),
  };
}

/** By both clocks: a server that was heard while the wall's stood far ahead must not be there until then. */
interface Time {
  /** ms since 1970. */
  readonly now: number;
  readonly monotonic: number;
}

export interface Probed {
  readonly answered: readonly OtherServer[];
  readonly gone: readonly OtherServer[];
}

export interface Sightings {
  /** The server, when this is news: it was not there before. */
  saw(sighting: Sighting, time: Time): OtherServer | undefined;
  /** After a probe that began then, by the even clock: who answered, and who is taken for gone. */
  probed(since: number): Probed;
  /** Those not heard of since then, by the even clock, where nobody asks them. */
  silentSince(before: number): OtherServer[];
  present(): OtherServer[];
}

/** Probes in a row without an answer: one may get lost. */
const missesToBeGone = 2;
/** Servers of a network are few; more is somebody's joke. */
const mostServers = 32;

interface Seen {
  server: OtherServer;
  /** By the even clock. */
  heardAt: number;
  misses: number;
}

/** What was known before a restart may be stale: there one unanswered probe is enough. `openedAt`: by the even clock. */
export function openSightings(before: readonly OtherServer[], openedAt: number): Sightings {
  const all = new Map<string, Seen>(
    before.map((server) => [server.address, { server, heardAt: openedAt - 1, misses: missesToBeGone - 1 }]),
  );
  const present = () => Array.from(all.values()).filter(({ server }) => server.isPresent);
  const leave = (seen: Seen) => (seen.server = { ...seen.server, isPresent: false });
  return {
    saw: (sighting, { now, monotonic }) => {
      const known = all.get(sighting.address);
      if (known === undefined && all.size >= mostServers && !forgetOne(all)) return undefined;
      const server = {
        ...sighting,
        firstSeenAt: known?.server.firstSeenAt ?? now,
        lastSeenAt: now,
        isPresent: true,
      };
      all.set(sighting.address, { server, heardAt: monotonic, misses: 0 });
      return known?.server.isPresent === true ? undefined : server;
    },
    probed: (since) => {
      const answered = present().filter(({ heardAt }) => heardAt >= since);
      const silent = present().filter((seen) => !answered.includes(seen));
      for (const seen of silent) seen.misses += 1;
      const gone = silent.filter(({ misses }) => misses >= missesToBeGone);
      return { answered: answered.map(({ server }) => server), gone: gone.map(leave) };
    },
    silentSince: (time) =>
      present()
        .filter(({ heardAt }) => heardAt < time)
        .map(leave),
    present: () => present().map(({ server }) => server),
  };
}

/** The one gone the longest makes room. */
function forgetOne(all: Map<string, Seen>): boolean {
  const [oldest] = Array.from(all.values())
    .filter(({ server }) => !server.isPresent)
    .toSorted((a, b) => a.server.lastSeenAt - b.server.lastSeenAt);
  return oldest !== undefined && all.delete(oldest.server.address);
}
