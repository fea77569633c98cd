/** Session descriptions, RFC 8866 with RFC 3605 (a=rtcp), 5761 (rtcp-mux), 4568 (a=crypto): lines kept as they came. */
import { DecodeError } from './bytes.ts';
import { isIpv4 } from './ipv4.ts';

export interface Sdp {
  /** Lines before the first `m=`, without their ends. */
  readonly session: readonly string[];
  readonly media: readonly SdpMedia[];
}

export interface SdpMedia {
  /** `audio`, `video`, `application` … */
  readonly kind: string;
  /** 0: this medium is refused. */
  readonly port: number;
  /** `RTP/AVP`, `RTP/SAVP` … */
  readonly proto: string;
  readonly formats: readonly string[];
  /** Lines behind `m=`. */
  readonly lines: readonly string[];
}

/** Where one side wants its media. */
export interface MediaTarget {
  /** `0.0.0.0` on hold (RFC 2543), and for the name of a host: it is learned from who speaks. */
  readonly address: string;
  readonly port: number;
  /** The same as `port` when RTCP is multiplexed. */
  readonly rtcpPort: number;
}

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const maxChars = 65_536;
const maxLines = 2000;
const maxMedia = 16;

/** Throws {@link DecodeError}; the offset counts characters. */
export function parseSdp(text: string): Sdp {
  if (text.length > maxChars) throw new DecodeError('session description too long', maxChars);
  const lines = text.split(/\r?\n/);
  // Not by a pattern, which would take the square of their number where something follows them.
  while (lines.at(-1) === '') lines.pop();
  if (lines.length > maxLines) throw new DecodeError('too many lines');
  let offset = 0;
  for (const line of lines) {
    if (!/^[a-z]=[^\0\r\n]*$/.test(line))
      throw new DecodeError('not a line of a session description', offset);
    offset += line.length + 2;
  }
  if (lines[0] !== 'v=0') throw new DecodeError('no v=0');
  const starts = lines.flatMap((line, at) => (line.startsWith('m=') ? [at] : []));
  if (starts.length > maxMedia) throw new DecodeError('too many media');
  const session = lines.slice(0, starts[0] ?? lines.length);
  if (!session.some((line) => line.startsWith('o='))) throw new DecodeError('no origin');
  const media = starts.map((start, at) => parseMedia(lines.slice(start, starts[at + 1] ?? lines.length)));
  return { session, media };
}

export function formatSdp({ session, media }: Sdp): string {
  const lines = media.flatMap(({ kind, port, proto, formats, lines: own }) => [
    `m=${[kind, port, proto, ...formats].join(' ')}`,
    ...own,
  ]);
  return [...session, ...lines].map((line) => `${line}\r\n`).join('');
}

/** What else there is (message sessions over TCP) can't be relayed here. */
export function isRelayed(entry: SdpMedia): boolean {
  return isRtp(entry) || isUdptl(entry);
}

/** T.38 over UDP (RFC 3362, ITU-T T.38 annex D). */
export function isUdptl({ proto }: SdpMedia): boolean {
  return /^udptl$/i.test(proto);
}

/** RTP in any profile. */
export function isRtp({ proto }: SdpMedia): boolean {
  return /^(?:UDP\/TLS\/)?RTP\/S?AVPF?$/.test(proto);
}

export function directionOf({ session }: Sdp, { lines }: SdpMedia): Direction {
  for (const line of [...lines, ...session]) {
    const found = /^a=(sendrecv|sendonly|recvonly|inactive)$/.exec(line)?.[1];
    if (found !== undefined) return found as Direction;
  }
  return 'sendrecv';
}

/** Wants RTCP on the port of RTP; it comes so only if the other end says the same (RFC 5761 section 5.1.1). */
export function isMultiplexed({ lines }: SdpMedia): boolean {
  return lines.includes('a=rtcp-mux');
}

/**
 * Undefined when this medium is refused (port 0). Throws {@link DecodeError} without a usable IPv4 address. `multiplexes` is what came
 * of it between both ends.
 */
export function targetOf(
  { session }: Sdp,
  media: SdpMedia,
  multiplexes = isMultiplexed(media),
): MediaTarget | undefined {
  const { port, lines } = media;
  if (port === 0) return undefined;
  const connection = [...lines, ...session].find((line) => line.startsWith('c='));
  const named = /^c=IN IP4 ([\w.-]+)(?:\/\d+)* *$/.exec(connection ?? '')?.[1];
  const address = named !== undefined && isHostName(named) ? unspecified : named;
  if (address === undefined || !isIpv4(address)) throw new DecodeError('no IPv4 address for media');
  return { address, port, rtcpPort: multiplexes ? port : rtcpPortOf(media) };
}

const unspecified = '0.0.0.0';

/** RFC 8866 section 5.7 allows one; a call does not wait for a name server. */
function isHostName(text: string): boolean {
  return text.length <= 253 && /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(text) && /[a-z]/i.test(text);
}

function rtcpPortOf({ lines, port }: SdpMedia): number {
  const [, digits] =
    /^a=rtcp:(\d{1,5})(?: IN IP4 [\d.]+)?$/.exec(lines.find((line) => line.startsWith('a=rtcp:')) ?? '') ??
    [];
  return digits === undefined ? Math.min(port + 1, 65_535) : checkedPort(digits);
}

/** Ports of ours for one medium; undefined: refuse it. */
export type RelayPorts = { readonly rtp: number; readonly rtcp: number } | undefined;

/**
 * The same description with our address and ports in it. Interactive connectivity establishment is taken out, since its
 * candidates would lead media past us; 0.0.0.0 (hold of RFC 2543) stays; all else, `a=crypto` too, is kept to the byte.
 */
export function relayedSdp({ session, media }: Sdp, address: string, ports: readonly RelayPorts[]): Sdp {
  return {
    session: session.filter(isNotIce).map((line) => relayedLine(line, address)),
    media: media.map((entry, at) => {
      const own = entry.port === 0 || !isRelayed(entry) ? undefined : ports[at];
      const lines = entry.lines.filter(isNotIce).map((line) => {
        if (!line.startsWith('a=rtcp:')) return relayedLine(line, address);
        return `a=rtcp:${rtcpPortOf(entry) === entry.port ? (own?.rtp ?? 0) : (own?.rtcp ?? 0)}`;
      });
      return { ...entry, port: own?.rtp ?? 0, lines };
    }),
  };
}

/** What an end was told of our media before, with another address and other ports of ours; its origin stays. */
export function movedSdp(sdp: Sdp, address: string, ports: readonly RelayPorts[]): Sdp {
  const { session, media } = relayedSdp(sdp, address, ports);
  return {
    session: session.map((line, at) => (line.startsWith('o=') ? (sdp.session[at] ?? line) : line)),
    media,
  };
}

function relayedLine(line: string, address: string): string {
  if (line.startsWith('c=')) return line === 'c=IN IP4 0.0.0.0' ? line : `c=IN IP4 ${address}`;
  if (line.startsWith('o=')) return line.replace(/IN IP[46] \S+$/, `IN IP4 ${address}`);
  return line;
}

function isNotIce(line: string): boolean {
  return !/^a=(?:candidate|remote-candidates|end-of-candidates|ice-[a-z0-9]+)(?::|$)/.test(line);
}

/** `m=audio 49170/2 RTP/AVP 0 8`; some phones leave a blank at its end. */
const mediaLine = /^m=([\w-]{1,32}) (\d{1,5})(?:\/\d{1,5})? ([\w/]{1,64})((?: [^\s]{1,64}){1,64}) *$/;

function parseMedia([first = '', ...lines]: readonly string[]): SdpMedia {
  const [, kind, port, proto, formats] = mediaLine.exec(first) ?? [];
  if (kind === undefined || port === undefined || proto === undefined || formats === undefined) {
    throw new DecodeError(`not a media line: ${first.slice(0, 80)}`);
  }
  return { kind, port: checkedPort(port), proto, formats: formats.slice(1).split(' '), lines };
}

function checkedPort(digits: string): number {
  const port = Number(digits);
  if (port > 65_535) throw new DecodeError('no such port');
  return port;
}
