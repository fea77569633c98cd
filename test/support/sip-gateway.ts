/** The far end of a trunk over UDP or TCP: a socket that answers OPTIONS by itself, as telephone gateways do. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { decodeSipMessage, isRequest, type SipMessage } from '../../appliance/protocol/sip-message.ts';
import { takers, type Peer } from './sip-peer.ts';
import { responseText } from './sip-site.ts';

export interface PlayedGateway extends Peer {
  /** Silent to all that comes from now on. */
  fallSilent(): void;
  /** Where requests of its own go: the box's UDP port. */
  sendTo(port: number): void;
  /** OPTIONS that it answered. */
  readonly asked: number;
}

export async function startGateway(): Promise<PlayedGateway> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.9');
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  const waiting: SipMessage[] = [];
  let isSilent = false;
  let box = 0;
  let asked = 0;
  const send = (text: string) => socket.send(text, box, '127.0.0.1');
  socket.on('message', (bytes, from) => {
    box = from.port;
    const message = decodeSipMessage(bytes);
    if (isSilent) return;
    if (isRequest(message) && message.method === 'OPTIONS') {
      asked += 1;
      send(responseText(message, '200 OK'));
    } else waiting.push(message);
  });
  return {
    port: socket.address().port,
    isClosed: false,
    ...takers(waiting),
    send,
    close: () => undefined,
    fallSilent: () => {
      isSilent = true;
    },
    sendTo: (port) => {
      box = port;
    },
    get asked() {
      return asked;
    },
  };
}
