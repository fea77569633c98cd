import { expect, it } from 'vitest';
import { headerLines } from '../../../appliance/protocol/sip-headers.ts';
import { until } from '../../support/command.ts';
import {
  contact,
  ended,
  inviteText,
  inward,
  outward,
  registered,
  talking,
  within,
} from '../../support/sip-calls.ts';
import { header, mediaPort, responseText, sdpText } from '../../support/sip-site.ts';

it.each(['udp', 'tcp', 'tls'] as const)(
  'a phone on %s is called on the way that it registered on, and the far end hangs up',
  async (transport) => {
    const { site, phone, flow, token } = await registered(transport);
    flow.send(
      inviteText(inward, {
        uri: `sip:${token}@127.0.0.1`,
        lines: ['P-Asserted-Identity: <sip:+49309999@cloud.example>', 'Alert-Info: <x>'],
      }),
    );
    const invite = await phone.request('INVITE');
    expect(invite.uri).toBe('sip:1001@127.0.0.1:5999');
    expect(header(invite, 'From')).toMatch(/^"Her" <sip:\+49309999@cloud\.example>;tag=/);
    expect([header(invite, 'P-Asserted-Identity'), header(invite, 'Alert-Info')]).toEqual([
      '<sip:+49309999@cloud.example>',
      '<x>',
    ]);
    const own = `Contact: <sip:1001@127.0.0.1:${transport === 'udp' ? phone.port : 5999};transport=${transport}>`;
    phone.send(responseText(invite, '183 Session Progress', { lines: [own], body: sdpText(4000) }));
    expect(mediaPort(await flow.response(183))).toBeGreaterThan(9999);
    phone.send(responseText(invite, '200 OK', { lines: [own], body: sdpText(4000) }));
    const answer = await flow.response(200);
    flow.send(within(inward, answer, 'ACK').text());
    await phone.request('ACK');
    flow.send(within(inward, answer, 'BYE').text({ cseq: 2, lines: ['Reason: Q.850;cause=16'] }));
    const bye = await phone.request('BYE');
    expect(header(bye, 'Reason')).toBe('Q.850;cause=16');
    phone.send(responseText(bye, '200 OK'));
    await flow.response(200);
    expect(await ended(site)).toMatchObject({
      direction: 'inbound',
      reason: 'cloud hung up',
      to: 'sip:1001@office.example',
    });
  },
);

it('a challenge reaches the phone, and its answer continues the same attempt upstream', async () => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(outward));
  const first = await flow.request('INVITE');
  flow.send(
    responseText(first, '407 Proxy Authentication Required', {
      lines: [
        'Proxy-Authenticate: Digest realm="x", nonce="1"',
        'Proxy-Authenticate: Digest realm="y", nonce="2", qop="auth,auth-int"',
      ],
    }),
  );
  const challenge = await phone.response(407);
  // What the phone would hash for auth-int is not the description that goes up.
  expect(headerLines(challenge, 'Proxy-Authenticate')).toEqual([
    'Digest realm="x", nonce="1"',
    'Digest realm="y", nonce="2", qop="auth"',
  ]);
  await flow.request('ACK');
  phone.send(within(outward, challenge, 'ACK').text({ uri: 'sip:+49301234@127.0.0.1' }));
  phone.send(
    inviteText(outward, {
      cseq: 2,
      lines: ['Proxy-Authorization: Digest username="1001", uri="sip:+49301234@127.0.0.1"'],
    }),
  );
  const second = await flow.request('INVITE');
  expect(header(second, 'Proxy-Authorization')).toBe('Digest username="1001", uri="sip:+49301234@127.0.0.1"');
  expect(header(second, 'Call-ID')).toBe(header(first, 'Call-ID'));
  expect(header(second, 'From')).toBe(header(first, 'From'));
  expect([header(first, 'CSeq'), header(second, 'CSeq')]).toEqual(['1 INVITE', '2 INVITE']);
  expect(site.calls(), 'an attempt that was challenged is no call').toEqual([]);
});

it('what the caller takes back is taken back upstream', async () => {
  const { site, phone, flow } = await registered();
  const text = inviteText(outward);
  const via = /^Via: .*$/m.exec(text)?.[0] ?? '';
  phone.send(text);
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing'));
  await phone.response(180);
  phone.send(inviteText(outward, { method: 'CANCEL', body: '', lines: [via, 'Reason: SIP;cause=200'] }));
  const cancel = await flow.request('CANCEL');
  flow.send(responseText(cancel, '200 OK'));
  flow.send(responseText(invite, '487 Request Terminated'));
  await phone.response(487);
  expect(await ended(site)).toMatchObject({ reason: 'cancelled' });
});

it('an answer that crosses the taking back is acknowledged and hung up', async () => {
  const { site, phone, flow } = await registered();
  const text = inviteText(outward);
  const via = /^Via: .*$/m.exec(text)?.[0] ?? '';
  phone.send(text);
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing'));
  await phone.response(180);
  phone.send(inviteText(outward, { method: 'CANCEL', body: '', lines: [via] }));
  await flow.request('CANCEL');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await flow.request('ACK');
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  expect(await ended(site)).toMatchObject({ reason: 'cancelled' });
});

it('a phone that has gone is told to its caller at once', async () => {
  const { site, phone, flow, token } = await registered('tls');
  phone.close();
  const late = () => site.bindings()[0]?.state === 'late' || undefined;
  await until('the loss to be noticed', late, { timeoutMs: 2000, everyMs: 10 });
  flow.send(inviteText(inward, { uri: `sip:${token}@127.0.0.1` }));
  await flow.response(480);
  expect(await ended(site)).toMatchObject({ reason: expect.stringContaining('phone not reached') as string });
});

it('a far end that wants credentials for the hang-up gets them, and the call ends there too', async () => {
  const setting = await registered();
  const { site, phone, flow } = setting;
  const { answer } = await talking(setting);
  phone.send(within(outward, answer, 'BYE').text({ cseq: 2 }));
  const lines = ['Proxy-Authenticate: Digest realm="x", nonce="1"'];
  flow.send(responseText(await flow.request('BYE'), '407 Proxy Authentication Required', { lines }));
  await phone.response(407);
  const proof = 'Digest username="1001", realm="x", nonce="1", response="2"';
  phone.send(within(outward, answer, 'BYE').text({ cseq: 3, lines: [`Proxy-Authorization: ${proof}`] }));
  const bye = await flow.request('BYE');
  expect(header(bye, 'Proxy-Authorization')).toBe(proof);
  flow.send(responseText(bye, '200 OK'));
  await phone.response(200);
  expect(await ended(site)).toMatchObject({ reason: 'phone hung up' });
});
