/** A stop that is followed by a start at once, as for other settings: calls go on. */
import { expect, it } from 'vitest';
import { isRequest } from '../../../appliance/protocol/sip-message.ts';
import { announceRestart } from '../../../appliance/store/announced-restart.ts';
import { fromCloud, inviteText } from '../../support/sip-calls.ts';
import { called, hearsBye, registered, wait, written } from '../../support/sip-killed.ts';
import { newSipProcess } from '../../support/sip-process.ts';
import { openSipSite, responseText, type Peer } from '../../support/sip-site.ts';
import { until } from '../../support/command.ts';

const hearsA = ({ waiting }: Peer, method: string) =>
  waiting.some((message) => isRequest(message) && message.method === method);

async function talking() {
  const sip = newSipProcess();
  const site = await openSipSite({ startSip: sip.startSip });
  await sip.listens(site);
  const phone = await registered(site, 0);
  const call = await called(phone, 0);
  await written(site, 1);
  const stop = async () => {
    sip.running().kill('SIGTERM');
    await sip.running().exited;
  };
  return { sip, site, phone, call, stop };
}

it('an announced restart leaves a call up that the next process takes over, and takes back one that rings', async () => {
  const { sip, site, phone, call, stop } = await talking();
  const other = await registered(site, 1);
  other.peer.send(
    inviteText({ callId: 'rings', from: '<sip:201@office.example>;tag=r', to: '<sip:+49301234@127.0.0.1>' }),
  );
  const invite = await other.upstream.request('INVITE');
  other.upstream.send(responseText(invite, '180 Ringing'));
  await other.peer.response(180);
  announceRestart(site.directory, Date.now());
  const stopping = stop();
  other.upstream.send(responseText(await other.upstream.request('CANCEL'), '200 OK'));
  other.upstream.send(responseText(invite, '487 Request Terminated'));
  await stopping;
  expect([hearsA(phone.peer, 'BYE'), hearsA(phone.upstream, 'BYE')]).toEqual([false, false]);
  expect(site.calls().map(({ state }) => state)).toContain('up');

  await site.restartSip();
  await sip.listens(site);
  const again = await registered(site, 0);
  again.upstream.send(fromCloud(call.invite, 'BYE'));
  await hearsBye(again, call);
  const isOver = () => site.calls().every(({ state }) => state === 'ended') || undefined;
  await until('all calls to be over', isOver, wait);
}, 60_000);

it.each([
  ['nobody announced', undefined],
  ['was announced long ago', -3_600_000],
  ['was announced by a clock that was ahead', 3_600_000],
])(
  'a stop that %s hangs up on both sides',
  async (_title, ms) => {
    const { site, phone, stop } = await talking();
    if (ms !== undefined) announceRestart(site.directory, Date.now() + ms);
    const stopping = stop();
    phone.upstream.send(responseText(await phone.upstream.request('BYE'), '200 OK'));
    phone.peer.send(responseText(await phone.peer.request('BYE'), '200 OK'));
    await stopping;
    expect(site.calls()).toMatchObject([{ state: 'ended', reason: 'shutdown' }]);
  },
  60_000,
);
