import { describe, expect, it } from 'vitest';
import { headerValue } from '../../../appliance/protocol/sip-headers.ts';
import { newTestNetwork } from '../../support/sip-cores.ts';

const seconds = (...values: number[]) => values.map((value) => value * 1000);

/** When, in milliseconds after the first time, a line was put on the wire. */
async function times(
  network: ReturnType<typeof newTestNetwork>,
  line: string,
  forMs: number,
): Promise<number[]> {
  const found: number[] = [];
  const start = network.clock.now();
  let seen = 0;
  for (let at = 0; at <= forMs; at += 100) {
    for (; seen < network.wire.length; seen += 1)
      if (network.wire[seen] === line) found.push(network.clock.now() - start);
    await network.clock.advance(100);
  }
  return found;
}

describe('repetition over UDP (RFC 3261 section 17)', () => {
  it('an INVITE that nobody hears is sent seven times and then is 408', async () => {
    const network = newTestNetwork('udp', () => true);
    await network.one.send('INVITE');
    expect(await times(network, 'one INVITE', 40_000)).toEqual(seconds(0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5));
    expect(network.one.responses.map(({ response }) => response.status)).toEqual([408]);
    expect(network.one.transactions.clients.size).toBe(0);
  });

  it('another request that nobody hears is sent eleven times and then is 408', async () => {
    const network = newTestNetwork('udp', () => true);
    await network.one.send('REGISTER');
    expect(await times(network, 'one REGISTER', 40_000)).toEqual(
      seconds(0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5),
    );
    expect(network.one.responses.map(({ response }) => response.status)).toEqual([408]);
  });

  it('over TCP nothing is repeated, and the wait is the same', async () => {
    const network = newTestNetwork('tcp', () => true);
    await network.one.send('INVITE');
    await network.one.send('REGISTER');
    await network.clock.advance(31_900);
    expect(network.one.responses).toEqual([]);
    await network.clock.advance(200);
    expect(network.one.responses.map(({ response }) => response.status)).toEqual([408, 408]);
    expect(network.wire).toEqual(['one INVITE', 'one REGISTER']);
  });

  it.each([
    ['to a server', true, 0, 17_000, 'given up'],
    ['to a server', true, 1, 31_000, 'kept'],
    ['of a phone', false, 0, 17_000, 'kept'],
    ['of a phone', false, 0, 31_500, 'given up'],
    ['of a phone', false, 1, 40_000, 'kept'],
  ])(
    'a connection %s (outbound: %s) over which %i messages came while a request waited for %i ms is %s',
    // oxlint-disable-next-line max-params
    async (_title, isOutbound, count, ms, fate) => {
      const network = newTestNetwork('tcp', () => true);
      let isGivenUp = false;
      Object.assign(network.one.flow, { isOutbound, received: 7, fail: () => (isGivenUp = true) });
      await network.one.send('REGISTER');
      await network.clock.advance(10_000);
      Object.assign(network.one.flow, { received: 7 + count });
      await network.clock.advance(ms - 10_000);
      expect(isGivenUp).toBe(fate === 'given up');
    },
  );

  it('an INVITE that was heard is not repeated', async () => {
    const network = newTestNetwork('udp');
    await network.one.send('INVITE');
    expect(await times(network, 'one INVITE', 20_000)).toEqual([0]);
  });

  it('a refusal is repeated until its ACK comes, and its ACK every time', async () => {
    const network = newTestNetwork('udp', (line) => line === 'one ACK' && network.clock.now() - start < 3000);
    const start = network.clock.now();
    await network.one.send('INVITE');
    network.two.answer(network.two.requests[0], 486);
    expect(await times(network, 'two 486 INVITE', 40_000)).toEqual(seconds(0, 0.5, 1.5, 3.5));
    expect(network.wire.filter((line) => line === 'one ACK')).toHaveLength(4);
    expect(network.one.responses.map(({ response }) => response.status)).toEqual([100, 486]);
    expect(network.two.transactions.servers.size).toBe(0);
  });

  it('a 200 that nobody acknowledges is repeated for 32 s, then the call is hung up', async () => {
    const network = newTestNetwork('udp');
    await network.one.send('INVITE');
    network.two.answer(network.two.requests[0], 200);
    const repeated = await times(network, 'two 200 INVITE', 40_000);
    expect(repeated).toEqual(seconds(0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5));
    expect(network.wire.at(-2)).toBe('two BYE');
    expect(network.two.requests.at(-1)).toMatchObject({
      source: 'application',
      transactionId: 'unsolicited',
      request: {
        method: 'BYE',
        headers: expect.arrayContaining([{ name: 'Reason', value: 'SIP;text="ACK timeout"' }]),
      },
    });
    expect(network.two.dialogs.size).toBe(0);
  });
});

describe('a call over UDP that loses messages', () => {
  const lossy = Array.from({ length: 12 }, (_, first) =>
    [first, first + 1, first + 2].map((last) => [first, last] as const),
  ).flat();

  it.each(lossy)('is up and ended when messages %i to %i are lost', async (first, last) => {
    const network = newTestNetwork('udp', (_line, at) => at >= first && at <= last);
    const { one, two, clock } = network;
    await one.send('INVITE');
    const isUp = () => one.responses.some(({ response }) => response.status === 200);
    let isAnswered = false;
    let isAcknowledged = false;
    for (let at = 0; at < 300 && !isAcknowledged; at += 1) {
      const invite = two.requests.find(({ request }) => request.method === 'INVITE');
      if (invite !== undefined && !isAnswered) {
        two.answer(invite, 180);
        two.answer(invite, 200);
        isAnswered = true;
      }
      if (isUp() && one.dialogs.all()[0]?.answer?.ack === undefined) {
        await one.send('ACK', { dialogId: one.responses.at(-1)?.dialogId ?? '' });
      }
      await clock.advance(100);
      isAcknowledged = two.requests.some(({ request }) => request.method === 'ACK');
    }
    expect(isAcknowledged).toBe(true);
    await one.send('BYE', { dialogId: one.dialogs.all()[0]?.id ?? '' });
    for (let at = 0; at < 300 && one.dialogs.size > 0; at += 1) {
      two.answer(
        two.requests.find(({ request }) => request.method === 'BYE'),
        200,
      );
      await clock.advance(100);
    }
    expect([one.dialogs.size, two.dialogs.size]).toEqual([0, 0]);
    await clock.advance(60_000);
    for (const { transactions, requests, responses } of [one, two]) {
      expect([transactions.clients.size, transactions.servers.size]).toEqual([0, 0]);
      const methods = requests.map(({ request }) => request.method);
      expect(methods).toEqual(Array.from(new Set(methods)));
      expect(responses.filter(({ response }) => response.status === 408)).toEqual([]);
    }
  });
});

describe('CANCEL', () => {
  it('waits for a provisional response, and the INVITE ends with 487', async () => {
    const network = newTestNetwork('udp', (line, at) => line === 'two 100 INVITE' && at < 2);
    const sent = await network.one.send('INVITE');
    const transactionId = sent.kind === 'sent' ? sent.transactionId : '';
    await network.one.send('CANCEL', { transactionId });
    expect(network.wire).toEqual(['one INVITE', 'two 100 INVITE']);
    await network.clock.advance(1000);
    expect(network.wire.slice(3)).toEqual([
      'two 100 INVITE',
      'one CANCEL',
      'two 200 CANCEL',
      'two 487 INVITE',
      'one ACK',
    ]);
    expect(network.one.responses.map(({ response }) => response.status)).toEqual([100, 487]);
    expect(network.two.requests.map(({ request }) => request.method)).toEqual(['INVITE', 'CANCEL']);
    expect(network.two.answer(network.two.requests[0], 200)).toMatchObject({ kind: 'refused' });
  });

  it('that comes after the answer changes nothing there, and the caller hangs up', async () => {
    const network = newTestNetwork('udp', (line) => line === 'two 200 INVITE' && network.wire.length < 4);
    const { one, two, clock } = network;
    const sent = await one.send('INVITE');
    two.answer(two.requests[0], 200);
    await one.send('CANCEL', { transactionId: sent.kind === 'sent' ? sent.transactionId : '' });
    await clock.advance(600);
    const dialogId = one.responses.at(-1)?.dialogId ?? '';
    expect(one.responses.at(-1)?.response.status).toBe(200);
    await one.send('ACK', { dialogId });
    await new Promise((resolve) => setImmediate(resolve));
    expect(network.wire.slice(-2)).toEqual(['one ACK', 'one BYE']);
    expect(one.requests.at(-1)).toMatchObject({ transactionId: 'unsolicited', dialogId });
    expect(one.dialogs.size).toBe(0);
  });

  it('that is not obeyed ends the INVITE with 408', async () => {
    const network = newTestNetwork('tcp', (line) => line === 'one CANCEL');
    const sent = await network.one.send('INVITE');
    await network.one.send('CANCEL', { transactionId: sent.kind === 'sent' ? sent.transactionId : '' });
    await network.clock.advance(33_000);
    expect(network.one.responses.map(({ response }) => response.status)).toEqual([100, 408]);
  });

  it('is sent by itself when the other side rings and is silent for five minutes', async () => {
    const network = newTestNetwork('tcp', (line, at) => line === 'two 180 INVITE' && at > 2);
    await network.one.send('INVITE');
    network.two.answer(network.two.requests[0], 180);
    await network.clock.advance(301_000);
    expect(network.one.responses.map(({ response }) => response.status)).toEqual([100, 180, 487]);
  });
});

describe('calls with one Call-ID and From tag', () => {
  const forked = { 'Call-ID': 'forked', From: '<sip:a@x>;tag=a' };

  it('of a proxy that forks to two phones here are two calls, and each is cancelled alone', async () => {
    const network = newTestNetwork('tcp');
    const { one, two } = network;
    const first = await one.send('INVITE', { headers: forked });
    const second = await one.send('INVITE', { headers: forked });
    const callIds = () =>
      two.requests.map(({ request }) => `${request.method} ${headerValue(request, 'Call-ID')}`);
    expect(callIds()).toEqual(['INVITE forked', 'INVITE forked~2']);
    const answers = [two.answer(two.requests[0], 200), two.answer(two.requests[1], 180)];
    expect(answers).toMatchObject([
      { dialogId: 'forked;from-tag=a' },
      { dialogId: 'forked;from-tag=a;leg=2' },
    ]);
    await one.send('CANCEL', { transactionId: second.kind === 'sent' ? second.transactionId : '' });
    expect(callIds().at(-1)).toBe('CANCEL forked~2');
    expect(two.dialogs.all().map(({ id }) => id)).toEqual(['forked;from-tag=a']);
    expect(first).toMatchObject({ kind: 'sent' });
  });

  it('over a connection of ours are one, as long as the first waits or was taken (RFC 3261 section 8.2.2.2)', async () => {
    const { one, two, clock } = newTestNetwork('tcp');
    Object.assign(two.flow, { isOutbound: true });
    const again = async () => {
      await one.send('INVITE', { headers: { ...forked, CSeq: '7 INVITE' } });
      return [
        one.responses.at(-1)?.response.status,
        two.requests.filter(({ request }) => request.method === 'INVITE').length,
      ];
    };
    expect(await again()).toEqual([100, 1]);
    expect(await again()).toEqual([482, 1]);
    two.answer(two.requests[0], 200);
    expect(await again()).toEqual([482, 1]);
    // Nobody acknowledges, so the call is over, and so is all that was kept of it.
    await clock.advance(70_000);
    expect(two.transactions.servers.size).toBe(0);
    expect(await again()).toEqual([100, 2]);
    two.answer(two.requests.at(-1), 486);
    expect(await again()).toEqual([100, 3]);
  });
});

describe('two INVITEs in one dialog', () => {
  it('at the same time are refused on both sides (RFC 3261 section 14)', async () => {
    const { one, two, clock } = newTestNetwork('tcp');
    await one.send('INVITE');
    two.answer(two.requests[0], 200);
    const dialogId = one.responses.at(-1)?.dialogId ?? '';
    await one.send('ACK', { dialogId });
    await one.send('INVITE', { dialogId });
    await expect(two.send('INVITE', { dialogId })).resolves.toMatchObject({ kind: 'refused' });
    await expect(one.send('INVITE', { dialogId })).resolves.toMatchObject({ kind: 'refused' });
    two.answer(two.requests.at(-1), 200);
    await one.send('ACK', { dialogId });
    await two.send('INVITE', { dialogId });
    one.answer(one.requests.at(-1), 488);
    expect(two.responses.at(-1)?.response.status).toBe(488);
    expect([one.dialogs.size, two.dialogs.size]).toEqual([1, 1]);
    await clock.advance(60_000);
    expect(two.transactions.servers.size).toBe(0);
  });
});

describe('BYE while a re-INVITE waits', () => {
  it('ends both (RFC 3261 section 15.1.2)', async () => {
    const { one, two } = newTestNetwork('tcp');
    await one.send('INVITE');
    two.answer(two.requests[0], 200);
    const dialogId = one.responses.at(-1)?.dialogId ?? '';
    await one.send('ACK', { dialogId });
    await one.send('INVITE', { dialogId });
    await one.send('BYE', { dialogId });
    two.answer(two.requests.at(-1), 200);
    expect(one.responses.slice(-2).map(({ response }) => response.status)).toEqual([487, 200]);
    expect([one.dialogs.size, two.dialogs.size]).toEqual([0, 0]);
    expect(two.requests.at(-1)).toMatchObject({ request: { method: 'CANCEL' } });
  });
});

describe('an application that does not answer', () => {
  it.each(['INVITE', 'REGISTER'])('%s gets 500 instead of nothing', async (method) => {
    const network = newTestNetwork('tcp');
    await network.one.send(method);
    const refusals = () => network.wire.filter((line) => line.startsWith('two 500'));
    // Later than timers B and F: what the application itself asked for is over before, and it may answer then.
    await network.clock.advance(35_000);
    expect(refusals()).toEqual([]);
    await network.clock.advance(2000);
    expect(refusals()).toEqual([`two 500 ${method}`]);
    expect(network.two.answer(network.two.requests[0], 200)).toMatchObject({ kind: 'refused' });
  });
});
