/** Changes of a call that cross each other (RFC 3261 section 14, RFC 3311 section 5.2), or are taken back. */
import { expect, it } from 'vitest';
import { headerValue } from '../../../appliance/protocol/sip-headers.ts';
import { newTestNetwork } from '../../support/sip-cores.ts';

const offer = { body: 'v=0\r\n' };

async function callUp(transport: 'tcp' | 'udp' = 'tcp', isLost: (line: string) => boolean = () => false) {
  const network = newTestNetwork(transport, isLost);
  const { one, two } = network;
  await one.send('INVITE', offer);
  two.answer(two.requests[0], 200, offer);
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  await one.send('ACK', { dialogId });
  one.responses.length = 0;
  two.requests.length = 0;
  /** What became of it there. */
  const told = (core: typeof one) =>
    core.responses.map(({ response }) => `${response.status} ${headerValue(response, 'CSeq')?.slice(2)}`);
  const passed = (core: typeof one) => core.requests.map(({ request }) => request.method);
  return { ...network, dialogId, told, passed };
}

it.each([
  ['UPDATE', 'UPDATE'],
  ['UPDATE', 'INVITE'],
  ['INVITE', 'UPDATE'],
])('an offer in %s that crosses one in %s is for later on both sides', async (ours, theirs) => {
  let lost = /^$/;
  const { one, two, dialogId, told, passed, clock } = await callUp('udp', (line) => lost.test(line));
  lost = /./;
  await one.send(ours, { dialogId, ...offer });
  await two.send(theirs, { dialogId, ...offer });
  // Neither hears what becomes of its own before the other one's has come.
  lost = / \d/;
  await clock.advance(600);
  lost = /^$/;
  await clock.advance(4000);
  const finals = [...told(one), ...told(two)].filter((line) => !line.startsWith('100'));
  expect(finals.toSorted()).toEqual([`491 ${ours}`, `491 ${theirs}`].toSorted());
  expect([...passed(one), ...passed(two)]).toEqual([]);
});

it('an UPDATE that comes while one of the same end has no answer may come again, at a time of its own', async () => {
  const { one, two, dialogId, told, passed } = await callUp();
  await one.send('UPDATE', { dialogId, ...offer });
  await one.send('UPDATE', { dialogId });
  expect(told(one)).toEqual(['500 UPDATE']);
  const after = Number(headerValue(one.responses[0]?.response ?? { headers: [] }, 'Retry-After'));
  expect(after).toBeGreaterThanOrEqual(0);
  expect(after).toBeLessThanOrEqual(10);
  two.answer(two.requests[0], 200, offer);
  await one.send('UPDATE', { dialogId });
  expect(passed(two)).toEqual(['UPDATE', 'UPDATE']);
});

it('so does one with an offer while a re-INVITE of the same end has no answer, and one without passes', async () => {
  const { one, dialogId, two, told, passed } = await callUp();
  await one.send('INVITE', { dialogId, ...offer });
  await one.send('UPDATE', { dialogId, ...offer });
  expect(told(one)).toEqual(['100 INVITE', '500 UPDATE']);
  await one.send('UPDATE', { dialogId });
  expect(passed(two)).toEqual(['INVITE', 'UPDATE']);
});

it('an UPDATE that was refused leaves nothing behind', async () => {
  const { one, two, dialogId, passed } = await callUp();
  for (const status of [488, 200]) {
    await one.send('UPDATE', { dialogId, ...offer });
    two.answer(two.requests.at(-1), status);
  }
  await two.send('INVITE', { dialogId, ...offer });
  expect(passed(one)).toEqual(['INVITE']);
});

it('a change that is taken back too late is made, and the call goes on', async () => {
  const { one, two, dialogId, told, wire } = await callUp();
  const sent = await one.send('INVITE', { dialogId, ...offer });
  const transactionId = sent.kind === 'sent' ? sent.transactionId : '';
  const [invite] = two.requests;
  await one.send('CANCEL', { transactionId });
  expect(
    two.requests.map(({ request }) => request.method),
    'the application is told',
  ).toEqual(['INVITE', 'CANCEL']);
  expect(told(one), 'and answers').toEqual(['100 INVITE']);
  two.answer(invite, 200, offer);
  expect(told(one)).toEqual(['100 INVITE', '200 INVITE']);
  await one.send('ACK', { dialogId });
  await new Promise((resolve) => setImmediate(resolve));
  expect(wire.filter((line) => line.includes('BYE'))).toEqual([]);
  expect([one.dialogs.size, two.dialogs.size]).toEqual([1, 1]);
});

it('a change that is taken back in time was none', async () => {
  const { one, two, dialogId, told } = await callUp();
  const sent = await one.send('INVITE', { dialogId, ...offer });
  await one.send('CANCEL', { transactionId: sent.kind === 'sent' ? sent.transactionId : '' });
  two.answer(two.requests[0], 487);
  expect(told(one)).toEqual(['100 INVITE', '487 INVITE']);
  await one.send('UPDATE', { dialogId, ...offer });
  expect(two.requests.at(-1)?.request.method).toBe('UPDATE');
});
