/**
 * Our engine as a program of its own that an application reaches over TCP, as it would a drachtio server: what the application says is
 * carried to the engine's Unix socket, byte for byte. Arguments: one of JSON. Says `ready PORT` when applications may come.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { startEngine, type Engine, type EngineOptions } from '../../appliance/sip/engine/engine.ts';
import { listenUnix } from '../../appliance/net/tcp.ts';
import { openWorld } from '../../appliance/world.ts';

interface Given {
  readonly socket: string;
  readonly controlPort: number;
  readonly secret: string;
  readonly listen: EngineOptions['listen'];
}

const { socket, controlPort, secret, listen } = JSON.parse(process.argv[2] ?? '') as Given;
const ofEngine: Socket[] = [];
const ofApplication: Socket[] = [];
let engine: Promise<Engine | undefined> | undefined;

function pair(): void {
  const [one, other] = [ofEngine[0], ofApplication[0]];
  if (one === undefined || other === undefined) return;
  ofEngine.shift();
  ofApplication.shift();
  one.pipe(other).pipe(one);
  for (const [side, far] of [
    [one, other],
    [other, one],
  ] as const) {
    side.on('close', () => far.destroy());
    side.on('error', () => far.destroy());
  }
}

const inside = await listenUnix(socket);
inside.on('connection', (connection) => {
  ofEngine.push(connection);
  pair();
});
const outside = createServer({ noDelay: true }, (connection) => {
  ofApplication.push(connection);
  // The engine gives up where the secret is wrong: the next application finds a new one.
  engine ??= startEngine(openWorld('silent'), { control: socket, secret, listen, trust: undefined }).catch(
    () => {
      engine = undefined;
      return undefined;
    },
  );
  pair();
});
outside.listen(controlPort, '127.0.0.1', () => {
  console.log(`ready ${(outside.address() as AddressInfo).port}`);
});
