/** The sockets on port 67, one a card, and on port 68, which must come from outside, bound to their card. */
import { listenFds } from '../net/listen-fds.ts';
import { openUdp, type Endpoint, type UdpPort } from '../net/udp.ts';
import type { Datagram } from './reply.ts';

export interface Heard {
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
  readonly card: string;
}

export interface Sockets extends AsyncDisposable {
  onDatagram(handler: (heard: Heard) => void): void;
  /** `isFirst`: the one before this could be sent. */
  onError(handler: (error: Error, isFirst: boolean) => void): void;
  /** What goes to a client by its address leaves on its network's card `home`, everything else on the one that heard it. */
  post(datagram: Datagram, heardOn: string, home: string): void;
  /** Why answers can't be sent at present. */
  problem(): string | undefined;
}

/** Rejects when one can't be opened. */
export async function openSockets(
  cards: Iterable<string>,
  open: (card: string) => Promise<UdpPort>,
): Promise<Sockets> {
  await using opening = new AsyncDisposableStack();
  const ports = new Map<string, UdpPort>();
  for (const card of cards) ports.set(card, opening.use(await open(card)));
  const unsent = new Map<string, string>();
  const opened = opening.move();
  return {
    onDatagram: (handler) => {
      for (const [card, port] of ports) port.onDatagram((bytes, from) => handler({ bytes, from, card }));
    },
    onError: (handler) => {
      for (const [card, port] of ports) {
        port.onError((error) => {
          handler(error, !unsent.has(card));
          unsent.set(card, error.message);
        });
      }
    },
    post: ({ bytes, to, isToClient }, heardOn, home) => {
      const card = isToClient ? home : heardOn;
      unsent.delete(card);
      ports.get(card)?.post(bytes, to);
    },
    problem: () => {
      const [message] = unsent.values();
      return message === undefined ? undefined : `answers can't be sent: ${message}`;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Where the sockets of a card come from. */
export interface SocketSource {
  /** Port 67. */
  readonly server: (card: string) => Promise<UdpPort>;
  /** Port 68; undefined when there is none. */
  readonly client: (card: string) => Promise<UdpPort | undefined>;
}

export const handedOver: SocketSource = {
  server: handedOverSocket,
  client: async (card) => {
    const fd = listenFds().get(`dhcp-client=${card}`);
    return fd === undefined ? undefined : await openUdp({ fd });
  },
};

/**
 * Rejects when it wasn't handed over. An unbound socket would send its broadcasts by the default route, out of the wrong
 * card, and would answer on the WAN side too; Node can't bind one to a card.
 */
async function handedOverSocket(card: string): Promise<UdpPort> {
  const name = `dhcp=${card}`;
  const given = listenFds();
  const fd = given.get(name);
  if (fd !== undefined) return await openUdp({ fd });
  const others = [...given.keys()].filter((key) => key.startsWith('dhcp='));
  const found =
    others.length === 0
      ? ''
      : ` (handed over: ${others.join(', ')}; are dhcp.interface and the interface of each dhcp.network right?)`;
  throw new Error(
    `DHCP needs a socket bound to card "${card}", handed over as "${name}"${found}: start with ` +
      `\`systemd/with-sockets ${name}:udp:67 -- node appliance/main.ts run\`, or a systemd socket unit with ` +
      `ListenDatagram=0.0.0.0:67, BindToDevice=${card}, Broadcast=yes, FileDescriptorName=${name}`,
  );
}
