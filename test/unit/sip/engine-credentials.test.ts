/** What an INVITE proved, its ACK proves too: nobody may ask for it again (RFC 3261 section 22.1). */
import { expect, it } from 'vitest';
import { decodeSipMessage, isRequest } from '../../../appliance/protocol/sip-message.ts';
import { headerLines } from '../../../appliance/protocol/sip-headers.ts';
import { newTestNetwork } from '../../support/sip-cores.ts';

const authorization = 'Digest username="a", response="1"';
const proxyAuthorization = 'Digest username="a", response="2"';

it.each([
  [200, 'answered'],
  [486, 'refused'],
])('with %i, for an INVITE that is %s', async (status) => {
  const { one, two } = newTestNetwork('tcp');
  const acks: string[][] = [];
  const flow = { ...one.flow };
  Object.assign(one.flow, {
    send: (bytes: Uint8Array) => {
      const message = decodeSipMessage(bytes);
      if (isRequest(message) && message.method === 'ACK')
        acks.push(['Authorization', 'Proxy-Authorization'].flatMap((name) => headerLines(message, name)));
      flow.send(bytes);
    },
  });
  const headers = { Authorization: authorization, 'Proxy-Authorization': proxyAuthorization };
  await one.send('INVITE', { headers });
  two.answer(two.requests[0], status);
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  if (status === 200) await one.send('ACK', { dialogId });
  expect(acks).toEqual([[authorization, proxyAuthorization]]);
});
