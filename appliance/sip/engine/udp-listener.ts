/** A UDP socket of the engine: each datagram is a message on a flow of its own, to where it came from. */
import { openUdp } from '../../net/udp.ts';
import type { Counters } from './counters.ts';
import { isKeepAlive, localAddressTo } from './datagrams.ts';
import { inboundFlowId, type Flow, type HostPort, type Witness } from './flow.ts';
import type { FlowEvents } from './stream-flow.ts';

interface UdpListener {
  readonly endpoint: HostPort & { readonly transport: 'udp' };
  readonly close: AsyncDisposable;
  readonly flowTo: (remote: HostPort) => Flow;
}

interface UdpNeeds extends Pick<FlowEvents, 'onMessage'> {
  readonly counters: Counters;
  readonly witness: Witness | undefined;
}

/** Rejects with one clear sentence when the port can't be had. */
export async function listenUdp(
  { address, port }: HostPort,
  { counters, witness, onMessage }: UdpNeeds,
): Promise<UdpListener> {
  const socket = await openUdp({ address, port });
  const bound = socket.address();
  const own: Own = {
    localTo: ({ address: peer }) =>
      bound.address === '0.0.0.0' ? { address: localAddressTo(peer), port: bound.port } : bound,
    send: (bytes, flow) => {
      witness?.('sent', bytes, flow);
      socket.post(bytes, flow.remote);
    },
  };
  const flowTo = (remote: HostPort): Flow => new UdpFlow(remote, own);
  socket.onError(() => counters.add('udp_errors'));
  socket.onDatagram((bytes, from) => {
    if (isKeepAlive(bytes) || from.port === 0) {
      counters.add('keep_alives_received');
      return;
    }
    const flow = flowTo({ address: from.address, port: from.port });
    witness?.('received', bytes, flow);
    onMessage(bytes, flow);
  });
  return { endpoint: { transport: 'udp', ...bound }, close: socket, flowTo };
}

/** Of a socket. */
interface Own {
  localTo(peer: HostPort): HostPort;
  send(bytes: Uint8Array, flow: Flow): void;
}

/** A class, since there is one a datagram, and transactions keep theirs. */
class UdpFlow implements Flow {
  readonly id: string;
  readonly transport = 'udp';
  readonly remote: HostPort;
  readonly local: HostPort;
  readonly isOutbound = false;
  readonly isOpen = true;
  readonly #own: Own;

  constructor(remote: HostPort, own: Own) {
    this.id = inboundFlowId('udp', remote);
    this.remote = remote;
    this.local = own.localTo(remote);
    this.#own = own;
  }

  send(bytes: Uint8Array): void {
    this.#own.send(bytes, this);
  }

  toPort(port: number): Flow {
    return new UdpFlow({ address: this.remote.address, port }, this.#own);
  }
}
