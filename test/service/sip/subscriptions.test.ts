import { expect, it } from 'vitest';
import { inviteText, outward, registered, within } from '../../support/sip-calls.ts';
import { bodyOf, header, requestText, responseText } from '../../support/sip-site.ts';

const waiting = { ...outward, callId: 'mwi-1', to: '<sip:1001@office.example>' };
const event = ['Event: message-summary', 'Accept: application/simple-message-summary', 'Expires: 600'];
const subscribe = { method: 'SUBSCRIBE', uri: 'sip:1001@127.0.0.1', body: '', lines: event };

it('a phone is told of waiting messages through its subscription, until it ends', async () => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(waiting, subscribe));
  const seen = await flow.request('SUBSCRIBE');
  expect([header(seen, 'Event'), header(seen, 'Expires'), seen.uri]).toEqual([
    'message-summary',
    '600',
    'sip:1001@127.0.0.1',
  ]);
  flow.send(
    responseText(seen, '200 OK', { lines: ['Expires: 600', 'Contact: <sip:edge@127.0.0.1;transport=tls>'] }),
  );
  const accepted = await phone.response(200);
  const dialog = {
    callId: header(seen, 'Call-ID'),
    from: `${header(seen, 'To')};tag=far`,
    to: header(seen, 'From'),
  };
  const target = /<([^>]+)>/.exec(header(seen, 'Contact'))?.[1] ?? '';
  const notify = (cseq: number, state: string) =>
    inviteText(dialog, {
      method: 'NOTIFY',
      uri: target,
      cseq,
      body: 'Messages-Waiting: yes\r\n',
      lines: [
        'Event: message-summary',
        `Subscription-State: ${state}`,
        'Content-Type: application/simple-message-summary',
      ],
    });
  flow.send(notify(1, 'active;expires=600'));
  const told = await phone.request('NOTIFY');
  expect([bodyOf(told), header(told, 'Subscription-State')]).toEqual([
    'Messages-Waiting: yes\r\n',
    'active;expires=600',
  ]);
  phone.send(responseText(told, '200 OK'));
  await flow.response(200);
  phone.send(within(waiting, accepted, 'SUBSCRIBE').text({ cseq: 2, lines: event }));
  const again = await flow.request('SUBSCRIBE');
  expect(header(again, 'To')).toContain('tag=far');
  flow.send(
    responseText(again, '200 OK', { lines: ['Expires: 600', 'Contact: <sip:edge@127.0.0.1;transport=tls>'] }),
  );
  await phone.response(200);
  expect(site.sip.counters()['subscriptions']).toBe(1);
  flow.send(notify(2, 'terminated;reason=timeout'));
  phone.send(responseText(await phone.request('NOTIFY'), '200 OK'));
  await flow.response(200);
  expect(site.sip.counters()['subscriptions']).toBe(0);
});

const edge = ['Expires: 600', 'Contact: <sip:edge@127.0.0.1;transport=tls>'];

it.each([
  ['that its registrar takes', { line: '200 OK', lines: edge, told: 200 }],
  ['that its registrar refuses', { line: '403 Forbidden', lines: [], told: 481 }],
])(
  'a NOTIFY that overtakes the answer to its SUBSCRIBE waits for it: to one %s',
  async (_title, { line, lines: more, told }) => {
    const { site, phone, flow } = await registered();
    phone.send(inviteText(waiting, subscribe));
    const seen = await flow.request('SUBSCRIBE');
    const dialog = {
      callId: header(seen, 'Call-ID'),
      from: `${header(seen, 'To')};tag=far`,
      to: header(seen, 'From'),
    };
    const uri = /<([^>]+)>/.exec(header(seen, 'Contact'))?.[1] ?? '';
    const lines = ['Event: message-summary', 'Subscription-State: active;expires=600'];
    flow.send(inviteText(dialog, { method: 'NOTIFY', uri, body: '', lines }));
    flow.send(responseText(seen, line, { lines: more }));
    await phone.response(told === 200 ? 200 : 403);
    if (told === 200) phone.send(responseText(await phone.request('NOTIFY'), '200 OK'));
    await flow.response(told);
    expect([flow.waiting, site.sip.counters()['subscriptions']]).toEqual([[], told === 200 ? 1 : 0]);
  },
);

it('a NOTIFY that nobody subscribed to reaches the phone that it is for', async () => {
  const { phone, flow, token } = await registered();
  const lines = [
    'From: <sip:edge@cloud.example>;tag=e',
    'To: <sip:1001@office.example>',
    'Call-ID: sync',
    'CSeq: 1 NOTIFY',
  ];
  flow.send(
    requestText({
      method: 'NOTIFY',
      uri: `sip:${token}@127.0.0.1`,
      lines: [
        ...lines,
        'Event: check-sync;reboot=true',
        'Subscription-State: active',
        'Contact: <sip:e@127.0.0.1>',
      ],
    }),
  );
  const told = await phone.request('NOTIFY');
  expect([told.uri, header(told, 'Event')]).toEqual(['sip:1001@127.0.0.1:5999', 'check-sync;reboot=true']);
  phone.send(responseText(told, '200 OK'));
  expect((await flow.response(200)).status).toBe(200);
});

it.each([['as somebody else', { ...waiting, from: '<sip:1002@office.example>;tag=x' }]])(
  'a phone can not subscribe %s',
  async (_title, dialog) => {
    const { phone, flow } = await registered();
    phone.send(inviteText(dialog, subscribe));
    expect((await phone.response(403)).status).toBe(403);
    expect(flow.waiting).toEqual([]);
  },
);
