/** A call rings when its connection to the cloud goes, as with the box's address: nobody is left ringing, or waiting. */
import { expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import { inviteText, inward, outward, registered } from '../../support/sip-calls.ts';
import { responseText } from '../../support/sip-site.ts';

it('a phone that the cloud calls stops ringing', async () => {
  const { site, phone, flow, token } = await registered('tls');
  flow.send(inviteText(inward, { uri: `sip:${token}@127.0.0.1` }));
  const ringing = await phone.request('INVITE');
  phone.send(responseText(ringing, '180 Ringing'));
  await flow.response(180);
  flow.close();
  phone.send(responseText(await phone.request('CANCEL'), '200 OK'));
  phone.send(responseText(ringing, '487 Request Terminated'));
  await phone.request('ACK');
  await until('the record to end', () => site.calls().find(({ state }) => state === 'ended'), {
    timeoutMs: 5000,
    everyMs: 10,
  });
  expect(site.rtp?.counters()).toMatchObject({ sessions: 0, ports_used: 0 });
});

it('a phone that calls hears that the registrar is gone', async () => {
  const { site, phone, flow } = await registered('tls');
  phone.send(inviteText(outward));
  flow.send(responseText(await flow.request('INVITE'), '180 Ringing'));
  await phone.response(180);
  flow.close();
  expect((await phone.response(503)).reason).toBe('Registrar not reached');
  await until('the record to end', () => site.calls().find(({ state }) => state === 'ended'), {
    timeoutMs: 5000,
    everyMs: 10,
  });
  expect(site.rtp?.counters()).toMatchObject({ sessions: 0, ports_used: 0 });
});
