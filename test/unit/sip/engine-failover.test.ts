/** What a 503 does to a request (RFC 3263 section 4.3). */
import { expect, it } from 'vitest';
import type { Flow } from '../../../appliance/sip/engine/flow.ts';
import { plainResponse } from '../../../appliance/sip/engine/compose.ts';
import { retryAfterMs } from '../../../appliance/sip/engine/retry-after.ts';
import { newTestNetwork, type TestCore } from '../../support/sip-cores.ts';

it.each([
  ['120', 120_000],
  ['0', 0],
  ['18000;duration=3600', 3_600_000],
  ['60 (maintenance)', 60_000],
  ['99999999999', 3_600_000],
  ['soon', undefined],
  ['-5', undefined],
])('Retry-After "%s" is %s ms', (value, ms) => {
  expect(retryAfterMs(plainResponse(503, 'x', [{ name: 'Retry-After', value }]))).toBe(ms);
});

it('without Retry-After nothing is said', () => {
  expect(retryAfterMs(plainResponse(503, 'x'))).toBeUndefined();
});

const finals = ({ responses }: TestCore) =>
  responses.map(({ response }) => response.status).filter((status) => status >= 200);

it.each(['udp', 'tcp'] as const)(
  'over %s a call that is taken back while another server is looked for rings nowhere',
  async (transport) => {
    const { one, two, wire, clock } = newTestNetwork(transport);
    const next = Promise.withResolvers<Flow | undefined>();
    one.transport.nextFlow = async () => await next.promise;
    const sent = await one.send('INVITE');
    two.answer(two.requests[0], 503);
    await clock.advance(1000);
    expect(finals(one)).toEqual([]);
    const cancel = await one.send('CANCEL', {
      transactionId: 'transactionId' in sent ? sent.transactionId : '',
    });
    expect(cancel.kind).toBe('sent');
    next.resolve(one.flow);
    await new Promise(setImmediate);
    expect(finals(one)).toEqual([503]);
    expect(wire.filter((line) => line === 'one INVITE')).toHaveLength(1);
  },
);

it('a call that another server takes is one call to the application', async () => {
  const { one, two, wire } = newTestNetwork('udp');
  one.transport.nextFlow = async () => await Promise.resolve(one.flow);
  await one.send('INVITE');
  two.answer(two.requests[0], 503);
  await new Promise(setImmediate);
  two.answer(two.requests[1], 200);
  expect(finals(one)).toEqual([200]);
  expect(new Set(one.responses.map(({ transactionId }) => transactionId)).size).toBe(1);
  expect(wire.filter((line) => line === 'one INVITE')).toHaveLength(2);
  expect(one.dialogs.size).toBe(1);
});
