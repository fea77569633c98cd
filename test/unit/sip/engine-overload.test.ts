/** Nobody keeps others from being served by what costs him little. */
import { expect, it } from 'vitest';
import { headerLines } from '../../../appliance/protocol/sip-headers.ts';
import { makeRoom } from '../../../appliance/sip/engine/transactions.ts';
import { newTestNetwork } from '../../support/sip-cores.ts';

it('where transactions are many, refusals that nobody acknowledges make room', async () => {
  const { one, two } = newTestNetwork('udp', (line) => line === 'one ACK');
  await one.send('INVITE');
  await one.send('INVITE');
  await one.send('INVITE');
  two.answer(two.requests[0], 200);
  two.answer(two.requests[1], 403);
  expect(two.transactions.servers.size).toBe(3);
  expect(makeRoom(two.transactions)).toBe(true);
  expect(makeRoom(two.transactions)).toBe(false);
  expect(two.transactions.servers.size).toBe(2);
});

it('a field with as many lines as fit into a datagram is read at once', () => {
  const headers = Array.from({ length: 32_000 }, () => ({ name: 'Via', value: 'x' }));
  const before = process.cpuUsage();
  expect(headerLines({ headers }, 'Via')).toHaveLength(32_000);
  // Processor time, which others at work don't add to. It was ten seconds.
  expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
});
