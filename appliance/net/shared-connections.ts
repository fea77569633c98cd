/** Connections of an HTTP server, shared out among who asks for them. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { newPlaces, type Bounds, type Place } from './connection-places.ts';
import { plainAddress } from './tcp.ts';

/** A connection is known by its other end: with TLS the request has another socket than the listener. */
export function shareConnections(server: Pick<Server, 'on'>, bounds: Bounds, onRefused: () => void): void {
  const places = newPlaces(bounds);
  const open = new Map<string, Place>();
  server.on('connection', (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress);
    const name = otherEnd(socket);
    const close = () => {
      onRefused();
      socket.destroy();
    };
    const place: Place = { address, isBusy: false, close };
    if (!places.enter(place)) return close();
    open.set(name, place);
    socket.once('close', () => {
      places.leave(place);
      open.delete(name);
    });
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const place = open.get(otherEnd(socket));
    if (place === undefined) return;
    place.isBusy = true;
    response.once('close', () => (place.isBusy = false));
  });
}

function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
