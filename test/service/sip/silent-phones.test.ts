/** Phones that are thought to be there and say nothing, as after a switch has lost its power: nobody waits for them for longer. */
import { expect, it } from 'vitest';
import { hurriedClock } from '../../support/clock.ts';
import { contact, inviteText } from '../../support/sip-calls.ts';
import { startGateway } from '../../support/sip-gateway.ts';
import { register } from '../../support/sip-registering.ts';
import { openSipSite, responseText, sdpText } from '../../support/sip-site.ts';

const dialPlan = '[dial_plan]\ncountry_code = "49"\nextension_length = 3\n';

/** A call for help, made by the first of so many phones. */
async function office(settings: string, phones: number) {
  const clock = hurriedClock();
  const site = await openSipSite({ settings: dialPlan + settings, clock });
  const there = [];
  for (let at = 1; at <= phones; at += 1) {
    const phone = await site.phone('tls');
    await register(site, phone, { aor: `+493055510${at}` });
    there.push(phone);
  }
  const [caller = there[0], ...others] = there;
  if (caller === undefined) throw new Error('no phone');
  const uri = 'sip:112@127.0.0.1';
  const from = '"Ann" <sip:+4930555101@office.example>;tag=me';
  caller.send(inviteText({ callId: 'help', from, to: `<${uri}>` }, { uri }));
  await (await site.flow(0)).request('INVITE');
  return { site, clock, caller, others };
}

it('an attendant whose phone is dead does not keep everybody from being rung after twenty seconds', async () => {
  const at = await office('[emergency]\nattendants = ["102", "103"]\n', 4);
  const [attendant, dead, colleague] = at.others;
  await at.clock.advance(4000);
  const ringing = await attendant?.request('INVITE');
  const unheard = await dead?.request('INVITE');
  if (attendant === undefined || ringing === undefined || unheard === undefined) throw new Error('not rung');
  attendant.send(responseText(ringing, '180 Ringing'));
  await at.caller.response(180);
  await at.clock.advance(20_000);
  attendant.send(responseText(await attendant.request('CANCEL'), '200 OK'));
  attendant.send(responseText(ringing, '487 Request Terminated'));
  await at.clock.advance(1000);
  const taken = await colleague?.request('INVITE');
  if (taken === undefined) throw new Error('not rung');
  // What comes from the dead phone yet is nobody's call.
  dead?.send(responseText(unheard, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await dead?.request('ACK');
  await dead?.request('BYE');
  colleague?.send(responseText(taken, '200 OK', { lines: [contact], body: sdpText(6000) }));
  expect((await at.caller.response(200)).body.length).toBeGreaterThan(0);
});

it('a call back to a phone that is dead rings the attendant after twenty seconds', async () => {
  const gateway = await startGateway();
  const at = await office(
    `[emergency]\nattendants = ["102"]\n[gateway]\nhost = "127.0.0.9"\nport = ${gateway.port}\nnumber = "+4930555100"\n`,
    2,
  );
  const uri = 'sip:+4930555101@127.0.0.1';
  gateway.sendTo(at.site.port.udp);
  gateway.send(
    inviteText(
      { callId: 'back', from: '<sip:112@127.0.0.9>;tag=psap', to: `<${uri}>` },
      { uri, lines: [`Via: SIP/2.0/UDP 127.0.0.9:${gateway.port};branch=z9hG4bKback`] },
    ),
  );
  await at.caller.request('INVITE');
  await at.clock.advance(20_000);
  const ringing = await at.others[0]?.request('INVITE');
  expect(ringing?.headers.find(({ name }) => name === 'From')?.value).toContain('sip:112@');
});
