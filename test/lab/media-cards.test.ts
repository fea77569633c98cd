/** Cards that are not plain Ethernet: a line to the internet without any (PPP, a modem; here a tun device), and a bridge as the phones' card. */
import { expect, it } from 'vitest';
import { readQuality } from '../../appliance/store/media-quality.ts';
import { readReport } from '../../appliance/store/telemetry.ts';
import { until, words } from '../support/command.ts';
import {
  allocated,
  bareWan,
  inKernel,
  mediaRules,
  near,
  openPlace,
  startRelay,
  talk,
  wireWan,
  type Place,
} from '../support/media-place.ts';
import { openLab } from '../support/namespaces.ts';

const patience = { timeoutMs: 20_000 };
const seconds = 4;
const sent = seconds * 50;
const codecs = [{ payloadType: 0, name: 'PCMU', clockRate: 8000 }];

/** What the part says of itself, once it has counted the session. */
async function reportOf({ state }: Place) {
  const told = () => {
    const report = readReport(state, 'rtp');
    return (report?.counters['sessions'] ?? 0) > 0 ? report : undefined;
  };
  return await until('the part to say how it is', told, patience);
}

it('by a line without Ethernet both hear each other: the process relays, and says why', async () => {
  await using lab = openLab();
  const place = await openPlace(lab);
  await place.box.exec(words(`ip addr add ${near}/24 dev port1`));
  await using _line = await bareWan(place);
  await using relay = await startRelay(place);
  const ours = await allocated(relay.media, 'call.0');
  for (const heard of await talk(place, ours, seconds)) expect(heard).toBeGreaterThan(sent * 0.8);
  expect(inKernel(await mediaRules(place))).toEqual([]);
  const { health } = await reportOf(place);
  expect(health).toMatchObject({ state: 'degraded' });
  expect(JSON.stringify(health)).toContain('wan, by which the internet is reached, has no Ethernet');
});

it('with a bridge as the card to the phones the kernel relays', async () => {
  await using lab = openLab();
  const place = await openPlace(lab);
  for (const command of [
    'ip link add lan type bridge',
    'ip link set port1 master lan',
    'ip link set lan up',
    `ip addr add ${near}/24 dev lan`,
  ])
    await place.box.exec(words(command));
  await wireWan(place);
  await using relay = await startRelay(place);
  const ours = await allocated(relay.media, 'call.0');
  for (const heard of await talk(place, ours, seconds)) expect(heard).toBeGreaterThan(sent * 0.8);
  const relayed = inKernel(await mediaRules(place));
  expect(relayed).toHaveLength(2);
  for (const packets of relayed) expect(packets).toBeGreaterThan(sent * 0.5);
  expect((await reportOf(place)).health).toMatchObject({ state: 'ok' });
});

it('a delay and a loss that are put on a line are found, on the leg that has them', async () => {
  const delayMs = 60;
  await using lab = openLab();
  const place = await openPlace(lab);
  await place.box.exec(words(`ip addr add ${near}/24 dev port1`));
  await using _line = await bareWan(place, delayMs);
  // Every tenth packet of sound from the internet.
  await place.cloud.exec(['nft', '-f', '-'], {
    input:
      'table ip lossy { chain out { type filter hook output priority 0; udp length 180 numgen inc mod 10 == 3 drop; }; }',
  });
  await using relay = await startRelay(place);
  const ours = await allocated(relay.media, 'call.0');
  for (const leg of ['phone', 'cloud'] as const) await relay.media.describe('call.0', leg, { codecs });
  await talk(place, ours, 10);
  await relay.media.release('call.0');
  const { total } =
    (await until('the call to be measured', () => readQuality(place.state, ['call'])[0], patience)) ?? {};
  console.log(`${2 * delayMs} ms and 10 % put on the way out: ${JSON.stringify(total)}`);
  expect(total.cloud.roundTripMs).toBeGreaterThan(2 * delayMs - 5);
  expect(total.cloud.roundTripMs).toBeLessThan(2 * delayMs + 60);
  expect(total.phone.roundTripMs).toBeLessThan(60);
  expect(total.cloud.lossToBox).toBeCloseTo(0.1, 1);
  expect(total.phone.lossToBox).toBeLessThan(0.03);
  expect(total.cloud.lossFromBox).toBeLessThan(0.03);
  // What the phone is told of, it did not lose itself.
  expect(total.phone.lossFromBox).toBeLessThan(0.03);
});
