import { expect, it } from 'vitest';
import { ended, inviteText, inward, outward, registered } from '../../support/sip-calls.ts';
import { header, responseText } from '../../support/sip-site.ts';

it('a caller is led on to numbers that calls may go to, and to no other host', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  const contacts = '<sip:1900@evil.example>;q=1, <sip:+49302@office.example>;q=0.5';
  flow.send(responseText(invite, '302 Moved Temporarily', { lines: [`Contact: ${contacts}`] }));
  const redirected = await phone.response(302);
  expect(header(redirected, 'Contact')).toBe('<sip:+49302@office.example>;q=0.5');
});

it('a redirection that leads elsewhere only is nobody reached, and counted', async () => {
  const { site, phone, flow } = await registered();
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '301 Moved', { lines: ['Contact: <sip:1900@evil.example>'] }));
  const refused = await phone.response(480);
  expect(header(refused, 'Contact')).toBe('');
  expect(await ended(site)).toMatchObject({ reason: '301 led elsewhere' });
  expect(site.sip.counters()).toMatchObject({ redirects_refused: 1, calls: 0 });
});

it('a phone that forwards its calls does so by its registrar', async () => {
  const { phone, flow, token } = await registered();
  flow.send(inviteText(inward, { uri: `sip:${token}@127.0.0.1` }));
  const invite = await phone.request('INVITE');
  const contacts = 'Contact: <sip:2001@127.0.0.1:5060;transport=udp>, <sip:2001@10.66.0.99>';
  phone.send(responseText(invite, '302 Moved Temporarily', { lines: [contacts] }));
  const redirected = await flow.response(302);
  expect(header(redirected, 'Contact')).toBe('<sip:2001@127.0.0.1>');
});
