/** After a kill -9: a BYE of the cloud ends its call at the phone whenever it comes, and whichever way it takes. */
import { expect, it } from 'vitest';
import { isRequest, type SipMessage } from '../../../appliance/protocol/sip-message.ts';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { fromCloud } from '../../support/sip-calls.ts';
import {
  callOf,
  hearsBye,
  killedWith,
  registered,
  registering,
  wait,
  type Killed,
} from '../../support/sip-killed.ts';
import { accept } from '../../support/sip-registering.ts';
import { header, responseText, type Peer } from '../../support/sip-site.ts';

const hearsNothingMore = ({ waiting }: Peer) =>
  expect(waiting.filter((message) => isRequest(message) && message.method === 'BYE')).toEqual([]);

/** Why they ended, once all have. */
async function reasonsOfEnd({ site }: Killed): Promise<(string | undefined)[]> {
  const isOver = () => site.calls().every(({ state }) => state === 'ended') || undefined;
  await until('all calls to be over', isOver, wait);
  return site.calls().map(({ reason }) => reason);
}

it('a BYE of the cloud is heard before the phone is registered again, once it is, and when it comes twice', async () => {
  const killed = await killedWith(4);
  const early = await registering(killed.site, 0);
  early.upstream.send(fromCloud(callOf(killed, 0).invite, 'BYE'));
  await hearsBye(early, callOf(killed, 0));
  await early.upstream.response(200);
  accept(early.upstream, early.request, { seconds: 3600 });
  await early.peer.response(200);

  const meanwhile = await registering(killed.site, 1);
  accept(meanwhile.upstream, meanwhile.request, { seconds: 3600 });
  meanwhile.upstream.send(fromCloud(callOf(killed, 1).invite, 'BYE'));
  await hearsBye(meanwhile, callOf(killed, 1));
  await meanwhile.upstream.response(200);

  const after = await registered(killed.site, 2);
  const announced = await after.upstream.request('UPDATE');
  after.upstream.send(fromCloud(callOf(killed, 2).invite, 'BYE'));
  await hearsBye(after, callOf(killed, 2));
  await after.upstream.response(200);
  after.upstream.send(responseText(announced, '481 Call Does Not Exist'));

  const twice = await registering(killed.site, 3);
  const bye = fromCloud(callOf(killed, 3).invite, 'BYE');
  twice.upstream.send(bye);
  twice.upstream.send(bye);
  await hearsBye(twice, callOf(killed, 3));
  await twice.upstream.response(200);
  hearsNothingMore(twice.peer);
  expect(new Set(await reasonsOfEnd(killed))).toEqual(new Set(['cloud hung up']));
}, 60_000);

it('a BYE that the cloud sent to our old address is made good when the far end says that it knows no such call', async () => {
  const killed = await killedWith(1);
  const phone = await registered(killed.site, 0);
  phone.upstream.send(responseText(await phone.upstream.request('UPDATE'), '481 Call Does Not Exist'));
  await hearsBye(phone, callOf(killed, 0));
  expect(await reasonsOfEnd(killed)).toEqual(['cloud hung up']);
}, 60_000);

const isUpdate = (message: SipMessage) => isRequest(message) && message.method === 'UPDATE';

it('the far end is told of our address until it has taken it, and again when that changes', async () => {
  const killed = await killedWith(1);
  const { upstream } = await registered(killed.site, 0);
  const first = await upstream.request('UPDATE');
  upstream.send(responseText(first, '491 Request Pending'));
  await until('it to be asked again', () => upstream.waiting.some(isUpdate) || undefined, wait);
  const again = await upstream.request('UPDATE');
  expect(header(again, 'Contact')).toBe(header(first, 'Contact'));
  upstream.close();
  const next = await registered(killed.site, 0);
  const elsewhere = await next.upstream.request('UPDATE');
  expect(header(elsewhere, 'Contact')).not.toBe(header(first, 'Contact'));
}, 60_000);

it('a phone that is away when the cloud hangs up is told as soon as it is back', async () => {
  const killed = await killedWith(1);
  const phone = await registered(killed.site, 0);
  phone.peer.close();
  await until(
    'the connection to be gone',
    () => killed.site.bindings()[0]?.state === 'late' || undefined,
    wait,
  );
  phone.upstream.send(fromCloud(callOf(killed, 0).invite, 'BYE'));
  await phone.upstream.response(200);
  const back = await registered(killed.site, 0);
  await hearsBye(back, callOf(killed, 0));
  expect(await reasonsOfEnd(killed)).toEqual(['cloud hung up']);
}, 60_000);

it('both ends of a call in which nobody is heard any more are told that it is over', async () => {
  const clock = hurriedClock();
  const killed = await killedWith(1, { clock });
  const { peer, upstream } = await registered(killed.site, 0);
  upstream.send(responseText(await upstream.request('UPDATE'), '200 OK'));
  callOf(killed, 0).fallSilent();
  for (let seconds = 0; seconds < 65; seconds += 1) await clock.advance(1000);
  const [there, here] = [await upstream.request('BYE'), await peer.request('BYE')];
  expect([there, here].map((bye) => header(bye, 'Reason'))).toEqual([
    'SIP;cause=408;text="no media"',
    'SIP;cause=408;text="no media"',
  ]);
  upstream.send(responseText(there, '200 OK'));
  peer.send(responseText(here, '200 OK'));
  expect(await reasonsOfEnd(killed)).toEqual(['lost with the process']);
}, 60_000);
