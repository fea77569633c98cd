/** kill -9 of the SIP process with fifty calls: what it had written down is enough for all of them to end well. */
import { expect, it } from 'vitest';
import { isRequest, type SipRequest } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import { fromCloud, within } from '../../support/sip-calls.ts';
import {
  addressOf,
  called,
  cameUpstream,
  registered,
  wait,
  written,
  type Call,
  type Phone,
} from '../../support/sip-killed.ts';
import { newSipProcess } from '../../support/sip-process.ts';
import { header, openSipSite, responseText } from '../../support/sip-site.ts';

const phones = 10;
const callsOfEach = 5;

it('a kill -9 with 50 calls leaves all bindings, a BYE of a phone ends its call upstream at once, one of the cloud when the phone is back', async () => {
  const sip = newSipProcess();
  const site = await openSipSite({ mediaPorts: 800, startSip: sip.startSip });
  await sip.listens(site);
  const before: Phone[] = [];
  for (let at = 0; at < phones; at += 1) before.push(await registered(site, at));
  const calls: Call[][] = [];
  for (const phone of before) {
    const own: Call[] = [];
    for (let number = 0; number < callsOfEach; number += 1) own.push(await called(phone, number));
    calls.push(own);
  }
  await written(site, 50);
  await sip.kill();
  expect(site.bindings().map(({ state }) => state)).toEqual(before.map(() => 'registered'));
  const aors = site.bindings().map(({ aor, contact: uri }) => `${aor} ${uri}`);
  await site.restartSip();
  await sip.listens(site);
  expect(site.bindings().map(({ aor, contact: uri }) => `${aor} ${uri}`)).toEqual(aors);

  // Half of the phones hang up, over a new connection and without having registered.
  const half = phones / 2;
  for (let at = 0; at < half; at += 1) {
    const peer = await site.phone('tcp', addressOf(at));
    for (const { dialog, invite, answer } of calls[at] ?? []) {
      peer.send(within(dialog, answer, 'BYE').text({ cseq: 2 }));
      const callId = header(invite, 'Call-ID');
      const isBye = (request: SipRequest) =>
        request.method === 'BYE' && header(request, 'Call-ID') === callId;
      const flow = await cameUpstream(site, isBye);
      const ping = flow.waiting.find((message) => isRequest(message) && message.method === 'OPTIONS');
      if (ping !== undefined) flow.send(responseText(await flow.request('OPTIONS'), '200 OK'));
      flow.send(responseText(await flow.request('BYE'), '200 OK'));
      await peer.response(200);
    }
  }

  // The others register again, and the cloud ends their calls on those connections.
  for (let at = half; at < phones; at += 1) {
    const { peer, upstream } = await registered(site, at);
    for (const { invite } of calls[at] ?? []) {
      upstream.send(fromCloud(invite, 'BYE'));
      peer.send(responseText(await peer.request('BYE'), '200 OK'));
      await upstream.response(200);
    }
  }
  const reasons = () => site.calls().map(({ state, reason }) => `${state}: ${reason ?? ''}`);
  await until(
    'all calls to be over',
    () => reasons().every((one) => one.startsWith('ended')) || undefined,
    wait,
  );
  const count = (which: string) => reasons().filter((one) => one === which).length;
  expect([count('ended: phone hung up'), count('ended: cloud hung up')]).toEqual([25, 25]);
}, 90_000);
