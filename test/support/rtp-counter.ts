/** RTP packets that passed a namespace's own address, counted by its kernel: what really left and really came. */
import type { Namespace } from './namespaces.ts';

export interface RtpCount {
  readonly sent: number;
  readonly heard: number;
}

/** Version 2 and a payload type below 64 or from 96: RTP and SRTP, not RTCP (RFC 5761, section 4), not STUN. */
const rtp = 'udp length > 20 @th,64,2 2 @th,73,7 != 64-95';

/** Counts from now on. */
export async function countRtp(namespace: Namespace): Promise<() => Promise<RtpCount>> {
  await namespace.exec(['nft', '-f', '-'], {
    input: `table ip witness {
  counter sent { }
  counter heard { }
  chain out { type filter hook output priority 0; ${rtp} counter name sent; }
  chain in { type filter hook input priority 0; ${rtp} counter name heard; }
}
`,
  });
  return async () => {
    const text = await namespace.exec(['nft', '-j', 'list', 'counters', 'table', 'ip', 'witness']);
    const { nftables } = JSON.parse(text) as { nftables: { counter?: { name: string; packets: number } }[] };
    const packets = (name: string) =>
      nftables.find(({ counter }) => counter?.name === name)?.counter?.packets ?? 0;
    return { sent: packets('sent'), heard: packets('heard') };
  };
}
