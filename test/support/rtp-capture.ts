/** RTP in a capture, as tshark reads it: who sent which packets, in the order in which they passed. */
import { run } from './command.ts';
import type { Capture } from './capture.ts';

export interface RtpSeen {
  /** Seconds since 1970. */
  readonly at: number;
  /** `address:port` */
  readonly from: string;
  readonly to: string;
  readonly ssrc: string;
  readonly sequence: number;
  /** Differentiated services code point. */
  readonly dscp: number;
}

const fields = [
  'frame.time_epoch',
  'ip.src',
  'udp.srcport',
  'ip.dst',
  'udp.dstport',
  'ip.dsfield.dscp',
  'udp.payload',
];

/** RTP and SRTP: version 2, and no payload type of RTCP (RFC 5761). */
export async function readRtp(capture: Capture, filter = 'udp'): Promise<RtpSeen[]> {
  const words = fields.flatMap((field) => ['-e', field]);
  const text = await run(['tshark', '-n', '-r', capture.file, '-Y', filter, '-T', 'fields', ...words], {
    timeoutMs: 60_000,
    anyExitCode: true,
  });
  return text.split('\n').flatMap((line) => {
    const [at, source, sourcePort, destination, port, dscp, payload = ''] = line.split('\t');
    const type = parseInt(payload.slice(2, 4), 16) & 127;
    if (payload.length < 24 || !/^[89ab]/.test(payload) || (type >= 64 && type < 96)) return [];
    return {
      at: Number(at),
      from: `${source}:${sourcePort}`,
      to: `${destination}:${port}`,
      ssrc: payload.slice(16, 24),
      sequence: parseInt(payload.slice(4, 8), 16),
      dscp: Number(dscp),
    };
  });
}

/** Of what `sent` shows of a stream, between these seconds, what `heard` lacks: packets and share. */
export function lossOf(
  sent: readonly RtpSeen[],
  heard: readonly RtpSeen[],
  between: { readonly from: number; readonly until: number },
): { readonly sent: number; readonly lost: number; readonly share: number } {
  const name = ({ ssrc, sequence }: RtpSeen) => `${ssrc} ${sequence}`;
  const arrived = new Set(heard.map(name));
  const inTime = sent.filter(({ at }) => at >= between.from && at < between.until);
  const lost = inTime.filter((packet) => !arrived.has(name(packet))).length;
  return { sent: inTime.length, lost, share: inTime.length === 0 ? 1 : lost / inTime.length };
}
