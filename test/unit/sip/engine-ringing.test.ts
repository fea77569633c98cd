/** A phone that rings for minutes: proxies on the way give up what they hear nothing of for three (RFC 3261 section 13.3.1.1). */
import { expect, it } from 'vitest';
import { headerValue } from '../../../appliance/protocol/sip-headers.ts';
import type { SipResponse } from '../../../appliance/protocol/sip-message.ts';
import { newTestNetwork } from '../../support/sip-cores.ts';

const reliable = { headers: { Require: '100rel' }, body: 'v=0\r\n' };

function shown(response: SipResponse) {
  return [response.status, headerValue(response, 'RSeq'), response.body.length];
}

it('the caller is told each minute that it still rings, until there is an answer', async () => {
  const { one, two, clock } = newTestNetwork('tcp');
  await one.send('INVITE');
  const seen = () => one.responses.map(({ response }) => response.status);
  two.answer(two.requests[0], 183);
  await clock.advance(30_000);
  two.answer(two.requests[0], 180);
  await clock.advance(59_000);
  expect(seen()).toEqual([100, 183, 180]);
  await clock.advance(122_000);
  expect(seen()).toEqual([100, 183, 180, 180, 180, 180]);
  two.answer(two.requests[0], 486);
  await clock.advance(130_000);
  expect(seen().slice(6)).toEqual([486]);
});

it('and no longer than ten minutes', async () => {
  const { one, two, clock } = newTestNetwork('tcp');
  await one.send('INVITE');
  two.answer(two.requests[0], 180);
  await clock.advance(700_000);
  const seen = one.responses.map(({ response }) => response.status);
  expect([seen.filter((status) => status === 180).length, seen.at(-1)]).toEqual([10, 480]);
});

it.each([
  ['plainly where it only knows PRACK', 'Supported', undefined],
  ['and with a PRACK each time where it wants that', 'Require', '2'],
])('after a response that arrived it is told %s, without a description', async (_title, field, rseq) => {
  const { one, two, clock } = newTestNetwork('tcp');
  await one.send('INVITE', { headers: { [field]: '100rel' } });
  two.answer(two.requests[0], 183, reliable);
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  await one.send('PRACK', { dialogId, headers: { RAck: '1 1 INVITE' } });
  two.answer(two.requests.at(-1), 200);
  await clock.advance(61_000);
  const last = one.responses.at(-1)?.response;
  expect(last && shown(last)).toEqual([183, rseq, 0]);
});
