/** What tshark says of the RTP streams in a capture: somebody else's reading of the same packets. */
import { run } from './command.ts';

export interface RtpStream {
  readonly source: string;
  readonly packets: number;
  readonly lost: number;
  readonly meanJitterMs: number;
}

/** A row: times, source, destination, SSRC, codec, packets, `lost (share%)`, delta and jitter as least, mean and most. */
const row =
  /^ *[\d.]+ +[\d.]+ +([\d.]+) +\d+ +[\d.]+ +\d+ +0x\w+ +.+? +(\d+) +(-?\d+) \([-\d.]+%\) +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +([\d.]+) +[\d.]+/;

export async function rtpStreams(file: string): Promise<RtpStream[]> {
  const text = await run(['tshark', '-r', file, '-o', 'rtp.heuristic_rtp:TRUE', '-q', '-z', 'rtp,streams']);
  return text.split('\n').flatMap((line) => {
    const [, source, packets, lost, jitter] = row.exec(line) ?? [];
    if (source === undefined) return [];
    return [{ source, packets: Number(packets), lost: Number(lost), meanJitterMs: Number(jitter) }];
  });
}
