/** Over UDP the first, the first two, or the first three of any one message are lost: all ends as without losses (RFC 3261 section 17). */
import { describe, expect, it } from 'vitest';
import { headerValue } from '../../../appliance/protocol/sip-headers.ts';
import { newTestNetwork, type TestCore, type TestNetwork } from '../../support/sip-cores.ts';

type Seen = ReturnType<typeof watcher>;

/** Waits on the clock that stands still, a little longer than any transaction lives. */
function watcher({ clock }: TestNetwork) {
  return async <T>(what: string, look: () => T | undefined): Promise<T> => {
    for (let at = 0; at < 400; at += 1) {
      const found = look();
      if (found !== undefined) return found;
      await clock.advance(100);
    }
    throw new Error(`not seen: ${what}`);
  };
}

const asked = (core: TestCore, method: string, nth = 0) =>
  core.requests.filter(({ request }) => request.method === method)[nth];
const told = (core: TestCore, status: number, method: string) =>
  core.responses.find(
    ({ response }) =>
      response.status === status &&
      response.headers.some(({ name, value }) => name === 'CSeq' && value.endsWith(` ${method}`)),
  );

const pracks = (core: TestCore) =>
  core.responses.filter(({ response }) => headerValue(response, 'CSeq')?.endsWith(' PRACK') === true);

/** Sent by `from`, answered by `to`, and the answer seen. */
async function exchange(
  seen: Seen,
  { from, to }: { from: TestCore; to: TestCore },
  { method, status = 200, ...content }: { method: string; status?: number } & Parameters<TestCore['send']>[1],
) {
  await from.send(method, content);
  const request = await seen(method, () => asked(to, method));
  to.answer(request, status);
  return await seen(`${status} ${method}`, () => told(from, status, method));
}

async function callUp({ one, two }: TestNetwork, seen: Seen): Promise<string> {
  const { dialogId } = await exchange(seen, { from: one, to: two }, { method: 'INVITE' });
  await one.send('ACK', { dialogId });
  await seen('ACK', () => asked(two, 'ACK'));
  return dialogId;
}

async function hangUp({ one, two }: TestNetwork, seen: Seen, dialogId: string): Promise<void> {
  await exchange(seen, { from: one, to: two }, { method: 'BYE', dialogId });
}

const plays: Record<string, (network: TestNetwork, seen: Seen) => Promise<void>> = {
  'a registration': async ({ one, two }, seen) => {
    await exchange(seen, { from: one, to: two }, { method: 'REGISTER' });
  },
  'a text message': async ({ one, two }, seen) => {
    await exchange(seen, { from: one, to: two }, { method: 'MESSAGE', status: 202 });
  },
  'a call that is refused': async ({ one, two }, seen) => {
    await exchange(seen, { from: one, to: two }, { method: 'INVITE', status: 486 });
  },
  'a call that is taken back': async ({ one, two }, seen) => {
    const sent = await one.send('INVITE');
    two.answer(await seen('INVITE', () => asked(two, 'INVITE')), 180);
    await seen('a sign of life', () => one.responses[0]);
    await one.send('CANCEL', { transactionId: sent.kind === 'sent' ? sent.transactionId : '' });
    await seen('CANCEL', () => asked(two, 'CANCEL'));
    await seen('487', () => told(one, 487, 'INVITE'));
  },
  'a call with answers that must arrive': async (network, seen) => {
    const { one, two } = network;
    await one.send('INVITE', { headers: { Supported: '100rel' } });
    const invite = await seen('INVITE', () => asked(two, 'INVITE'));
    two.answer(invite, 183, { headers: { Require: '100rel' } });
    const { dialogId } = await seen('183', () => told(one, 183, 'INVITE'));
    const prack = (rseq: number) => ({ method: 'PRACK', dialogId, headers: { RAck: `${rseq} 1 INVITE` } });
    await exchange(seen, { from: one, to: two }, prack(1));
    two.answer(invite, 180, { headers: { Require: '100rel' } });
    await seen('180', () => told(one, 180, 'INVITE'));
    await one.send('PRACK', prack(2));
    two.answer(await seen('another PRACK', () => asked(two, 'PRACK', 1)), 200);
    await seen('its answer', () => pracks(one)[1]);
    two.answer(invite, 200);
    await seen('200', () => told(one, 200, 'INVITE'));
    await one.send('ACK', { dialogId });
    await seen('ACK', () => asked(two, 'ACK'));
    await hangUp(network, seen, dialogId);
  },
  'a call that is taken back while an answer to it must arrive': async ({ one, two }, seen) => {
    const sent = await one.send('INVITE', { headers: { Require: '100rel' } });
    two.answer(await seen('INVITE', () => asked(two, 'INVITE')), 183, { headers: { Require: '100rel' } });
    await seen('183', () => told(one, 183, 'INVITE'));
    await one.send('CANCEL', { transactionId: sent.kind === 'sent' ? sent.transactionId : '' });
    await seen('CANCEL', () => asked(two, 'CANCEL'));
    await seen('487', () => told(one, 487, 'INVITE'));
  },
  'a call that whoever answered hangs up at once': async ({ one, two }, seen) => {
    await one.send('INVITE');
    const invite = await seen('INVITE', () => asked(two, 'INVITE'));
    const answered = two.answer(invite, 200);
    void two.send('BYE', { dialogId: answered.kind === 'sent' ? answered.dialogId : '' });
    const { dialogId } = await seen('200', () => told(one, 200, 'INVITE'));
    await one.send('ACK', { dialogId });
    one.answer(await seen('BYE', () => asked(one, 'BYE')), 200);
    await seen('its answer', () => told(two, 200, 'BYE'));
  },
  'a call that is changed by UPDATE': async (network, seen) => {
    const dialogId = await callUp(network, seen);
    await exchange(seen, { from: network.two, to: network.one }, { method: 'UPDATE', dialogId });
    await hangUp(network, seen, dialogId);
  },
  'a call that is put on hold by INVITE': async (network, seen) => {
    const { one, two } = network;
    const dialogId = await callUp(network, seen);
    await exchange(seen, { from: two, to: one }, { method: 'INVITE', dialogId });
    await two.send('ACK', { dialogId });
    await seen('ACK', () => asked(one, 'ACK'));
    await hangUp(network, seen, dialogId);
  },
  'a call that is transferred': async (network, seen) => {
    const { one, two } = network;
    const dialogId = await callUp(network, seen);
    const refer = { method: 'REFER', status: 202, dialogId, headers: { 'Refer-To': '<sip:c@x>' } };
    await exchange(seen, { from: one, to: two }, refer);
    const headers = { Event: 'refer', 'Subscription-State': 'terminated;reason=noresource' };
    await exchange(seen, { from: two, to: one }, { method: 'NOTIFY', dialogId, headers });
    await hangUp(network, seen, dialogId);
  },
  'a subscription': async ({ one, two }, seen) => {
    const subscribe = { method: 'SUBSCRIBE', headers: { Event: 'message-summary', Expires: '600' } };
    const { dialogId } = await exchange(seen, { from: one, to: two }, subscribe);
    const headers = { Event: 'message-summary', 'Subscription-State': 'terminated;reason=timeout' };
    await exchange(seen, { from: two, to: one }, { method: 'NOTIFY', dialogId, headers });
  },
};

/** What both applications heard, and that nothing is left. */
async function played(play: (typeof plays)[string], isLost: (line: string) => boolean) {
  const network = newTestNetwork('udp', isLost);
  await play(network, watcher(network));
  await network.clock.advance(130_000);
  const { one, two, wire } = network;
  const heard = [one, two].map(({ requests, responses, dialogs, transactions }) => ({
    requests: requests.map(({ request }) => request.method),
    finals: responses.map(({ response }) => response.status).filter((status) => status >= 200),
    left: [dialogs.size, transactions.clients.size, transactions.servers.size],
  }));
  return { heard, wire };
}

describe.each(Object.entries(plays))('%s', (_title, play) => {
  it.each([1, 2, 3])('ends the same when the first %i of any message are lost', async (count) => {
    const { heard, wire } = await played(play, () => false);
    expect(heard.map(({ left }) => left)).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    for (const line of new Set(wire)) {
      let left = count;
      const isLost = (seen: string) => seen === line && (left -= 1) >= 0;
      expect((await played(play, isLost)).heard, `without the first ${count} of "${line}"`).toEqual(heard);
    }
  });
});
