/** A call ends at both its ends (RFC 3261 section 15), whatever becomes of the BYE. */
import { expect, it } from 'vitest';
import { headerValue } from '../../../appliance/protocol/sip-headers.ts';
import { newTestNetwork } from '../../support/sip-cores.ts';

async function callUp(isLost: (line: string, at: number) => boolean = () => false) {
  const network = newTestNetwork('tcp', isLost);
  const { one, two } = network;
  await one.send('INVITE');
  two.answer(two.requests[0], 200);
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  return { ...network, dialogId };
}

it.each([401, 407])('a BYE that is answered with %i may come again with credentials', async (status) => {
  const { one, two, dialogId } = await callUp();
  await one.send('ACK', { dialogId });
  await one.send('BYE', { dialogId });
  two.answer(two.requests.at(-1), status, { headers: { 'Proxy-Authenticate': 'Digest realm="x"' } });
  await one.send('BYE', { dialogId, headers: { 'Proxy-Authorization': 'Digest username="a"' } });
  const { request } = two.requests.at(-1) ?? {};
  expect([request?.method, request && headerValue(request, 'CSeq')]).toEqual(['BYE', '3 BYE']);
  two.answer(two.requests.at(-1), 200);
  expect(one.responses.at(-1)?.response.status).toBe(200);
  expect([one.dialogs.size, two.dialogs.size]).toEqual([0, 0]);
});

it('a BYE of our own whose connection goes before there is an answer is sent when the far end is back', async () => {
  const { clock, wire, two, dialogId } = await callUp((line) => line === 'two BYE');
  await clock.advance(33_000);
  expect(two.requests.at(-1)).toMatchObject({ transactionId: 'unsolicited', dialogId });
  two.outgoing.flowLost(two.flow);
  expect(two.owedByes.size).toBe(1);
  two.client.payByes(two.flow);
  two.outgoing.flowLost(two.flow);
  two.client.payByes(two.flow);
  expect(wire.filter((line) => line === 'two BYE')).toHaveLength(3);
});

it('whoever has answered hangs up once the ACK is there, or seems never to come', async () => {
  const { clock, wire, two, dialogId } = await callUp();
  const ordered = two.send('BYE', { dialogId });
  await clock.advance(3900);
  expect(wire).not.toContain('two BYE');
  await clock.advance(200);
  expect(wire.filter((line) => line === 'two BYE')).toHaveLength(1);
  await expect(ordered).resolves.toMatchObject({ kind: 'sent' });
});
