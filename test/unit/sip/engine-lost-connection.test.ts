/** The connection that a call is on breaks, and is made again. */
import { expect, it } from 'vitest';
import { newTestNetwork } from '../../support/sip-cores.ts';

it('an answer is acknowledged over the next connection, when it came and when it comes again', async () => {
  const { one, two, clock } = newTestNetwork('tcp');
  const over: string[] = [];
  const connection = (name: string) => ({ ...one.flow, isOpen: true, send: () => void over.push(name) });
  await one.send('INVITE');
  two.answer(two.requests[0], 200);
  Object.assign(one.flow, { isOpen: false });
  const second = connection('second');
  one.transport.again = () => second;
  await one.send('ACK', { dialogId: one.responses.at(-1)?.dialogId ?? '' });
  expect(over).toEqual(['second']);
  second.isOpen = false;
  one.transport.again = () => connection('third');
  await clock.advance(600);
  expect(over).toEqual(['second', 'third']);
});
