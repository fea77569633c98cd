/** Session timers (RFC 4028). */
import { expect, it } from 'vitest';
import { headerValue } from '../../../appliance/protocol/sip-headers.ts';
import { dialogState, restoredDialog, type DialogState } from '../../../appliance/sip/engine/dialog-state.ts';
import { newTestNetwork, type TestContent } from '../../support/sip-cores.ts';

const sdp = { body: 'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\n' };
const withUpdate = { Allow: 'INVITE, ACK, BYE, UPDATE' };

type Network = ReturnType<typeof newTestNetwork>;

/** Two that are in a call with this `Session-Expires` in the 2xx. The caller is `one`. */
async function callWith(
  sessionExpires: string,
  {
    headers = {},
    isLost,
    transport = 'udp',
  }: {
    headers?: Record<string, string>;
    isLost?: (line: string, at: number) => boolean;
    transport?: 'udp' | 'tcp';
  } = {},
): Promise<Network & { dialogId: string }> {
  const network = newTestNetwork(transport, isLost);
  const { one, two } = network;
  await one.send('INVITE', { ...sdp, headers });
  two.answer(two.requests.at(-1), 200, {
    ...sdp,
    headers: { ...headers, 'Session-Expires': sessionExpires },
  });
  const dialogId = one.responses.at(-1)?.dialogId ?? '';
  await one.send('ACK', { dialogId });
  network.wire.length = 0;
  one.requests.length = 0;
  two.requests.length = 0;
  one.responses.length = 0;
  return { ...network, dialogId };
}

/** As an application does that likes whatever it is asked. */
function accept({ two }: Network, content: TestContent = {}): void {
  const request = two.requests.at(-1);
  const asked = headerValue(request?.request ?? { headers: [] }, 'Session-Expires');
  two.answer(request, 200, { headers: { 'Session-Expires': asked ?? '' }, ...content });
}

it('whoever is to refresh does so at half time by an UPDATE, where the far end takes that', async () => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.clock.advance(44_900);
  expect(network.wire).toEqual([]);
  await network.clock.advance(200);
  expect(network.wire).toEqual(['one UPDATE']);
  const update = network.two.requests.at(-1)?.request ?? { headers: [] };
  expect(headerValue(update, 'Session-Expires')).toBe('90;refresher=uac');
  expect(headerValue(update, 'Min-SE')).toBe('90');
  expect(headerValue(update, 'Supported')).toBe('timer');
  accept(network);
  await network.clock.advance(45_200);
  expect(network.wire).toEqual(['one UPDATE', 'two 200 UPDATE', 'one UPDATE']);
  expect(network.one.responses).toEqual([]);
});

it('else by an INVITE with the description that stands, and acknowledges its answer', async () => {
  const network = await callWith('90;refresher=uac');
  await network.clock.advance(45_100);
  const invite = network.two.requests.at(-1)?.request;
  expect(Buffer.from(invite?.body ?? []).toString()).toBe(sdp.body);
  accept(network, { ...sdp });
  await network.clock.advance(100);
  expect(network.wire).toEqual(['one INVITE', 'two 100 INVITE', 'two 200 INVITE', 'one ACK']);
  expect(network.one.responses).toEqual([]);
  expect(network.one.dialogs.size).toBe(1);
});

it('the one who answered refreshes when it was agreed so', async () => {
  const network = await callWith('90;refresher=uas', { headers: withUpdate });
  await network.clock.advance(45_100);
  expect(network.wire).toEqual(['two UPDATE']);
  expect(headerValue(network.one.requests.at(-1)?.request ?? { headers: [] }, 'Session-Expires')).toBe(
    '90;refresher=uac',
  );
});

it.each(['UPDATE', 'INVITE'])('of a refresh by %s any three messages may be lost', async (method) => {
  for (let first = 0; first < 4; first += 1) {
    const headers = method === 'UPDATE' ? withUpdate : {};
    let from = Infinity;
    const network = await callWith('90;refresher=uac', {
      headers,
      isLost: (_line, at) => at >= from + first && at < from + first + 3,
    });
    from = 0;
    await network.clock.advance(45_100);
    for (let asked = 0; asked < 100; asked += 1) {
      if (network.two.requests.at(-1)?.request.method === method) accept(network, { ...sdp });
      await network.clock.advance(100);
    }
    await network.clock.advance(35_100);
    expect(network.one.dialogs.size, `from ${first}`).toBe(1);
    expect(network.two.dialogs.size, `from ${first}`).toBe(1);
    expect(network.wire.filter((line) => line.includes('BYE'))).toEqual([]);
  }
});

it('a far end that is silent to a refresh loses the call, and the application is told why', async () => {
  let isCut = false;
  const network = await callWith('90;refresher=uac', { headers: withUpdate, isLost: () => isCut });
  isCut = true;
  await network.clock.advance(62_000);
  const [bye] = network.one.requests;
  expect(bye).toMatchObject({ source: 'application', transactionId: 'unsolicited' });
  expect(bye?.request.method).toBe('BYE');
  expect(headerValue(bye?.request ?? { headers: [] }, 'Reason')).toBe('SIP;text="session expired"');
  expect(network.one.dialogs.size).toBe(0);
});

it('a refresh that goes down with its connection is sent again, and ends no call', async () => {
  let isCut = false;
  const network = await callWith('600;refresher=uac', {
    headers: withUpdate,
    transport: 'tcp',
    isLost: () => isCut,
  });
  const { clock, one, wire } = network;
  isCut = true;
  await clock.advance(300_100);
  one.outgoing.flowLost(one.flow);
  isCut = false;
  await clock.advance(11_000);
  expect(wire).toEqual(['one UPDATE', 'one UPDATE']);
  accept(network);
  await clock.advance(40_000);
  expect([one.dialogs.size, wire.length]).toEqual([1, 3]);
});

it('who waits for a refresh in vain hangs up a third of the time before the end', async () => {
  let isCut = false;
  const network = await callWith('90;refresher=uac', { headers: withUpdate, isLost: () => isCut });
  isCut = true;
  await network.clock.advance(59_900);
  expect(network.two.requests).toEqual([]);
  await network.clock.advance(200);
  expect(network.two.requests.map(({ request }) => request.method)).toEqual(['BYE']);
  expect(network.two.counters.read()['sessions_expired']).toBe(1);
});

it.each([
  [408, 'BYE'],
  [481, 'BYE'],
  [491, 'again'],
  [500, 'again'],
  [407, 'again'],
])('after a %i to its refresh comes %s', async (status, what) => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.clock.advance(45_100);
  network.two.answer(network.two.requests.at(-1), status);
  await network.clock.advance(11_000);
  const next = what === 'BYE' ? 'one BYE' : 'one UPDATE';
  expect(network.wire.slice(0, 3)).toEqual(['one UPDATE', `two ${status} UPDATE`, next]);
});

it('a far end that wants it seldomer gets it so', async () => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.clock.advance(45_100);
  network.two.answer(network.two.requests.at(-1), 422, { headers: { 'Min-SE': '600' } });
  await network.clock.advance(600);
  expect(headerValue(network.two.requests.at(-1)?.request ?? { headers: [] }, 'Session-Expires')).toBe(
    '600;refresher=uac',
  );
  accept(network);
  await network.clock.advance(299_000);
  expect(network.wire).toEqual(['one UPDATE', 'two 422 UPDATE', 'one UPDATE', 'two 200 UPDATE']);
});

it('what a far end once asked for stands in later refreshes too', async () => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.clock.advance(45_100);
  network.two.answer(network.two.requests.at(-1), 422, { headers: { 'Min-SE': '600' } });
  await network.clock.advance(600);
  accept(network);
  await network.clock.advance(300_100);
  expect(headerValue(network.two.requests.at(-1)?.request ?? { headers: [] }, 'Min-SE')).toBe('600');
});

it('a far end that wants it seldomer and does not say how seldom is asked with plenty, which it may shorten', async () => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.clock.advance(45_100);
  network.two.answer(network.two.requests.at(-1), 422);
  await network.clock.advance(600);
  const asked = network.two.requests.at(-1)?.request ?? { headers: [] };
  expect([headerValue(asked, 'Session-Expires'), headerValue(asked, 'Min-SE')]).toEqual([
    '86400;refresher=uac',
    '90',
  ]);
  accept(network, { headers: { 'Session-Expires': '1200;refresher=uac' } });
  await network.clock.advance(599_000);
  expect(network.wire).toEqual(['one UPDATE', 'two 422 UPDATE', 'one UPDATE', 'two 200 UPDATE']);
  await network.clock.advance(2000);
  expect(network.wire.at(-1)).toBe('one UPDATE');
});

it('one that is content with nothing is asked each ten seconds, and the call ends with its time', async () => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  let asked = 0;
  for (let seconds = 0; seconds < 70 && network.one.dialogs.size > 0; seconds += 1) {
    const request = network.two.requests.at(-1);
    if (network.two.requests.length > asked && request?.request.method === 'UPDATE')
      network.two.answer(request, 422);
    asked = network.two.requests.length;
    await network.clock.advance(1000);
  }
  expect(network.wire.filter((line) => line === 'one UPDATE').length).toBeLessThan(5);
  expect(network.wire).toContain('one BYE');
});

it('a far end that knows no UPDATE after all is asked by INVITE', async () => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.clock.advance(45_100);
  network.two.answer(network.two.requests.at(-1), 501);
  expect(network.wire.slice(0, 3)).toEqual(['one UPDATE', 'two 501 UPDATE', 'one INVITE']);
});

it('a request of the application in the call renews the time, and names what was agreed', async () => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.clock.advance(40_000);
  await network.one.send('UPDATE', { dialogId: network.dialogId });
  expect(headerValue(network.two.requests.at(-1)?.request ?? { headers: [] }, 'Session-Expires')).toBe(
    '90;refresher=uac',
  );
  accept(network);
  await network.clock.advance(44_000);
  expect(network.wire).toEqual(['one UPDATE', 'two 200 UPDATE']);
});

it.each(['', '1800', 'soon'])('a 2xx with "%s" for an interval ends the timer', async (given) => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.clock.advance(45_100);
  accept(network, { headers: given === '' ? {} : { 'Session-Expires': given } });
  await network.clock.advance(7_200_000);
  expect(network.wire).toEqual(['one UPDATE', 'two 200 UPDATE']);
});

it('while an INVITE of somebody is open the refresh waits', async () => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.clock.advance(44_000);
  await network.one.send('INVITE', { dialogId: network.dialogId, ...sdp });
  await network.clock.advance(2000);
  expect(network.wire.filter((line) => line === 'one UPDATE')).toEqual([]);
  network.two.answer(network.two.requests.at(-1), 488);
  await network.clock.advance(10_000);
  expect(network.wire.at(-1)).toBe('one UPDATE');
});

it('an interval below 90 s is refused with 422 and what is the least', async () => {
  const { one, two } = newTestNetwork('udp');
  await one.send('INVITE', { ...sdp, headers: { Supported: 'timer', 'Session-Expires': '60' } });
  expect(one.responses.at(-1)?.response.status).toBe(422);
  expect(headerValue(one.responses.at(-1)?.response ?? { headers: [] }, 'Min-SE')).toBe('90');
  expect(two.requests).toEqual([]);
});

it('but not for a caller that knows nothing of timers', async () => {
  const { one, two } = newTestNetwork('udp');
  await one.send('INVITE', { ...sdp, headers: { 'Session-Expires': '60' } });
  expect(two.requests).toHaveLength(1);
});

it('a call that ended is not refreshed', async () => {
  const network = await callWith('90;refresher=uac', { headers: withUpdate });
  await network.one.send('BYE', { dialogId: network.dialogId });
  network.two.answer(network.two.requests.at(-1), 200);
  await network.clock.advance(120_000);
  expect(network.wire).toEqual(['one BYE', 'two 200 BYE']);
});

it('nor when a refresh was on its way as it ended', async () => {
  let isHeld = true;
  const network = await callWith('90;refresher=uac', {
    headers: withUpdate,
    isLost: (line) => isHeld && line === 'two 200 UPDATE',
  });
  const { clock, one, two, wire, dialogId } = network;
  await clock.advance(45_100);
  accept(network);
  await one.send('BYE', { dialogId });
  two.answer(two.requests.at(-1), 200);
  isHeld = false;
  await clock.advance(200_000);
  expect(wire.filter((line) => line === 'one BYE')).toHaveLength(1);
  expect(one.requests).toEqual([]);
});

/** The process of `one` is another one now, and its dialog comes from the disk. */
function killed({ one, dialogId }: Awaited<ReturnType<typeof callWith>>): void {
  const dialog = one.dialogs.byId(dialogId);
  if (dialog === undefined) throw new Error('no dialog');
  const state = JSON.parse(JSON.stringify(dialogState(dialog))) as DialogState;
  one.dialogs.remove(dialog);
  const restored = restoredDialog(state);
  restored.flow = one.flow;
  one.dialogs.add(restored);
  one.sessions.resume(restored, state);
}

it('after a kill whoever is to refresh does so soon, and goes on as before', async () => {
  const network = await callWith('600;refresher=uac', { headers: withUpdate });
  killed(network);
  await network.clock.advance(19_900);
  expect(network.wire).toEqual([]);
  await network.clock.advance(200);
  expect(network.wire).toEqual(['one UPDATE']);
  accept(network);
  await network.clock.advance(300_200);
  expect(network.wire).toEqual(['one UPDATE', 'two 200 UPDATE', 'one UPDATE']);
});

it('after a kill a far end that does not refresh in its time is hung up on, as before', async () => {
  const network = await callWith('600;refresher=uas');
  killed(network);
  network.two.dialogs.all().forEach((dialog) => network.two.dialogs.remove(dialog));
  await network.clock.advance(567_900);
  expect(network.wire).toEqual([]);
  await network.clock.advance(200);
  expect(network.wire[0]).toBe('one BYE');
});
