/** The relay on a disk that takes nothing, or whose files are broken: a call for help needs it all the same. */
import { writeFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { openReader } from '../../../appliance/store/reader.ts';
import { storeFile } from '../../../appliance/store/store.ts';
import { endpoint, local, mediaSite, packet, remote, type MediaSite } from '../../support/media-site.ts';
import { until } from '../../support/command.ts';
import { openSmallDisk } from '../../support/small-disk.ts';

/** In the place of the one before, on the same state. */
async function startAgain({ relay, start, media }: MediaSite) {
  await relay[Symbol.asyncDispose]();
  const again = await start();
  onTestFinished(() => again[Symbol.asyncDispose]());
  await until('the relay', () => media.isConnected || undefined, { timeoutMs: 5000, everyMs: 5 });
}

async function relayedPackets({ media }: MediaSite): Promise<number[]> {
  const [phone, cloud] = [await endpoint(), await endpoint()];
  const ports = await media.allocate('help.0', { phone: local, cloud: local });
  await media.update('help.0', 'phone', remote(phone.address().port));
  await media.update('help.0', 'cloud', remote(cloud.address().port));
  await phone.send(packet(1), { address: local, port: ports.phone.rtp });
  await cloud.next(1);
  return cloud.heard;
}

it.skipIf(process.getuid?.() !== 0)('starts on a full disk, and relays', async () => {
  const disk = openSmallDisk(8);
  const site = await mediaSite({ directory: disk.directory });
  await site.media.allocate('before.0', { phone: local, cloud: local });
  disk.fill();
  await startAgain(site);
  expect(await relayedPackets(site)).toEqual([1]);
});

it.each([
  ['rtp.db', (directory: string) => storeFile(directory, 'rtp')],
  ['rtp.telemetry.db', (directory: string) => `${directory}/rtp/rtp.telemetry.db`],
])('starts with a broken %s, and relays', async (_, fileIn) => {
  const site = await mediaSite();
  const file = fileIn(site.directory);
  for (const name of [file, `${file}-wal`]) writeFileSync(name, Buffer.alloc(262_144, 'not a database '));
  await startAgain(site);
  expect(await relayedPackets(site)).toEqual([1]);
});

it('a broken file that was set aside stands in the journal', async () => {
  const site = await mediaSite();
  const file = storeFile(site.directory, 'rtp');
  for (const name of [file, `${file}-wal`]) writeFileSync(name, Buffer.alloc(262_144, 'not a database '));
  await startAgain(site);
  using reader = openReader(site.directory, 'rtp');
  const rows = () => reader?.journalAfter(0, 10).map(({ kind }) => kind);
  await expect.poll(rows).toEqual(['started', 'store_replaced']);
});
