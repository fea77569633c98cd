/** Several phones behind one address, as in a branch behind a router: what is meant for one of them reaches no other. */
import { expect, it } from 'vitest';
import { isRequest } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import {
  ended,
  fromCloud,
  inviteText,
  inward,
  outward,
  registered,
  talking,
  within,
  type Setting,
} from '../../support/sip-calls.ts';
import { accept, registerText, tokenOf } from '../../support/sip-registering.ts';
import { header, responseText, type Peer } from '../../support/sip-site.ts';

const wait = { timeoutMs: 4000, everyMs: 5 };
const requests = ({ waiting }: Peer) => waiting.flatMap((one) => (isRequest(one) ? [one.method] : []));

/** Over a connection of its own; all of one address share the one upstream. */
async function signedIn(
  { site, flow }: Setting,
  aor: string,
  { cseq = 1, contact }: { cseq?: number; contact?: string } = {},
): Promise<{ phone: Peer; token: string }> {
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq, aor, ...(contact !== undefined && { contact }) }));
  const request = await flow.request('REGISTER');
  accept(flow, request, { seconds: 3600 });
  await phone.response(200);
  return { phone, token: tokenOf(request) ?? '' };
}

async function leaves({ site }: Setting, phone: Peer, aor: string): Promise<void> {
  phone.close();
  const isLate = () => site.bindings().some((row) => row.aor.startsWith(aor) && row.state === 'late');
  await until(`${aor} to be gone`, () => isLate() || undefined, wait);
}

it('the cloud hangs up on a phone that is away: its neighbor hears nothing, and it hears when it is back', async () => {
  const setting = await registered();
  const neighbor = await signedIn(setting, '1002');
  const { invite } = await talking(setting);
  await leaves(setting, setting.phone, '1001');
  setting.flow.send(fromCloud(invite, 'BYE'));
  await setting.flow.response(200);
  const back = await signedIn(setting, '1001', { cseq: 9 });
  const bye = await back.phone.request('BYE');
  expect(header(bye, 'Call-ID')).toBe(outward.callId);
  back.phone.send(responseText(bye, '200 OK'));
  expect(requests(neighbor.phone)).toEqual([]);
  expect((await ended(setting.site)).reason).toBe('cloud hung up');
});

it('when all were away and a neighbor is back first, who knows no such call, the phone hears it all the same', async () => {
  const setting = await registered();
  const { site, flow } = setting;
  const before = await signedIn(setting, '1002');
  const { invite } = await talking(setting);
  await leaves(setting, before.phone, '1002');
  await leaves(setting, setting.phone, '1001');
  flow.send(fromCloud(invite, 'BYE'));
  await flow.response(200);
  const neighbor = await signedIn(setting, '1002', { cseq: 9 });
  if (requests(neighbor.phone).includes('BYE')) {
    const stray = await neighbor.phone.request('BYE');
    neighbor.phone.send(responseText(stray, '481 Call Does Not Exist'));
  }
  const owed = () => site.sip.counters()['engine_open_owed_byes'] === 1 || undefined;
  await until('it to be owed still', owed, wait);
  const back = await signedIn(setting, '1001', { cseq: 9 });
  const bye = await back.phone.request('BYE');
  expect(header(bye, 'Call-ID')).toBe(outward.callId);
});

it('a call rings the phone that it is for, and the late BYE of another one ends nothing', async () => {
  const setting = await registered();
  const { flow, phone, site } = setting;
  const neighbor = await signedIn(setting, '1002');
  const { answer } = await talking(setting);
  flow.send(inviteText(inward, { uri: `sip:${neighbor.token}@127.0.0.1` }));
  const rung = await neighbor.phone.request('INVITE');
  expect(requests(phone)).toEqual([]);
  neighbor.phone.send(responseText(rung, '486 Busy Here'));
  await flow.response(486);
  const { callId, from } = outward;
  const stray = { callId: `${callId}-old`, from, to: outward.to };
  neighbor.phone.send(within(stray, answer, 'BYE').text({ cseq: 8 }));
  await neighbor.phone.response(481);
  neighbor.phone.send(inviteText({ ...outward, callId: 'c3' }));
  await neighbor.phone.response(403);
  expect(site.calls().map(({ state }) => state)).toContain('up');
});

it.each([
  ['their own addresses', ['<sip:1001@192.168.7.10>', '<sip:1001@192.168.7.11>']],
  [
    'their names',
    ['<sip:1001@a.local>;+sip.instance="<urn:uuid:1>"', '<sip:1001@a.local>;+sip.instance="<urn:uuid:2>"'],
  ],
])('two phones of one user ring both, and call both, told apart by %s', async (_title, contacts) => {
  const setting = await registered();
  const { flow, site } = setting;
  const phones: Awaited<ReturnType<typeof signedIn>>[] = [];
  for (const contact of contacts) phones.push(await signedIn(setting, '1001', { contact }));
  expect(new Set(phones.map(({ token }) => token)).size).toBe(2);
  for (const [at, { phone, token }] of phones.entries()) {
    flow.send(inviteText({ ...inward, callId: `in-${at}` }, { uri: `sip:${token}@127.0.0.1` }));
    phone.send(responseText(await phone.request('INVITE'), '486 Busy Here'));
    await flow.response(486);
    phone.send(inviteText({ ...outward, callId: `out-${at}` }));
    flow.send(responseText(await flow.request('INVITE'), '404 Not Found'));
    await phone.response(404);
  }
  expect(site.upstream).toHaveLength(1);
  const again = await signedIn(setting, '1001', { cseq: 5, contact: contacts[0] ?? '' });
  expect(again.token).toBe(phones[0]?.token);
});
