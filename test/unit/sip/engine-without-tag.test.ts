/** A far end from before RFC 3261, which answers without a tag in To (sections 12.1.2 and 12.2.2). */
import { expect, it } from 'vitest';
import { essentials, headerValue, tagOf } from '../../../appliance/protocol/sip-headers.ts';
import type { SipMessage } from '../../../appliance/protocol/sip-message.ts';
import { stampedRequest } from '../../../appliance/sip/engine/compose.ts';
import { newTestNetwork } from '../../support/sip-cores.ts';

function withoutTag<T extends SipMessage>(message: T, field: string): T {
  const headers = message.headers.map(({ name, value }) => ({
    name,
    value: name === field ? value.replace(/;tag=[^;]*/, '') : value,
  }));
  return { ...message, headers };
}

it('is acknowledged, each time it answers, and may hang up', async () => {
  const { one, two, wire } = newTestNetwork('tcp', (line) => line === 'two 200 INVITE');
  await one.send('INVITE');
  const sent = two.answer(two.requests[0], 200);
  if (sent.kind !== 'sent' || !('status' in sent.message)) throw new Error('not sent');
  const answer = withoutTag(sent.message, 'To');
  one.outgoing.receive(answer, essentials(answer), one.flow);
  const { dialogId = '', response } = one.responses.at(-1) ?? {};
  expect([response?.status, dialogId]).toEqual([200, expect.stringContaining(';from-tag=')]);
  await one.send('ACK', { dialogId });
  one.outgoing.receive(answer, essentials(answer), one.flow);
  expect(wire.slice(-2)).toEqual(['one ACK', 'one ACK']);
  const { remoteAddress, localAddress, callId } = one.dialogs.byId(dialogId) ?? {};
  expect(tagOf(remoteAddress ?? '')).toBe(undefined);
  const bye = stampedRequest(
    {
      method: 'BYE',
      uri: 'sip:x@10.0.0.1',
      headers: [
        { name: 'Via', value: 'SIP/2.0/TCP 10.0.0.2;branch=z9hG4bKold' },
        { name: 'From', value: remoteAddress ?? '' },
        { name: 'To', value: localAddress ?? '' },
        { name: 'Call-ID', value: callId ?? '' },
        { name: 'CSeq', value: '1 BYE' },
      ],
      body: new Uint8Array(),
    },
    one.flow,
  );
  one.server.receive({ request: bye, essentials: essentials(bye), flow: one.flow });
  expect(one.requests.map(({ request, dialogId: of }) => [request.method, of])).toEqual([['BYE', dialogId]]);
  expect(headerValue(bye, 'From')).not.toContain('tag=');
});
