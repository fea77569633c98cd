/** The kernel path when it fails: rules whose packets do not leave, and rules that nobody owns any more. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readReport } from '../../appliance/store/telemetry.ts';
import { until, words } from '../support/command.ts';
import {
  allocated,
  inKernel,
  mediaRules,
  near,
  openPlace,
  startRelay,
  talk,
  wireWan,
  type Place,
  type PlacedRelay,
} from '../support/media-place.ts';
import { openLab, type Lab } from '../support/namespaces.ts';

const patience = { timeoutMs: 40_000, everyMs: 200 };
const settings = 'idle_seconds = 5\n';

let lab: Lab;
let place: Place;
let relay: PlacedRelay;

beforeAll(async () => {
  lab = openLab();
  place = await openPlace(lab);
  await place.box.exec(words(`ip addr add ${near}/24 dev port1`));
  await wireWan(place);
  relay = await startRelay(place, settings);
});

afterAll(async () => {
  await relay?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

const report = () => readReport(place.state, 'rtp');
const isRelaying = async () => {
  const flows = inKernel(await mediaRules(place));
  return (flows.length === 2 && flows.every((packets) => packets > 10)) || undefined;
};
const counter = (name: string) => report()?.counters[name] ?? 0;

it('packets that the kernel is to relay and that do not leave: the process takes over, says so, and the kernel has another try', async () => {
  const ours = await allocated(relay.media, 'lossy.0');
  const talking = talk(place, ours, 25);
  await until('the kernel to relay', isRelaying, patience);
  // What the process sends has a socket, and passes; what the kernel sends on has none.
  await place.box.exec(['nft', '-f', '-'], {
    input: `table netdev eater {
  chain out { type filter hook egress device "wan" priority 0; meta skuid 0 accept; udp length > 100 drop; }
}`,
  });
  const since = performance.now();
  await until('the process to take over', () => counter('kernel_fell_back') === 1 || undefined, patience);
  const tookMs = performance.now() - since;
  expect(report()?.health).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('packets that the kernel was to relay did not leave') as string,
  });
  await place.box.exec(words('nft delete table netdev eater'));
  await until('the kernel to relay again', () => counter('kernel_path') === 1 || undefined, patience);
  const heard = await talking;
  console.log(
    `packets did not leave: the process took over after ${tookMs.toFixed(0)} ms at most; heard of 1250: ${heard.join(' and ')}`,
  );
  expect(tookMs).toBeLessThan(10_000);
  expect(heard[1], 'by the cloud').toBeGreaterThan(1250 * 0.6);
  expect(heard[0], 'by the phone').toBeGreaterThan(1250 * 0.9);
  await relay.media.release('lossy.0');
});

it('rules of a session that is known to nobody go on while packets come, keep their ports, and go after the silence', async () => {
  const ours = await allocated(relay.media, 'orphan.0');
  const talking = talk(place, ours, 16);
  await until('the kernel to relay', isRelaying, patience);
  relay.running.kill('SIGKILL');
  await relay[Symbol.asyncDispose]();
  for (const end of ['', '-wal', '-shm']) rmSync(join(place.state, 'rtp', `rtp.db${end}`), { force: true });
  relay = await startRelay(place, settings);
  expect(await relay.media.stats(), 'nobody knows the session').toEqual([]);
  expect(inKernel(await mediaRules(place))).toHaveLength(2);
  await until('its ports to be taken', () => counter('ports_used') >= 4 || undefined, patience);
  for (const heard of await talking) expect(heard).toBeGreaterThan(16 * 50 * 0.95);
  const areGone = async () => inKernel(await mediaRules(place)).length === 0 || undefined;
  await until('the rules to be gone', areGone, patience);
  await until('its ports to be free', () => counter('ports_used') === 0 || undefined, patience);
});
