import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { listenTcp, type StreamConnection } from '../../../appliance/net/tcp.ts';
import { until } from '../../support/command.ts';

it('one address has a part of the connections that there are, whatever it does with them', async () => {
  const accepted: StreamConnection[] = [];
  const listener = await listenTcp({ address: '127.0.0.1', port: 0 }, (connection) =>
    accepted.push(connection),
  );
  onTestFinished(() => listener[Symbol.asyncDispose]());
  const { port } = listener.local;
  const open = async (localAddress: string) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    return socket;
  };
  const first = await open('127.0.0.9');
  // Not more at once than the kernel keeps for us.
  for (let at = 0; at < 21; at += 1) await Promise.all(Array.from({ length: 100 }, () => open('127.0.0.9')));
  const patience = { timeoutMs: 10_000, everyMs: 20, lastSeen: () => String(accepted.length) };
  await until('those beyond to be closed', () => accepted.length >= 2048 || undefined, patience);
  expect(accepted).toHaveLength(2048);
  await open('127.0.0.2');
  await until('the other one', () => accepted.length === 2049 || undefined, patience);
  first.destroy();
  await until('its end', () => accepted.some(({ isOpen }) => !isOpen) || undefined, patience);
  await open('127.0.0.9');
  await until('one in its place', () => accepted.length === 2050 || undefined, patience);
});
