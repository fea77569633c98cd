/** A REFER in a call begins a subscription, which a BYE doesn't end (RFC 3515, RFC 5057 section 4.2). */
import { expect, it } from 'vitest';
import { newTestNetwork } from '../../support/sip-cores.ts';

async function referredAndOver(headers: Record<string, string> = {}) {
  const network = newTestNetwork('tcp');
  const { one, two } = network;
  await one.send('INVITE');
  two.answer(two.requests[0], 200);
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  await one.send('ACK', { dialogId });
  await one.send('REFER', { dialogId, headers: { 'Refer-To': '<sip:x@y>', ...headers } });
  two.answer(two.requests.at(-1), 202);
  await one.send('BYE', { dialogId });
  two.answer(two.requests.at(-1), 200);
  const notify = async (state: string) => {
    const at = one.requests.length;
    await two.send('NOTIFY', { dialogId, headers: { 'Subscription-State': state } });
    if (one.requests.length > at) one.answer(one.requests.at(-1), 200);
    return two.responses.at(-1)?.response.status;
  };
  const sizes = () => [one.dialogs.size, two.dialogs.size];
  return { ...network, dialogId, notify, sizes };
}

it('what became of it is told after the call, until it is known', async () => {
  const { notify, sizes } = await referredAndOver();
  expect([await notify('active'), sizes()]).toEqual([200, [1, 1]]);
  expect([await notify('terminated;reason=noresource'), sizes()]).toEqual([200, [0, 0]]);
});

it('nothing else is possible after the call, and it is forgotten in the end', async () => {
  const { one, two, clock, dialogId, sizes } = await referredAndOver();
  await two.send('INFO', { dialogId });
  expect([two.responses.at(-1)?.response.status, one.requests]).toEqual([481, []]);
  await clock.advance(301_000);
  expect(sizes()).toEqual([0, 0]);
});

it('whoever wants to hear nothing of it is not told', async () => {
  const { sizes } = await referredAndOver({ 'Refer-Sub': 'false' });
  expect(sizes()).toEqual([0, 0]);
});
