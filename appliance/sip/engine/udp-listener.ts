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
  const flowTo = (remote: HostPort): Flow => {
    const flow: Flow = {
      id: inboundFlowId('udp', remote),
      transport: 'udp',
      remote,
      local:
        bound.address === '0.0.0.0' ? { address: localAddressTo(remote.address), port: bound.port } : bound,
      isOutbound: false,
      isOpen: true,
      send: (bytes) => {
        witness?.('sent', bytes, flow);
        socket.post(bytes, remote);
      },
      toPort: (other) => flowTo({ address: remote.address, port: other }),
    };
    return flow;
  };
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
