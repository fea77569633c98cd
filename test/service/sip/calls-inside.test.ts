import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { storeFile } from '../../../appliance/store/store.ts';
import {
  contact,
  ended,
  fromCloud,
  inviteText,
  outward,
  registered,
  talking,
  within,
} from '../../support/sip-calls.ts';
import { bodyOf, header, mediaPort, responseText, sdpText } from '../../support/sip-site.ts';

it('hold, resume and the other side changing its mind cross with new descriptions on the same ports', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { invite, answer } = await talking(setting);
  phone.send(within(outward, answer, 'INVITE').text({ cseq: 2, body: sdpText(4000, ['a=sendonly']) }));
  const hold = await flow.request('INVITE');
  expect(bodyOf(hold)).toContain('a=sendonly');
  expect(mediaPort(hold)).toBe(mediaPort(invite));
  flow.send(responseText(hold, '200 OK', { lines: [contact], body: sdpText(6000, ['a=recvonly']) }));
  const held = await phone.response(200);
  expect(bodyOf(held)).toContain('a=recvonly');
  expect(mediaPort(held)).toBe(mediaPort(answer));
  phone.send(within(outward, answer, 'ACK').text({ cseq: 2 }));
  flow.send(fromCloud(invite, 'INVITE', { body: sdpText(6002) }));
  const changed = await phone.request('INVITE');
  phone.send(responseText(changed, '488 Not Acceptable Here'));
  await flow.response(488);
  flow.send(fromCloud(invite, 'INVITE', { body: sdpText(6004), cseq: 11 }));
  await phone.request('INVITE');
});

it('a re-INVITE without an offer brings one back, and its answer in the ACK', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { invite } = await talking(setting);
  flow.send(fromCloud(invite, 'INVITE'));
  const asked = await phone.request('INVITE');
  expect(bodyOf(asked)).toBe('');
  phone.send(responseText(asked, '200 OK', { lines: [contact], body: sdpText(4000) }));
  expect(mediaPort(await flow.response(200))).toBe(mediaPort(invite));
  flow.send(fromCloud(invite, 'ACK', { body: sdpText(6002) }));
  const acknowledged = await phone.request('ACK');
  expect(mediaPort(acknowledged)).toBeGreaterThan(9999);
});

it('INFO, UPDATE and others cross inside a call and their answers come back', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { answer } = await talking(setting);
  phone.send(
    within(outward, answer, 'INFO').text({
      cseq: 2,
      body: 'Signal=5',
      lines: ['Content-Type: application/dtmf-relay'],
    }),
  );
  const info = await flow.request('INFO');
  expect([bodyOf(info), header(info, 'Content-Type')]).toEqual(['Signal=5', 'application/dtmf-relay']);
  flow.send(responseText(info, '415 Unsupported Media Type', { lines: ['Accept: text/plain'] }));
  expect(header(await phone.response(415), 'Accept')).toBe('text/plain');
  phone.send(within(outward, answer, 'UPDATE').text({ cseq: 3, body: sdpText(4000) }));
  const update = await flow.request('UPDATE');
  flow.send(responseText(update, '200 OK', { lines: [contact], body: sdpText(6000) }));
  expect(mediaPort(await phone.response(200))).toBe(mediaPort(answer));
});

it('BYE from another phone of the network does not end a call', async () => {
  const setting = await registered('tls');
  const { site, flow } = setting;
  const { invite, answer } = await talking(setting);
  const stranger = await site.phone('udp');
  stranger.send(within({ ...outward, callId: header(invite, 'Call-ID') }, answer, 'BYE').text({ cseq: 5 }));
  await stranger.response(481);
  expect(site.calls()).toMatchObject([{ state: 'up' }]);
  expect(flow.waiting).toEqual([]);
});

const part = (type: string, content: string) => `--b1\r\nContent-Type: ${type}\r\n\r\n${content}\r\n`;

it('a body with a location beside the description keeps the location', async () => {
  const { phone, flow } = await registered();
  const location = '<presence xmlns="urn:ietf:params:xml:ns:pidf"/>';
  const body = `${part('application/sdp', sdpText(4000))}${part('application/pidf+xml', location)}--b1--\r\n`;
  phone.send(
    inviteText(outward, {
      uri: 'sip:112@127.0.0.1',
      body,
      lines: ['Content-Type: multipart/mixed;boundary=b1', 'Geolocation: <cid:loc>'],
    }),
  );
  const invite = await flow.request('INVITE');
  expect(header(invite, 'Content-Type')).toBe('multipart/mixed;boundary=b1');
  expect(bodyOf(invite)).toContain(location);
  expect(mediaPort(invite)).not.toBe(4000);
});

it('a call for help is carried when every limit is reached', async () => {
  const { phone, flow } = await registered();
  for (let at = 0; at < 8; at += 1) {
    phone.send(inviteText({ ...outward, callId: `many-${at}` }));
    await flow.request('INVITE');
  }
  phone.send(inviteText({ ...outward, callId: 'ninth' }));
  await phone.response(486);
  phone.send(inviteText({ ...outward, callId: 'help' }, { uri: 'sip:112@127.0.0.1' }));
  expect((await flow.request('INVITE')).uri).toBe('sip:112@127.0.0.1');
});

it('a planned stop hangs up on both sides', async () => {
  const setting = await registered();
  const { site, phone, flow } = setting;
  await talking(setting);
  const stopping = site.restartSip();
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  phone.send(responseText(await phone.request('BYE'), '200 OK'));
  await stopping;
  expect(await ended(site)).toMatchObject({ reason: 'shutdown' });
});

it('when nothing can be written down, a call is refused, the callee is let go, and the part goes on', async () => {
  const { site, phone, flow } = await registered();
  const broken = new Database(storeFile(site.directory, 'sip'));
  onTestFinished(() => {
    broken.close();
  });
  broken.exec('ALTER TABLE call RENAME TO away');
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await flow.request('ACK');
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(500);
  expect(site.sip.counters()).toMatchObject({ calls: 0 });
  expect(site.rtp?.counters()['sessions']).toBe(0);
  broken.exec('ALTER TABLE away RENAME TO call');
  phone.send(inviteText({ ...outward, callId: 'next' }));
  expect((await flow.request('INVITE')).uri).toBe(invite.uri);
});

const replaces = (callId: string, to: string, from: string) =>
  `Refer-To: <sip:+4930555@127.0.0.1?Replaces=${encodeURIComponent(`${callId};to-tag=${to};from-tag=${from}`)}>`;

it('a consultative transfer names the second call as the far end knows it', async () => {
  const setting = await registered();
  const { phone, flow } = setting;
  const { answer } = await talking(setting);
  const second = { ...outward, callId: 'call-2', from: '<sip:1001@office.example>;tag=me2' };
  phone.send(inviteText(second));
  const consulted = await flow.request('INVITE');
  flow.send(responseText(consulted, '200 OK', { lines: [contact], body: sdpText(6010), tag: 'far2' }));
  const tagOfBox = /;tag=(.+)$/.exec(header(await phone.response(200), 'To'))?.[1] ?? '';
  phone.send(
    within(outward, answer, 'REFER').text({ cseq: 2, lines: [replaces('call-2', tagOfBox, 'me2')] }),
  );
  const refer = await flow.request('REFER');
  const tagUpstream = /;tag=(.+)$/.exec(header(consulted, 'From'))?.[1] ?? '';
  expect(`Refer-To: ${header(refer, 'Refer-To')}`).toBe(
    replaces(header(consulted, 'Call-ID'), 'far2', tagUpstream),
  );
  flow.send(responseText(refer, '202 Accepted'));
  await phone.response(202);
  phone.send(within(outward, answer, 'REFER').text({ cseq: 3, lines: [replaces('unknown', 'a', 'b')] }));
  expect(`Refer-To: ${header(await flow.request('REFER'), 'Refer-To')}`).toBe(replaces('unknown', 'a', 'b'));
});

it.each([
  ['in time was none', 487],
  ['too late is made', 200],
])('a change that is taken back %s, and the call goes on', async (_title, status) => {
  const setting = await registered();
  const { site, phone, flow } = setting;
  const { answer } = await talking(setting);
  const via = ['Via: SIP/2.0/TCP 127.0.0.1:5999;rport;branch=z9hG4bKtaken-back'];
  phone.send(within(outward, answer, 'INVITE').text({ cseq: 2, lines: via, body: sdpText(4000) }));
  const change = await flow.request('INVITE');
  flow.send(responseText(change, '100 Trying'));
  phone.send(within(outward, answer, 'CANCEL').text({ cseq: 2, lines: via }));
  expect(header(await phone.response(200), 'CSeq')).toBe('2 CANCEL');
  flow.send(responseText(await flow.request('CANCEL'), '200 OK'));
  flow.send(
    status === 487
      ? responseText(change, '487 Request Terminated')
      : responseText(change, '200 OK', { lines: [contact], body: sdpText(6000) }),
  );
  expect(header(await phone.response(status), 'CSeq')).toBe('2 INVITE');
  await flow.request('ACK');
  phone.send(within(outward, answer, 'ACK').text({ cseq: 2, lines: status === 200 ? [] : via }));
  phone.send(within(outward, answer, 'BYE').text({ cseq: 3 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(200);
  expect(await ended(site)).toMatchObject({ reason: 'phone hung up' });
});

it('who hangs up has left, whatever else it wants of proxies', async () => {
  const setting = await registered();
  const { site, phone, flow } = setting;
  const { answer } = await talking(setting);
  phone.send(within(outward, answer, 'BYE').text({ cseq: 2, lines: ['Proxy-Require: nobody-knows'] }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(200);
  expect(await ended(site)).toMatchObject({ reason: 'phone hung up' });
});
