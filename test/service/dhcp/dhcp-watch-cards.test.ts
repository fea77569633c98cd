/** The watch for other DHCP servers where there are phones on several cards. */
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { openCounters } from '../../../appliance/dhcp/counters.ts';
import { startWatch } from '../../../appliance/dhcp/watch.ts';
import { decodeMessage } from '../../../appliance/protocol/dhcp.ts';
import { isProbe } from '../../../appliance/protocol/dhcp-probe.ts';
import { readCardWatches, readOtherServers } from '../../../appliance/store/other-servers.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { fakeClock } from '../../support/clock.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { serverBytes } from './dhcp-beside.ts';
import { memoryWire, turns } from './dhcp-site.ts';

/** Two wires, and a network behind a relay of the first. */
const settings = `[site]
address = "10.66.0.1"
[dhcp]
mode = "server"
interface = "eth0"
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.109"]
known_servers = ["10.66.0.9"]
[[dhcp.network]]
interface = "eth1"
subnet = "10.66.1.0/24"
pools = [["10.66.1.10", "10.66.1.19"]]
routers = ["10.66.1.1"]
known_servers = ["10.66.1.9"]
[[dhcp.network]]
subnet = "10.66.2.0/24"
pools = [["10.66.2.10", "10.66.2.19"]]
routers = ["10.66.2.1"]
known_servers = ["10.66.2.9"]
`;

/** `handedOver` are the cards that have a socket. */
async function openWatch(handedOver: readonly string[], directory = temporaryDirectory()) {
  const clock = fakeClock();
  const store = openStore({ directory, part: 'dhcp', clock });
  const wires = new Map(handedOver.map((card) => [card, memoryWire()]));
  const watch = await startWatch(
    {
      world: { log: pino({ level: 'silent' }), clock },
      config: parseConfig(settings),
      store,
      counters: openCounters(),
      macOf: (card) => `02:00:00:00:00:0${card.slice(-1)}`,
    },
    (card) => Promise.resolve(wires.get(card)?.port),
  );
  onTestFinished(async () => {
    await watch[Symbol.asyncDispose]();
    store[Symbol.dispose]();
  });
  await turns();
  return {
    watch,
    clock,
    store,
    says: async (card: string, server: string) => {
      wires.get(card)?.deliver(serverBytes(server), { address: server, port: 67 });
      await turns();
    },
    probes: (card: string) =>
      wires
        .get(card)
        ?.taken()
        .map(({ bytes }) => decodeMessage(bytes)) ?? [],
  };
}

test('each card is asked on, under its own MAC', async () => {
  const { probes } = await openWatch(['eth0', 'eth1']);
  for (const card of ['eth0', 'eth1']) {
    const [probe] = probes(card);
    expect(probe && isProbe(probe)).toBe(true);
    expect(probe?.chaddr.at(-1)).toBe(Number(card.slice(-1)));
  }
});

test('a server is told with its card, and holds back what would be offered there alone', async () => {
  const { watch, clock, says, store } = await openWatch(['eth0', 'eth1']);
  await says('eth1', '10.66.1.66');
  await clock.advance(10_000);
  expect([watch.holdsBack('eth0'), watch.holdsBack('eth1')]).toEqual([false, true]);
  expect(watch.problem()).toMatch(/10\.66\.1\.66\) answers on eth1/);
  expect(readOtherServers(store.db)).toMatchObject([{ card: 'eth1', address: '10.66.1.66' }]);
});

test('which servers belong there is a matter of each network', async () => {
  const { watch, clock, says } = await openWatch(['eth0', 'eth1']);
  await clock.advance(10_000);
  await says('eth0', '10.66.0.9');
  await says('eth0', '10.66.2.9');
  await says('eth1', '10.66.1.9');
  expect(watch.problem()).toBeUndefined();
  await says('eth1', '10.66.0.9');
  expect(watch.problem()).toMatch(/unknown DHCP server \(10\.66\.0\.9\) answers on eth1/);
});

test('a card whose socket nobody handed over is not watched, and the others are', async () => {
  const { watch, clock, says, store } = await openWatch(['eth1']);
  await clock.advance(10_000);
  expect(watch.holdsBack('eth0')).toBe(false);
  await says('eth1', '10.66.1.66');
  expect(watch.problem()).toMatch(/eth1/);
  expect(readCardWatches(store.db)).toMatchObject([
    { card: 'eth0', isOn: false },
    { card: 'eth1', isOn: true, probedAt: expect.any(Number) as number },
  ]);
});
