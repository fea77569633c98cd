import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { listenTcp, type StreamConnection, type StreamListener } from '../../../appliance/net/tcp.ts';
import { listenTls } from '../../../appliance/net/tls.ts';
import { until } from '../../support/command.ts';
import { newTestAuthority } from '../../support/sip-certificates.ts';

const at = { address: '127.0.0.1', port: 0 };

function clientsOf({ local: { port } }: StreamListener) {
  const closed = { count: 0 };
  const open = async (localAddress: string) => {
    const socket = connect({ port, host: at.address, localAddress });
    socket.on('error', () => undefined).on('close', () => (closed.count += 1));
    socket.resume();
    onTestFinished(() => void socket.destroy());
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    return socket;
  };
  /** Not more at once than the kernel keeps for us. */
  const openMany = async (localAddress: string, hundreds: number) => {
    const sockets = [];
    for (let done = 0; done < hundreds; done += 1)
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => open(localAddress)))));
    return sockets;
  };
  return { closed, open, openMany };
}

it('one address has a part of the connections that there are, whatever it does with them', async () => {
  const accepted: StreamConnection[] = [];
  const listener = await listenTcp(at, (connection) => accepted.push(connection));
  onTestFinished(() => listener[Symbol.asyncDispose]());
  const { open, openMany } = clientsOf(listener);
  const patience = { timeoutMs: 10_000, everyMs: 20, lastSeen: () => String(accepted.length) };
  const [first] = await openMany('127.0.0.9', 21);
  await until('those that it may have', () => accepted.length >= 2048 || undefined, patience);
  expect(accepted).toHaveLength(2048);
  await open('127.0.0.2');
  await until('the other one', () => accepted.length === 2049 || undefined, patience);
  first?.destroy();
  await until('its end', () => accepted.some(({ isOpen }) => !isOpen) || undefined, patience);
  await open('127.0.0.9');
  await until('one in its place', () => accepted.length === 2050 || undefined, patience);
});

it('handshakes that were begun count too, as long as they last', async () => {
  const accepted: StreamConnection[] = [];
  const identity = newTestAuthority().issue(['IP:127.0.0.1']);
  const listener = await listenTls(at, identity, (connection) => accepted.push(connection));
  onTestFinished(() => listener[Symbol.asyncDispose]());
  const { closed, openMany } = clientsOf(listener);
  const patience = { timeoutMs: 8000, everyMs: 20, lastSeen: () => JSON.stringify(closed) };
  const begun = await openMany('127.0.0.9', 21);
  await until('those beyond to be closed', () => closed.count >= 52 || undefined, patience);
  expect(closed.count).toBe(52);
  begun.forEach((socket) => socket.destroy());
  await until('the end of all', () => closed.count === 2100 || undefined, patience);
  const { port } = listener.local;
  // Node takes it, and its types don't.
  const from = { localAddress: '127.0.0.9' };
  const secure = connectTls({ port, host: at.address, rejectUnauthorized: false, ...from });
  onTestFinished(() => void secure.destroy());
  await once(secure, 'secureConnect');
  await until('the one that is whole', () => accepted.length === 1 || undefined, patience);
});
