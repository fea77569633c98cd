/** A change that the other end refuses leaves the call as it was (RFC 3261 section 14.1): a fax that must stay sound, for one. */
import { expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import {
  contact,
  ear,
  fromCloud,
  inviteText,
  outward,
  registered,
  rtp,
  within,
} from '../../support/sip-calls.ts';
import { mediaPort, responseText, sdpText } from '../../support/sip-site.ts';

const wait = { timeoutMs: 4000, everyMs: 5 };

const fax = (port: number) =>
  sdpText(port).replace(/m=audio (\d+) .*/, 'm=image $1 udptl t38\r\na=T38FaxVersion:0');

it.each([
  { title: 'a phone that wanted T.38 at another port', method: 'INVITE', body: fax },
  { title: 'a phone that wanted its sound at another port', method: 'INVITE', body: sdpText },
  { title: 'a phone that wanted so by UPDATE', method: 'UPDATE', body: sdpText },
])('$title and may not hears the far end as before', async ({ method, body }) => {
  const setting = await registered('tcp');
  const { phone, flow } = setting;
  const [own, elsewhere, far] = [await ear(), await ear(), await ear()];
  phone.send(inviteText(outward, { body: sdpText(own.address().port) }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(far.address().port) }));
  const answer = await phone.response(200);
  phone.send(within(outward, answer, 'ACK').text());
  await flow.request('ACK');
  const to = { address: '127.0.0.1', port: mediaPort(invite) };
  let sequence = 0;
  const heard = async (who: { heard: number }) => {
    const before = who.heard;
    await until(
      'the far end to be heard',
      () => {
        sequence += 1;
        void far.send(rtp(sequence), to);
        return who.heard > before || undefined;
      },
      wait,
    );
  };
  await heard(own);
  phone.send(within(outward, answer, method).text({ cseq: 2, body: body(elsewhere.address().port) }));
  flow.send(responseText(await flow.request(method), '488 Not Acceptable Here'));
  const refusal = await phone.response(488);
  if (method === 'INVITE') phone.send(within(outward, refusal, 'ACK').text({ cseq: 2 }));
  await heard(own);
  expect(elsewhere.heard).toBe(0);
});

it('a far end whose change the phone refuses is heard where it was', async () => {
  const { phone, flow } = await registered('tcp');
  const [own, far, elsewhere] = [await ear(), await ear(), await ear()];
  phone.send(inviteText(outward, { body: sdpText(own.address().port) }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(far.address().port) }));
  const answer = await phone.response(200);
  phone.send(within(outward, answer, 'ACK').text());
  await flow.request('ACK');
  flow.send(fromCloud(invite, 'INVITE', { body: sdpText(elsewhere.address().port) }));
  phone.send(responseText(await phone.request('INVITE'), '488 Not Acceptable Here'));
  await flow.response(488);
  const to = { address: '127.0.0.1', port: mediaPort(answer) };
  let sequence = 0;
  await until(
    'the phone to be heard',
    () => {
      sequence += 1;
      void own.send(rtp(sequence), to);
      return far.heard > 0 || undefined;
    },
    wait,
  );
  expect(elsewhere.heard).toBe(0);
});
