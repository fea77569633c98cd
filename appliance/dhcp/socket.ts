/** The socket on port 67, which must come from outside, bound to its card. */
import { listenFds } from '../net/listen-fds.ts';
import { openUdp, type UdpPort } from '../net/udp.ts';

/**
 * Rejects when it wasn't handed over. An unbound socket would send its broadcasts by the default route, out of the wrong
 * card, and would answer on the WAN side too; Node can't bind one to a card.
 */
export async function handedOverSocket(card: string): Promise<UdpPort> {
  const name = `dhcp=${card}`;
  const given = listenFds();
  const fd = given.get(name);
  if (fd !== undefined) return await openUdp({ fd });
  const others = [...given.keys()].filter((key) => key.startsWith('dhcp='));
  const found = others.length === 0 ? '' : ` (handed over: ${others.join(', ')}; is dhcp.interface right?)`;
  throw new Error(
    `DHCP needs a socket bound to card "${card}", handed over as "${name}"${found}: start with ` +
      `\`systemd/with-sockets ${name}:udp:67 -- node appliance/main.ts run\`, or a systemd socket unit with ` +
      `ListenDatagram=0.0.0.0:67, BindToDevice=${card}, Broadcast=yes, FileDescriptorName=${name}`,
  );
}
