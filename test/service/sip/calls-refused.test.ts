import { expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import {
  contact,
  ear,
  ended,
  fromCloud,
  inviteText,
  inward,
  local,
  outward,
  registered,
  rtp,
  talking,
  within,
} from '../../support/sip-calls.ts';
import { bodyOf, header, mediaPort, responseText, sdpText } from '../../support/sip-site.ts';

it('a call crosses: the URI as dialled, meaning fields kept, our media ports on either side, RTP both ways, hang-up', async () => {
  const setting = await registered();
  const { site, phone, flow, token } = setting;
  const [phoneEar, cloudEar] = [await ear(), await ear()];
  const lines = [
    'User-Agent: Yealink',
    'X-SWITCH-INFO: sw1;p=Gi1/0/3',
    'Geolocation: <cid:x@y>',
    'P-Early-Media: supported',
    'Supported: timer, 100rel, replaces',
    'Allow: INVITE, PRACK, BYE',
  ];
  phone.send(
    inviteText(outward, {
      body: sdpText(phoneEar.address().port),
      lines: [...lines, 'Route: <sip:127.0.0.1;lr>'],
    }),
  );
  const invite = await flow.request('INVITE');
  expect(invite.uri).toBe('sip:+49301234@127.0.0.1');
  expect(header(invite, 'From')).toMatch(/^"Me" <sip:1001@office\.example>;tag=[0-9a-f]{16}$/);
  expect(header(invite, 'From')).not.toContain('tag=me');
  expect(header(invite, 'Call-ID')).not.toBe('call-1');
  expect(header(invite, 'Contact')).toContain(`<sip:${token}@127.0.0.1:`);
  expect(
    ['User-Agent', 'X-SWITCH-INFO', 'Geolocation', 'P-Early-Media'].map((name) => header(invite, name)),
  ).toEqual(lines.slice(0, 4).map((line) => line.replace(/^[^:]+: /, '')));
  expect([header(invite, 'Supported'), header(invite, 'Allow'), header(invite, 'Route')]).toEqual([
    'replaces,timer,100rel',
    'INVITE, BYE,PRACK',
    '',
  ]);
  expect(header(invite, 'Max-Forwards')).toBe('69');
  expect(mediaPort(invite)).not.toBe(phoneEar.address().port);
  flow.send(responseText(invite, '180 Ringing', { lines: ['Server: edge'] }));
  await phone.response(180);
  await until('the call to ring', () => site.calls().find(({ state }) => state === 'ringing'), {
    timeoutMs: 2000,
    everyMs: 10,
  });
  flow.send(
    responseText(invite, '200 OK', {
      lines: [contact, 'Server: edge'],
      body: sdpText(cloudEar.address().port),
    }),
  );
  const answer = await phone.response(200);
  expect(header(answer, 'Server')).toBe('edge');
  phone.send(within(outward, answer, 'ACK').text());
  await flow.request('ACK');
  expect(site.calls()).toMatchObject([
    { direction: 'outbound', state: 'up', from: 'sip:1001@office.example', to: 'sip:+49301234@127.0.0.1' },
  ]);
  for (let sequence = 0; sequence < 10; sequence += 1) {
    await phoneEar.send(rtp(sequence), { address: local, port: mediaPort(answer) });
    await cloudEar.send(rtp(sequence), { address: local, port: mediaPort(invite) });
  }
  await until('all packets', () => (phoneEar.heard === 10 && cloudEar.heard === 10) || undefined, {
    timeoutMs: 3000,
    everyMs: 5,
  });
  phone.send(within(outward, answer, 'BYE').text({ cseq: 2 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(200);
  expect(await ended(site)).toMatchObject({
    reason: 'phone hung up',
    packetsFromPhone: 10,
    packetsToPhone: 10,
  });
  expect(site.rtp?.counters()['sessions']).toBe(0);
  expect(site.sip.counters()).toMatchObject({ calls: 0, errors: 0 });
});

it.each([
  ['an identity that is not its own', { ...outward, from: '<sip:1002@office.example>;tag=x' }],
  ['an identity of another domain', { ...outward, from: '<sip:1001@evil.example>;tag=x' }],
])('a phone that claims %s is refused, and it is written down', async (_title, dialog) => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(dialog));
  await phone.response(403);
  expect(flow.waiting).toEqual([]);
  await until('the record', () => site.journal('identity_refused')[0], { timeoutMs: 2000, everyMs: 10 });
});

it('a phone that is not registered on its connection is refused', async () => {
  const { site, flow } = await registered();
  const stranger = await site.phone('tls');
  stranger.send(inviteText(outward));
  await stranger.response(403);
  expect(flow.waiting).toEqual([]);
});

it('fields that only the box may set are taken out, and mean nothing', async () => {
  const { phone, flow } = await registered();
  const own = ['X-Gatehouse-Parcel: 1', 'X-Gatehouse-Flow: other'];
  phone.send(inviteText(outward, { lines: [...own, 'Subject: x'] }));
  const invite = await flow.request('INVITE');
  expect(invite.headers.filter(({ name }) => name.startsWith('X-'))).toEqual([]);
  expect([header(invite, 'Subject'), bodyOf(invite)]).toEqual(['x', expect.stringContaining('m=audio')]);
  flow.send(responseText(invite, '486 Busy Here', { lines: [...own, 'Server: edge'] }));
  const refused = await phone.response(486);
  expect(header(refused, 'Server')).toBe('edge');
  expect(header(refused, 'X-Gatehouse-Parcel')).toBe('');
});

it('who claims to be somebody else beside From has that taken out', async () => {
  const { phone, flow } = await registered();
  phone.send(
    inviteText(outward, {
      lines: [
        'P-Asserted-Identity: <sip:boss@office.example>',
        'P-Preferred-Identity: <sip:1001@office.example>',
        'Remote-Party-ID: <sip:boss@office.example>',
      ],
    }),
  );
  const invite = await flow.request('INVITE');
  expect(invite.headers.map(({ name }) => name.toLowerCase())).not.toContain('remote-party-id');
  expect([header(invite, 'P-Asserted-Identity'), header(invite, 'P-Preferred-Identity')]).toEqual([
    '',
    '<sip:1001@office.example>',
  ]);
});

it('a registrar can call no phone but that of the connection, and only by the name that it was given', async () => {
  const { phone, flow } = await registered();
  for (const user of ['1001', '0123456789abcdef0123456789abcdef']) {
    flow.send(inviteText({ ...inward, callId: `wrong-${user}` }, { uri: `sip:${user}@127.0.0.1` }));
    await flow.response(404);
  }
  expect(phone.waiting).toEqual([]);
});

it.each([
  ['no description', 'hello'],
  ['IPv6 media', sdpText(4000).replaceAll('IP4 127.0.0.1', 'IP6 ::1')],
  ['a port that is none', sdpText(4000).replace('m=audio 4000', 'm=audio 99999')],
])('an INVITE with %s is refused with 488 and counted', async (_title, body) => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(outward, { body }));
  await phone.response(488);
  expect(flow.waiting).toEqual([]);
  expect(site.sip.counters()).toMatchObject({ sdp_refused: 1, calls: 0 });
  phone.send(inviteText({ ...outward, callId: 'next' }));
  await flow.request('INVITE');
});

const key = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PUxxQ0kyMDIzMDEyMzQ1Njc4OTAxMjM0NTY3ODkw';

it('keys are passed to the byte over TLS', async () => {
  const { phone, flow } = await registered('tls');
  phone.send(inviteText(outward, { body: sdpText(4000, [key]).replace('RTP/AVP', 'RTP/SAVP') }));
  expect(bodyOf(await flow.request('INVITE'))).toContain(key);
});

it.each(['udp', 'tcp'] as const)('keys never cross to or from a phone on %s', async (transport) => {
  const { phone, flow, token } = await registered(transport);
  phone.send(inviteText(outward, { body: sdpText(4000, [key]).replace('RTP/AVP', 'RTP/SAVP') }));
  await phone.response(488);
  flow.send(inviteText(inward, { uri: `sip:${token}@127.0.0.1`, body: sdpText(6000, [key]) }));
  const invite = bodyOf(await phone.request('INVITE'));
  expect(invite).toContain('m=audio');
  expect(invite).not.toMatch(/crypto|inline/);
  phone.send(inviteText({ ...outward, callId: 'plain' }));
  const secured = bodyOf(await flow.request('INVITE'));
  expect(secured).toMatch(/RTP\/SAVP [^]*a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:/);
});

it('without a media relay calls are refused with 503, and health says why', async () => {
  const { site, phone, flow } = await registered('tls', { rtp: false });
  phone.send(inviteText(outward));
  await phone.response(503);
  expect(flow.waiting).toEqual([]);
  expect(site.sip.health()).toEqual({
    state: 'degraded',
    reason: expect.stringContaining('media relay') as string,
  });
});

it('a call that began over TLS goes on over nothing less, but may be hung up: its keys stay off the wire', async () => {
  const setting = await registered('tls');
  const { site, phone, flow } = setting;
  const { invite, answer } = await talking(setting);
  const clear = await site.phone('tcp');
  clear.send(within(outward, answer, 'INVITE').text({ cseq: 2, body: sdpText(4000) }));
  clear.send(within(outward, answer, 'INFO').text({ cseq: 3 }));
  await clear.response(481);
  await clear.response(481);
  flow.send(fromCloud(invite, 'INFO', { cseq: 10 }));
  phone.send(responseText(await phone.request('INFO'), '200 OK'));
  await flow.response(200);
  expect(clear.waiting.filter((message) => 'method' in message)).toEqual([]);
  clear.send(within(outward, answer, 'BYE').text({ cseq: 4 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await clear.response(200);
});
