import { describe, expect, it } from 'vitest';
import { essentials, headerValue } from '../../../appliance/protocol/sip-headers.ts';
import { plainResponse } from '../../../appliance/sip/engine/compose.ts';
import { newTestNetwork } from '../../support/sip-cores.ts';

describe('a provisional response that must arrive (RFC 3262)', () => {
  const reliable = { name: 'Require', value: '100rel' };

  it('is numbered and repeated until its PRACK comes', async () => {
    const network = newTestNetwork('udp', (line, at) => line === 'two 183 INVITE' && at < 3);
    const { one, two, clock } = network;
    await one.send('INVITE', { headers: { Supported: 'timer, 100rel' } });
    const respond = () =>
      two.server.respond(two.requests[0]?.transactionId ?? '', plainResponse(183, 'x', [reliable]));
    expect(respond()).toMatchObject({ kind: 'sent' });
    expect(respond()).toMatchObject({ kind: 'refused' });
    await clock.advance(600);
    const [early] = one.responses.slice(-1);
    expect(headerValue(early?.response ?? { headers: [] }, 'RSeq')).toBe('1');
    const dialogId = early?.dialogId ?? '';
    await one.send('PRACK', { dialogId, headers: { RAck: '2 1 INVITE' } });
    expect(one.responses.at(-1)?.response.status).toBe(481);
    await one.send('PRACK', { dialogId, headers: { RAck: '1 1 INVITE' } });
    expect(two.requests.at(-1)).toMatchObject({ request: { method: 'PRACK' }, dialogId });
    two.answer(two.requests.at(-1), 200);
    expect(respond()).toMatchObject({ kind: 'sent' });
    two.answer(two.requests[0], 486);
    await clock.advance(60_000);
    expect(network.wire.filter((line) => line === 'two 183 INVITE')).toHaveLength(3);
    expect([one.dialogs.size, two.dialogs.size]).toEqual([0, 0]);
  });

  it('whose PRACK is asked for credentials takes it when it comes again with them', async () => {
    const { one, two } = newTestNetwork('tcp');
    await one.send('INVITE', { headers: { Require: '100rel' } });
    two.answer(two.requests[0], 183, { headers: { Require: '100rel' } });
    const dialogId = one.responses.at(-1)?.dialogId ?? '';
    const heard: (number | undefined)[] = [];
    for (const status of [407, 200, undefined]) {
      await one.send('PRACK', { dialogId, headers: { RAck: '1 1 INVITE' } });
      if (status !== undefined) two.answer(two.requests.at(-1), status);
      heard.push(one.responses.at(-1)?.response.status);
    }
    expect(heard).toEqual([407, 200, 481]);
  });

  it('is repeated in pauses that double without bounds, and is told to the other side once', async () => {
    const { one, two, wire, clock } = newTestNetwork('tcp');
    await one.send('INVITE', { headers: { Require: '100rel' } });
    two.answer(two.requests[0], 183, { headers: { Require: '100rel' } });
    const seen = () => wire.filter((line) => line === 'two 183 INVITE').length;
    const times: number[] = [];
    for (let ms = 0; ms < 32_500; ms += 100) {
      const before = seen();
      await clock.advance(100);
      if (seen() > before) times.push(ms + 100);
    }
    expect(times).toEqual([500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(one.responses.filter(({ response }) => response.status === 183)).toHaveLength(1);
  });

  it('that comes before its turn is left for later', async () => {
    const { one, two } = newTestNetwork('tcp');
    await one.send('INVITE', { headers: { Require: '100rel' } });
    const sent = two.answer(two.requests[0], 183, { headers: { Require: '100rel' } });
    if (sent.kind !== 'sent' || !('status' in sent.message)) throw new Error('not sent');
    const { message } = sent;
    const receive = (rseq: number, tag?: string) => {
      const headers = message.headers.map(({ name, value }) => {
        if (name === 'RSeq') return { name, value: String(rseq) };
        return { name, value: name === 'To' && tag !== undefined ? `<sip:x@y>;tag=${tag}` : value };
      });
      one.outgoing.receive({ ...message, headers }, essentials(message), one.flow);
      return one.responses.filter(({ response }) => response.status === 183).length;
    };
    expect([receive(1), receive(3), receive(2), receive(3)]).toEqual([1, 1, 2, 3]);
    expect([receive(9, 'fork'), receive(9, 'fork'), receive(10, 'fork')]).toEqual([4, 4, 5]);
    for (let branch = 0; branch < 40; branch += 1) receive(1, `branch-${branch}`);
    expect(receive(1, 'one-too-many')).toBe(5 + 30);
  });

  it.each([200, 486])(
    'whose PRACK comes after a %i is done with it, and nobody else hears of it',
    async (status) => {
      const { one, two, clock } = newTestNetwork('tcp', (line) => line === `two ${status} INVITE`);
      await one.send('INVITE', { headers: { Require: '100rel' } });
      two.answer(two.requests[0], 183, { headers: { Require: '100rel' } });
      const dialogId = one.responses.at(-1)?.dialogId ?? '';
      two.answer(two.requests[0], status);
      const prack = { dialogId, headers: { RAck: '1 1 INVITE' } };
      await one.send('PRACK', prack);
      expect(one.responses.at(-1)?.response.status).toBe(200);
      await one.send('PRACK', prack);
      expect(one.responses.at(-1)?.response.status).toBe(481);
      expect(two.requests.map(({ request }) => request.method)).toEqual(['INVITE']);
      await clock.advance(40_000);
    },
  );

  it('with a description is what a refresh of the session says later, and so is one in PRACK', async () => {
    const { one, two } = newTestNetwork('tcp');
    await one.send('INVITE', { headers: { Require: '100rel' } });
    const body = 'v=0\r\n';
    two.answer(two.requests[0], 183, { headers: { Require: '100rel' }, body: `${body}early` });
    const dialogId = one.responses.at(-1)?.dialogId ?? '';
    await one.send('PRACK', { dialogId, headers: { RAck: '1 1 INVITE' }, body: `${body}prack` });
    const described = () =>
      [one, two].map(({ dialogs }) => Buffer.from(dialogs.all()[0]?.description ?? []).toString());
    expect(described()[1]).toBe(`${body}early`);
    two.answer(two.requests.at(-1), 200, { body: `${body}agreed` });
    expect(described()).toEqual([`${body}prack`, `${body}agreed`]);
  });

  it('ends the call with 504 when no PRACK comes, and is refused for a peer that can’t send one', async () => {
    const { one, two, clock } = newTestNetwork('tcp');
    await one.send('INVITE', { headers: { Require: '100rel' } });
    await one.send('INVITE');
    const respond = (at: number) =>
      two.server.respond(two.requests[at]?.transactionId ?? '', plainResponse(180, 'x', [reliable]));
    expect([respond(0), respond(1)]).toMatchObject([{ kind: 'sent' }, { kind: 'refused' }]);
    await clock.advance(32_500);
    expect(one.responses.some(({ response }) => response.status === 504)).toBe(true);
  });
});
