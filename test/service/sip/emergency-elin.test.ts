/** The number of a place (ELIN) that a call for help showed rings the phone there for three hours, whatever becomes of the box. */
import { expect, it } from 'vitest';
import { readEmergencyCalls } from '../../../appliance/store/emergency-calls.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { placed } from '../../support/placed.ts';
import { contact, inviteText } from '../../support/sip-calls.ts';
import { startGateway } from '../../support/sip-gateway.ts';
import { register } from '../../support/sip-registering.ts';
import { bodyOf, header, openSipSite, responseText, sdpText } from '../../support/sip-site.ts';

const minutes = 60_000;
const elin = '+4930555900';

it('after 179 minutes and a restart, and not after 181', async () => {
  const gateway = await startGateway();
  const clock = hurriedClock();
  const directory = await placed('Building 2, floor 3, room 301');
  const settings = `[dial_plan]
country_code = "49"
[gateway]
host = "127.0.0.9"
port = ${gateway.port}
number = "+4930555100"
[[emergency.elin]]
place = "Building 2"
number = "${elin}"
`;
  const site = await openSipSite({ settings, directory, clock });
  const phone = await site.phone('udp');
  await register(site, phone, { aor: '+4930555101' });
  const begin = clock.now();
  const call = inviteText(
    { callId: 'help', from: '"Ann" <sip:+4930555101@office.example>;tag=me', to: '<sip:112@127.0.0.1>' },
    { uri: 'sip:112@127.0.0.1' },
  );
  phone.send(call.replace('<sip:x@127.0.0.1:5999;transport=tcp>', `<sip:x@127.0.0.1:${phone.port}>`));
  const flow = await site.flow(0);
  flow.send(responseText(await flow.request('INVITE'), '403 Forbidden'));
  const invite = await gateway.request('INVITE');
  expect(header(invite, 'From')).toContain(`<sip:${elin}@127.0.0.1>`);
  gateway.send(responseText(invite, '486 Busy Here'));
  await phone.response(480);
  const isKept = () => {
    using reader = openReader(directory, 'sip');
    const [kept] = reader === undefined ? [] : readEmergencyCalls(reader.db, { limit: 1 });
    return kept?.callback === elin || undefined;
  };
  await until('the evidence', isKept, { timeoutMs: 5000, everyMs: 10 });
  const callsBack = async (afterMinutes: number) => {
    clock.set(begin + afterMinutes * minutes);
    await site.restartSip();
    const uri = `sip:${elin}@127.0.0.1`;
    const callId = `back-${afterMinutes}`;
    gateway.sendTo(site.port.udp);
    const lines = [`Via: SIP/2.0/UDP 127.0.0.9:${gateway.port};branch=z9hG4bK${callId}`];
    gateway.send(
      inviteText({ callId, from: '<sip:112@127.0.0.9>;tag=psap', to: `<${uri}>` }, { uri, lines }),
    );
  };
  await callsBack(179);
  const ringing = await phone.request('INVITE');
  phone.send(responseText(ringing, '200 OK', { lines: [contact], body: sdpText(4000) }));
  expect(bodyOf(await gateway.response(200))).toContain('m=audio');
  await callsBack(181);
  await gateway.response(404);
});
