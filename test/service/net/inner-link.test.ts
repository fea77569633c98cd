/** Both halves of a connection that the kernel knows nothing of. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { newInnerLink } from '../../../appliance/net/inner-link.ts';

const turn = async () => new Promise((resolve) => setImmediate(resolve));

async function linked() {
  const { server, connect } = newInnerLink();
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const connection = connect();
  const [socket] = await accepted;
  const heard: string[] = [];
  const closed: string[] = [];
  socket.on('data', (chunk) => heard.push(`there: ${String(chunk)}`));
  socket.on('close', () => closed.push('there'));
  connection.onData((chunk) => heard.push(`here: ${Buffer.from(chunk).toString()}`));
  connection.onClose(() => closed.push('here'));
  return { connection, socket, heard, closed };
}

it('what either side writes reaches the other in order, and not before the writer is done', async () => {
  const { connection, socket, heard } = await linked();
  connection.write(Buffer.from('one'));
  connection.write(Buffer.from('two'));
  socket.write('drei €');
  expect(heard).toEqual([]);
  await turn();
  expect(heard).toEqual(['there: one', 'there: two', 'here: drei €']);
});

it('what was written before the end still arrives, and then both sides hear of the end', async () => {
  const { connection, socket, heard, closed } = await linked();
  socket.write('last');
  socket.end();
  await turn();
  await turn();
  expect(heard).toEqual(['here: last']);
  expect(closed.toSorted()).toEqual(['here', 'there']);
  expect(connection.isOpen).toBe(false);
  connection.write(Buffer.from('nobody'));
  await turn();
  expect(heard).toEqual(['here: last']);
});

it('the next connection is another one', async () => {
  const { server, connect } = newInnerLink();
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  connect().destroy();
  const second = connect();
  await turn();
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false]);
  expect(second.isOpen).toBe(true);
});
