import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../support/directory.ts';
import { clientBytes, openDhcpSite, yealink } from './dhcp-site.ts';

async function server() {
  const site = await openDhcpSite(temporaryDirectory());
  onTestFinished(() => site[Symbol.asyncDispose]());
  const told = () => site.journal().filter(({ kind }) => kind === 'malformed');
  return { ...site, told };
}

/** A DISCOVER that breaks off inside an option. */
function cut(mac = yealink, bytes = 245): Uint8Array {
  return clientBytes({ type: 'discover', mac, options: { hostName: 'x'.repeat(60) } }).subarray(0, bytes);
}

test('who sends broken messages is named by MAC, address and card, once, whatever is wrong with the later ones', async () => {
  const site = await server();
  const from = { address: '10.66.0.107', port: 68 };
  for (const bytes of [245, 246, 200, 100, 40]) await site.raw(cut(yealink, bytes), 'eth0', from);
  expect(site.told()).toEqual([
    {
      kind: 'malformed',
      mac: yealink,
      body: { reason: expect.stringMatching(/ at byte \d+$/), from: '10.66.0.107', card: 'eth0' },
    },
  ]);
  expect(site.part.counters()).toMatchObject({ malformed: 5 });
});

test('a sender that names no station, or is cut before that, is known by its address alone', async () => {
  const site = await server();
  await site.raw(cut('ff:ff:ff:ff:ff:ff'), 'eth0', { address: '10.66.0.8', port: 68 });
  await site.raw(cut(yealink, 30), 'eth0', { address: '10.66.0.9', port: 68 });
  expect(site.told().map(({ mac, body }) => [mac, body['from']])).toEqual([
    [null, '10.66.0.8'],
    [null, '10.66.0.9'],
  ]);
});

test('after ten minutes what is wrong with a sender is told anew', async () => {
  const site = await server();
  await site.raw(cut(yealink, 245));
  await site.raw(cut(yealink, 100));
  await site.clock.advance(600_001);
  await site.raw(cut(yealink, 100));
  const [first, , ...later] = site.told().map(({ body }) => body['reason']);
  expect(later).toHaveLength(1);
  expect(later[0]).not.toBe(first);
});

test('whoever makes senders up fills no journal: after a few they are one row', async () => {
  const site = await server();
  for (let at = 0; at < 500; at += 1) {
    await site.raw(cut(`80:5e:c0:00:0${at >> 8}:${(at & 255).toString(16).padStart(2, '0')}`));
  }
  expect(site.told()).toHaveLength(17);
  expect(site.told().at(-1)).toMatchObject({ mac: null, body: { from: 'many', card: 'eth0' } });
});

test('a machine with an address that makes MACs up is one sender', async () => {
  const site = await server();
  const from = { address: '10.66.0.77', port: 68 };
  for (let at = 0; at < 50; at += 1) {
    await site.raw(cut(`80:5e:c0:00:00:${at.toString(16).padStart(2, '0')}`), 'eth0', from);
  }
  expect(site.told()).toMatchObject([{ mac: '80:5e:c0:00:00:00', body: { from: '10.66.0.77' } }]);
});
