/** A call for help rings in the cloud, and its connection breaks. */
import { expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import { contact, inviteText, outward, registered, type Setting } from '../../support/sip-calls.ts';
import { startGateway } from '../../support/sip-gateway.ts';
import { header, responseText, sdpText } from '../../support/sip-site.ts';

async function ringing(settings = ''): Promise<Setting & { readonly name: string }> {
  const setting = await registered('tls', { settings });
  const { phone, flow } = setting;
  phone.send(inviteText(outward, { uri: 'sip:112@127.0.0.1', lines: ['Authorization: Digest x="y"'] }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing'));
  await phone.response(180);
  return { ...setting, name: header(invite, 'Call-ID') };
}

it('the call is asked for there anew, over another one', async () => {
  const { site, phone, flow, name } = await ringing();
  flow.close();
  const again = await site.flow(1);
  const invite = await again.request('INVITE');
  // With the same name it would be the same request that came on two ways (RFC 3261 section 8.2.2.2).
  expect(header(invite, 'Call-ID')).not.toBe(name);
  expect(header(invite, 'Authorization')).toBe('Digest x="y"');
  again.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await phone.response(200);
  const evidence = await until('the evidence', () => site.journal('emergency_call')[0], {
    timeoutMs: 5000,
    everyMs: 10,
  });
  expect(evidence).toMatchObject({ way: 'cloud', outcome: 'up' });
});

it('where there is no other one the call goes out through the gateway', async () => {
  const gateway = await startGateway();
  const { site, flow } = await ringing(`[gateway]\nhost = "127.0.0.9"\nport = ${gateway.port}\n`);
  site.cutRegistrar(true);
  flow.close();
  expect((await gateway.request('INVITE')).uri).toContain('sip:112@');
});
