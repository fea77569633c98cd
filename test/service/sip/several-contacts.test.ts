/** A REGISTER with several Contacts (RFC 3261 section 10.3): a phone that has moved, and one that can be reached in two ways. */
import { expect, it } from 'vitest';
import { headerLines } from '../../../appliance/protocol/sip-headers.ts';
import type { SipMessage } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import { inviteText, inward } from '../../support/sip-calls.ts';
import { accept, register, registerText, tokenOf } from '../../support/sip-registering.ts';
import { header, openSipSite } from '../../support/sip-site.ts';

const own = '<sip:1001@127.0.0.1:5999;line=x>;+sip.instance="<urn:uuid:1>"';
/** Contacts of an answer that gives each of them the time that it names. */
const toldOf = (answer: SipMessage) =>
  headerLines(answer, 'Contact').map((contact) =>
    contact.replace(`;expires=${header(answer, 'Expires')}`, ''),
  );
const contacts = (site: Awaited<ReturnType<typeof openSipSite>>) =>
  site.bindings().map(({ contact }) => contact);

it('two ways to one phone are one Contact at its registrar, and both stand in the answer as it wrote them', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  const other = '<sips:1001@127.0.0.1:5998>;q=0.5';
  const lines = registerText({ cseq: 1, contact: `${other}, ${own}`, more: ['Expires: 3600'] });
  phone.send(lines);
  const flow = await site.flow(0);
  const seen = await flow.request('REGISTER');
  expect(headerLines(seen, 'Contact')).toHaveLength(1);
  expect(header(seen, 'Contact')).toMatch(/^<sip:[0-9a-f]{32}@[^,]*>;\+sip\.instance="<urn:uuid:1>"$/);
  accept(flow, seen, { seconds: 3600 });
  const answer = await phone.response(200);
  expect(toldOf(answer)).toEqual([other, own]);
  expect(contacts(site)).toEqual(['sip:1001@127.0.0.1:5999;line=x']);

  phone.send(lines.replace('CSeq: 1', 'CSeq: 2').replace(/branch=\S+/, 'branch=z9hG4bKagain'));
  expect(toldOf(await phone.response(200)), 'from the store too').toEqual([other, own]);
  expect(flow.waiting).toEqual([]);

  flow.send(inviteText(inward, { uri: `sip:${tokenOf(seen) ?? ''}@127.0.0.1` }));
  expect((await phone.request('INVITE')).uri).toBe('sip:1001@127.0.0.1:5999;line=x');
});

it('a phone that takes its old address back with the new one is registered once, and the connection of the old one is closed', async () => {
  const site = await openSipSite();
  const before = await site.phone('tcp', '127.0.3.9');
  await register(site, before);
  const old = contacts(site)[0] ?? '';
  const phone = await site.phone('tcp', '127.0.3.5');
  const moved = '<sip:1001@127.0.3.5:5060>';
  phone.send(registerText({ cseq: 2, contact: `<${old}>;expires=0, ${moved};expires=3600` }));
  const flow = await site.flow(1);
  const seen = await flow.request('REGISTER');
  expect(headerLines(seen, 'Contact')).toHaveLength(1);
  accept(flow, seen, { seconds: 3600 });
  expect(toldOf(await phone.response(200))).toEqual([moved]);
  await until('one binding', () => (site.bindings().length === 1 ? true : undefined), {
    timeoutMs: 2000,
    everyMs: 5,
  });
  expect(contacts(site)).toEqual(['sip:1001@127.0.3.5:5060']);
  await until('the old connection to be closed', () => site.upstream[0]?.isClosed || undefined, {
    timeoutMs: 2000,
    everyMs: 5,
  });
});

it('a phone that changes its Contact and takes the old one back stays under one name upstream', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  const old = contacts(site)[0] ?? '';
  phone.send(
    registerText({ cseq: 2, contact: `<${old}>;expires=0, <sip:1001@127.0.0.1:6001>;expires=3600` }),
  );
  const flow = await site.flow(0);
  const seen = await flow.request('REGISTER');
  accept(flow, seen, { seconds: 3600 });
  await phone.response(200);
  expect(contacts(site)).toEqual(['sip:1001@127.0.0.1:6001']);
  expect(site.upstream[0]?.isClosed).toBe(false);
});
