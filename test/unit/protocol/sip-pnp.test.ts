import { expect, it } from 'vitest';
import { decodeSipMessage } from '../../../appliance/protocol/sip-message.ts';
import { pnpAnswers, pnpOffer, pnpProbe, pnpSubscribe } from '../../../appliance/protocol/sip-pnp.ts';
import { headerValue } from '../../../appliance/protocol/sip-headers.ts';
import { mutations } from '../../support/hostile-bytes.ts';
import { isReadOrRefused } from '../../support/refusal.ts';

function subscribe(uri: string, event = 'ua-profile;profile-type="device";vendor="Yealink";model="T46S"') {
  return Buffer.from(
    [
      `SUBSCRIBE ${uri} SIP/2.0`,
      'Via: SIP/2.0/UDP 10.20.0.101:5059;branch=z9hG4bKabc',
      `From: <${uri}>;tag=1`,
      `To: <${uri}>`,
      'Call-ID: x@10.20.0.101',
      'CSeq: 7 SUBSCRIBE',
      'Contact: <sip:10.20.0.101:5059>',
      `Event: ${event}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
}

it.each([
  ['sip:MAC001565aabb01@224.0.1.75', '00:15:65:aa:bb:01'],
  ['sip:MAC%3a001565aabb01@224.0.1.75', '00:15:65:aa:bb:01'],
  ['sip:MAC%3A001565AABB01@224.0.1.75:5060', '00:15:65:aa:bb:01'],
  ['sip:MAC:000413aabb01@intern.snom.de', '00:04:13:aa:bb:01'],
  ['sip:224.0.1.75:5060', undefined],
])('%s names the phone %s', (uri, mac) => {
  const asked = pnpSubscribe(decodeSipMessage(subscribe(uri)));
  expect(asked).toMatchObject({ mac, vendor: 'Yealink', model: 'T46S' });
});

it('is not taken for one: another event, another method', () => {
  expect(pnpSubscribe(decodeSipMessage(subscribe('sip:a@b', 'message-summary')))).toBeUndefined();
  const notify = subscribe('sip:a@b').toString().replaceAll('SUBSCRIBE', 'OPTIONS');
  expect(pnpSubscribe(decodeSipMessage(Buffer.from(notify)))).toBeUndefined();
});

it('is answered by 200 and a NOTIFY of the same dialog that carries the address and ends it', () => {
  const asked = pnpSubscribe(decodeSipMessage(subscribe('sip:MAC001565aabb01@224.0.1.75')));
  if (asked === undefined) throw new Error('not read');
  const [ok, notify] = pnpAnswers(asked, {
    local: '10.20.0.1:5060',
    tag: 'canary',
    url: 'http://10.20.0.1',
  }).map(decodeSipMessage);
  if (ok === undefined || notify === undefined) throw new Error('not two');
  expect(ok).toMatchObject({ status: 200 });
  expect(headerValue(ok, 'Via')).toBe('SIP/2.0/UDP 10.20.0.101:5059;branch=z9hG4bKabc');
  expect(headerValue(ok, 'CSeq')).toBe('7 SUBSCRIBE');
  expect(notify).toMatchObject({ method: 'NOTIFY', uri: 'sip:10.20.0.101:5059' });
  expect(headerValue(notify, 'From')).toBe(headerValue(ok, 'To'));
  expect(headerValue(notify, 'To')).toBe(headerValue(ok, 'From'));
  expect(headerValue(notify, 'Content-Type')).toBe('application/url');
  expect(Buffer.from(notify.body).toString()).toBe('http://10.20.0.1');
});

it('the probe is a question like a phone’s, and only its own answer is an offer', () => {
  const probe = decodeSipMessage(
    pnpProbe({ local: '10.20.0.1:4000', tag: 'canary', mac: '02:00:5e:00:53:00' }),
  );
  const asked = pnpSubscribe(probe);
  if (asked === undefined) throw new Error('not read');
  expect(asked.mac).toBe('02:00:5e:00:53:00');
  const [ok, notify] = pnpAnswers(asked, { local: '10.20.0.9:5060', tag: 'x', url: 'http://10.20.0.9' });
  expect(pnpOffer(decodeSipMessage(notify), 'canary')).toBe('http://10.20.0.9');
  expect(pnpOffer(decodeSipMessage(notify), 'other')).toBeUndefined();
  expect(pnpOffer(decodeSipMessage(ok), 'canary')).toBeUndefined();
});

it('reads or refuses whatever the group is sent', () => {
  for (const bytes of mutations(subscribe('sip:MAC%3a001565aabb01@224.0.1.75'), 3000, 7)) {
    const read = () => {
      const asked = pnpSubscribe(decodeSipMessage(bytes));
      if (asked !== undefined)
        pnpAnswers(asked, { local: '10.20.0.1:5060', tag: 'x', url: 'http://10.20.0.1' });
    };
    expect(isReadOrRefused(read)).toBe(true);
  }
});
