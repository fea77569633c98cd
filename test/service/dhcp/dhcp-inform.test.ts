import { assert, asyncProperty, nat } from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { startInform } from '../../../appliance/dhcp/inform.ts';
import { readInformedVendors } from '../../../appliance/store/informed-phones.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openBeside } from './dhcp-beside.ts';
import { clientBytes, yealink } from './dhcp-site.ts';

const poly = '64:16:7f:00:00:03';
const inform = (mac: string, more: { ciaddr?: string; giaddr?: string } = {}) =>
  clientBytes({ type: 'inform', mac, ciaddr: '10.66.0.50', ...more });

async function site() {
  const opened = await openBeside(startInform, { directory: temporaryDirectory(), dhcp: 'mode = "inform"' });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened;
}

test('a phone that asks for options alone gets those of its vendor, at its own address, and no lease', async () => {
  const { hear } = await site();
  const [answer, ...more] = await hear(inform(poly));
  expect(more).toEqual([]);
  expect(answer).toMatchObject({ to: '10.66.0.50:68', type: 'ack', yiaddr: '0.0.0.0', ciaddr: '10.66.0.50' });
  expect(answer?.options).toMatchObject({ provisioningUrl: 'http://10.66.0.1', timeOffset: -18_000 });
  for (const code of [1, 3, 6, 51, 58, 59]) expect(answer?.codes).not.toContain(code);
});

test('a relayed question is answered at the phone, not at the relay', async () => {
  const { hear } = await site();
  const [answer] = await hear(inform(yealink, { ciaddr: '10.70.0.9', giaddr: '10.70.0.1' }));
  expect(answer).toMatchObject({ to: '10.70.0.9:68', type: 'ack' });
});

test.each(['discover', 'request', 'release', 'decline'] as const)('a %s is never answered', async (type) => {
  const { hear, part } = await site();
  const options = { requestedAddress: 0x0a_42_00_32, serverIdentifier: 0x0a_42_00_01 };
  expect(await hear(clientBytes({ type, mac: yealink, options }))).toEqual([]);
  expect(part.counters()).toMatchObject({ ignored_not_an_inform: 1 });
});

test('whatever else comes, nothing leaves', async () => {
  const { hear } = await site();
  const valid = Buffer.from(inform(yealink));
  await assert(
    asyncProperty(nat(valid.length - 1), nat(255), async (at, byte) => {
      const changed = Buffer.from(valid);
      changed[at] = byte;
      for (const answer of await hear(changed))
        expect(answer).toMatchObject({ type: 'ack', yiaddr: '0.0.0.0' });
    }),
    { numRuns: 300 },
  );
  expect(await hear(Buffer.from('garbage'))).toEqual([]);
});

test('computers and askers without an address get no answer', async () => {
  const { hear, part } = await site();
  expect(await hear(inform('02:11:22:33:44:55'))).toEqual([]);
  expect(await hear(inform(yealink, { ciaddr: '0.0.0.0' }))).toEqual([]);
  expect(part.counters()).toMatchObject({ ignored_not_a_phone: 1, ignored_no_address: 1 });
});

test('vendors that were ever seen to ask are remembered, each phone once', async () => {
  const { hear, read } = await site();
  for (const mac of [poly, poly, '64:16:7f:00:00:04', yealink]) await hear(inform(mac));
  expect(read(({ db }) => readInformedVendors(db))).toMatchObject([
    { vendor: 'poly', phones: 2 },
    { vendor: 'yealink', phones: 1 },
  ]);
});

test('a phone that asks without end is answered now and then', async () => {
  const { hear, clock } = await site();
  let answered = 0;
  for (let asked = 0; asked < 50; asked += 1) answered += (await hear(inform(poly))).length;
  expect(answered).toBe(5);
  expect(await hear(inform(yealink))).toHaveLength(1);
  await clock.advance(60_000);
  expect(await hear(inform(poly))).toHaveLength(1);
});

test('phones that somebody makes up by the thousand are answered, and told now and then', async () => {
  const { hear, kinds, part } = await site();
  for (let at = 0; at < 350; at += 1)
    await hear(inform(macOf(at), { ciaddr: '10.70.0.9', giaddr: '10.70.0.1' }));
  expect(part.counters()).toMatchObject({ acks: 350, unreported: 50 });
  expect(kinds().filter((kind) => kind === 'informed')).toHaveLength(300);
});

const macOf = (at: number) => `00:15:65:00:${hex(at >> 8)}:${hex(at & 255)}`;
const hex = (byte: number) => byte.toString(16).padStart(2, '0');
