/** What an INVITE proved, its ACK proves too: nobody may ask for it again (RFC 3261 section 22.1). */
import { expect, it } from 'vitest';
import { decodeSipMessage, isRequest } from '../../../appliance/protocol/sip-message.ts';
import { essentials, headerLines } from '../../../appliance/protocol/sip-headers.ts';
import { newTestNetwork } from '../../support/sip-cores.ts';

const authorization = 'Digest username="a", response="1"';
const proxyAuthorization = 'Digest username="a", response="2"';

const headers = { Authorization: authorization, 'Proxy-Authorization': proxyAuthorization };

/** `acks`: the credentials of each that the first end sends. */
function network() {
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
  return { one, two, acks };
}

it.each([
  [200, 'answered'],
  [486, 'refused'],
])('with %i, for an INVITE that is %s', async (status) => {
  const { one, two, acks } = network();
  await one.send('INVITE', { headers });
  two.answer(two.requests[0], status);
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  if (status === 200) await one.send('ACK', { dialogId });
  expect(acks).toEqual([[authorization, proxyAuthorization]]);
});

it('for an INVITE that another branch of a fork answers as well', async () => {
  const { one, two, acks } = network();
  await one.send('INVITE', { headers });
  const sent = two.answer(two.requests[0], 200);
  if (sent.kind !== 'sent' || !('status' in sent.message)) throw new Error('not sent');
  await one.send('ACK', { dialogId: one.responses.at(-1)?.dialogId ?? '' });
  const others = sent.message.headers.map(({ name, value }) => ({
    name,
    value: name === 'To' ? '<sip:peer@10.0.0.9>;tag=fork' : value,
  }));
  const fork = { ...sent.message, headers: others };
  one.outgoing.receive(fork, essentials(fork), one.flow);
  expect(acks).toEqual([
    [authorization, proxyAuthorization],
    [authorization, proxyAuthorization],
  ]);
});
