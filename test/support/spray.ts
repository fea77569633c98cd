/** Throws hostile bytes at the box from a namespace: `node test/support/spray.ts BOX` as a guest on the phones' network. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { words } from './command.ts';
import { hostileDhcp, hostileHttp, hostileSip, mutations } from './hostile-bytes.ts';
import type { Namespace } from './namespaces.ts';

interface Target {
  readonly host: string;
  readonly port: number;
}

async function sprayUdp({ host, port }: Target, datagrams: readonly Buffer[]): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  socket.setBroadcast(true);
  for (const [at, datagram] of datagrams.entries()) {
    await new Promise((resolve) => socket.send(datagram, port, host, resolve));
    // A few thousand at once would only fill the socket's queue and never be looked at.
    if (at % 20 === 0) await sleep(5);
  }
  socket.close();
}

/** One connection each; whatever the box does with it is fine, and none is waited for longer than a moment. */
async function sprayStreams(
  { host, port }: Target,
  streams: readonly Buffer[],
  isSecure: boolean,
): Promise<void> {
  for (const stream of streams) {
    await new Promise<void>((resolve) => {
      // The guest is no phone and trusts nobody: it wants to talk, not to be sure to whom.
      const socket = isSecure ? connectTls({ host, port, rejectUnauthorized: false }) : connect(port, host);
      const end = () => {
        socket.destroy();
        resolve();
      };
      socket.once('error', end).once('close', end);
      socket.once(isSecure ? 'secureConnect' : 'connect', () => socket.write(stream));
      socket.resume();
      setTimeout(end, 30);
    });
  }
}

async function spray(host: string): Promise<void> {
  const rtp = Buffer.from('8000000100000001deadbeef', 'hex');
  await sprayUdp({ host, port: 67 }, hostileDhcp());
  await sprayUdp({ host: '255.255.255.255', port: 67 }, hostileDhcp().slice(0, 10));
  await sprayUdp(
    { host, port: 5060 },
    hostileSip().filter(({ length }) => length < 60_000),
  );
  for (let port = 20_000; port < 20_040; port += 1) await sprayUdp({ host, port }, mutations(rtp, 5, port));
  await sprayStreams({ host, port: 5060 }, hostileSip(), false);
  await sprayStreams(
    { host, port: 5061 },
    [Buffer.from('\u0000'.repeat(64)), ...hostileSip().slice(0, 40)],
    false,
  );
  await sprayStreams({ host, port: 5061 }, hostileSip().slice(0, 40), true);
  await sprayStreams({ host, port: 80 }, hostileHttp(), false);
  await sprayStreams({ host, port: 443 }, hostileHttp(), true);
}

export async function sprayFrom(guest: Namespace, host: string): Promise<void> {
  await guest.exec([process.execPath, import.meta.filename, host], { timeoutMs: 120_000 });
}

/** Frames as they are, out of this card; a raw socket is what perl has and node has not. */
export async function sendFrames(
  namespace: Namespace,
  card: string,
  frames: readonly Uint8Array[],
): Promise<void> {
  const index = (await namespace.exec(['cat', `/sys/class/net/${card}/ifindex`])).trim();
  const script = String.raw`
use Socket;
socket(my $socket, 17, SOCK_RAW, 0) or die "$!\n";
# struct sockaddr_ll: family, protocol, card, hardware type, packet type, address length, address
my $to = pack("S n i S C C a8", 17, 3, $ARGV[0], 1, 0, 6, "\0" x 8);
while (<STDIN>) { chomp; send($socket, pack("H*", $_), 0, $to) or warn "$!\n"; select(undef, undef, undef, 0.002) }
`;
  const input = frames.map((frame) => `${Buffer.from(frame).toString('hex')}\n`).join('');
  await namespace.exec([...words('perl -e'), script, index], { input, timeoutMs: 60_000 });
}

/** The frames of a pcap file in this machine's byte order, 24 bytes of head, 16 before each. */
export function pcapFrames(file: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 24; at + 16 <= file.length;) {
    const length = file.readUInt32LE(at + 8);
    frames.push(file.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return frames;
}

if (import.meta.main) await spray(process.argv[2] ?? '');
